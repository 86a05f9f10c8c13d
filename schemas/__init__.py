"""JSON Schemas (2020-12) of the documents that pass between tools; read them through shared.contracts."""
