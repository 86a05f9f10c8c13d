"""Fine-tunes a network on a dataset's training people: run.json, history, checkpoints."""
