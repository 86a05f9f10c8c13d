"""Takes in what others have recorded: films with windows, folders of photos, other datasets."""
