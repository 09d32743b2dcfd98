"""Images for fahr: one for each environment, and one small layer for each edit."""
