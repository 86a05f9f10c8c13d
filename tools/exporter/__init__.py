"""Turns a checkpoint into the contract's ONNX with its card, and proves that both answer alike."""
