"""What a film's frames mean: the moment of each on the player's clock, and its picture as a player shows it."""
