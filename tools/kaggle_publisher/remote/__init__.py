"""Kaggle: its client, credentials, upload and what went wrong."""
