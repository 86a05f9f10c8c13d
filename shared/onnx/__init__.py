"""ONNX files: opened, run, inspected, and streamed frame by frame."""
