"""The version of fahr-core, written once; the build reads it from here."""

VERSION = "1.0.0.dev0"
