"""Datasets on disk: read, written, checked, divided and recorded by a protocol."""
