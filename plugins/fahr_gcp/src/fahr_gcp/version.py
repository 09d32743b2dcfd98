"""The version, in one place; the distribution's metadata is made from it."""

VERSION = "1.0.0.dev0"
