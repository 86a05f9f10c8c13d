"""How people read things in two languages: the language of a run, numbers, labels."""
