"""What a comparison can do besides: arms that play whole films, new moments beside old people."""
