"""kaggle-publisher: publishes whom has agreed, reads back what arrived, takes people out again, fetches releases."""
