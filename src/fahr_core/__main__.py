"""``python -m fahr_core`` is ``fahr``."""

from fahr_core.cli import main

main()
