"""From a film to a table: frames by their own time, faces followed, named channels, cuts, sound."""
