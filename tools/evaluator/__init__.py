"""Measures any ONNX of the contract on any dataset: six metrics, ROC, predictions."""
