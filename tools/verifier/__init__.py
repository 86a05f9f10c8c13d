"""Lists everything that is wrong with a dataset. Changes nothing."""
