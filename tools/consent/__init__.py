"""Who has agreed to what: records, changes and lists the consent of a dataset's people."""
