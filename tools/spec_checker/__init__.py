"""spec-checker: writes the front-end spec of a model and checks any spec against its ONNX."""
