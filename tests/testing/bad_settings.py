"""A driver whose settings take anything, say nothing, and have a default that is refused."""

from dataclasses import replace

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl


@hookimpl
def train_info():
    return replace(memory_driver.train_info(), settings="bad_settings_model:BadSettings")
