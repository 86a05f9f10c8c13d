"""spec-checker: checks a front-end spec against its ONNX, by its files and in a real browser."""
