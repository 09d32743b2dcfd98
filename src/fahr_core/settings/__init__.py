"""Layered settings: where each value comes from, and what it means.

``layers`` reads the places where people write settings, ``text`` turns ``key=value`` into
values, ``model`` holds the core's own settings, ``resolve`` validates them all.
"""
