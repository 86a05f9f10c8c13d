"""handoff: a model's folder for a web page, with its graphs, golden vectors, client and front-end spec."""
