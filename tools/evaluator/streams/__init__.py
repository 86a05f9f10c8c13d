"""What a player feels: decisions over whole films against marked laughs; events, delays, false alarms a minute."""
