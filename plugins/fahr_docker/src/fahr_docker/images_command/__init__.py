"""``fahr images``: what fahr made, listed and removed; the core parses the words.

listing.py   fahr images ls
pruning.py   fahr images prune
rows.py      an image as a line, and as a JSON document
"""
