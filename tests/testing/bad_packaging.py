"""A driver that imports a heavy package to tell of itself."""

import jinja2  # noqa: F401
from memory_driver import *  # noqa: F403
