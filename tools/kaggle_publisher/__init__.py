"""kaggle-publisher: publishes consenting people's data, verifies the upload, withdraws people, fetches releases."""
