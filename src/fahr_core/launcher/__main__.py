"""Start the job that the environment describes: `python3 FOLDER_OR_ZIP [train]`."""

import sys
import types
from importlib import import_module

# Run as a folder or a zip, these modules belong to no package, and names such as `log` on
# sys.path would shadow others. So the folder leaves sys.path and becomes a package by hand:
# the relative imports are then the same here and inside fahr_core.
if not __package__:
    __package__ = "fahr_launcher"
    package = types.ModuleType(__package__)
    package.__path__ = [sys.path.pop(0)]
    sys.modules[__package__] = package

if __name__ == "__main__":
    sys.exit(import_module(__package__ + ".run").main())
