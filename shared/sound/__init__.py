"""What sound means: laughter, by YAMNet's scores of log-mel patches."""
