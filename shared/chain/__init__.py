"""What tasks.py is made of: the steps of a comparison, a cache of finished steps, flags. No tool imports it."""
