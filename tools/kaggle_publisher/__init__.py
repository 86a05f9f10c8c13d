"""kaggle-publisher: stages exactly what may leave the house, by Kaggle's rules. A dry run: it uploads nothing yet."""
