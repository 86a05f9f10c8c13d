"""game: "Don't laugh" against your webcam, played with a model's hand-off in the browser."""
