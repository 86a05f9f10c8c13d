"""Any model of the house on the own camera, by the client of its hand-off."""
