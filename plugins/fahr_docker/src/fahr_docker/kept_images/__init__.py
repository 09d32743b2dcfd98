"""The images that fahr has made and somebody keeps: found, judged, removed.

image.py        one such image, and how its names look
uses.py         which recorded jobs run which image
stored.py       those in the engine's store
repository.py   those in a repository of a registry
choosing.py     which go, and why the others stay
"""
