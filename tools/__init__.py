"""One folder a tool. A tool imports shared, never another tool: tools meet through files that a schema describes."""
