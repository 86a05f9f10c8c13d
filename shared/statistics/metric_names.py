"""Names of the metrics that verdicts are made of. Light to import, so that command lines can name them."""

METRICS = ("accuracy", "recall", "precision", "f1", "roc_auc")
SHOWN_METRICS = ("recall", "precision", "f1", "roc_auc", "accuracy")  # in the order of documents and tables
