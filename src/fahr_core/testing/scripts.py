"""The training artifacts that the contracts send; any Python from 3.8 on runs them."""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "FAILING",
    "LIVE",
    "NOTHING",
    "PARAMETERS",
    "PRINTING",
    "READING_INPUT",
    "READING_SECRET",
    "STOPPABLE",
    "WAITING",
    "WRITING",
    "notebook",
]

NOTHING = "print('hello')\n"

#: The lines that it prints, in order, each once.
PRINTED = [*(f"line {number:03}" for number in range(50)), "épöque 1 — 学習 🙂", "x" * 2000, "end"]
PRINTING = f"""
import sys

for line in {PRINTED!r}:
    sys.stdout.buffer.write((line + "\\n").encode("utf-8"))
    sys.stdout.flush()
"""

LIVE = """
import time

print("first", flush=True)
time.sleep(3)
print("last", flush=True)
"""

WAITING = """
import time

print("ready", flush=True)
time.sleep(600)
"""

STOPPABLE = """
import signal
import sys
import time

def stopped(number, frame):
    print("caught SIGTERM", flush=True)
    sys.exit(1)

signal.signal(signal.SIGTERM, stopped)
print("ready", flush=True)
for _ in range(6000):
    time.sleep(0.1)
"""

FAILING = """
print("before", flush=True)
with open("partial.txt", "w") as file:
    file.write("half of it")
raise ValueError("no digits in the data")
"""

#: What it writes: path and content.
WRITTEN = {
    "model.bin": bytes(range(256)) * 64,
    "empty.txt": b"",
    "metrics/run 1/épöque.json": b'{"loss": 0.5}',
    "metrics/it's.json": b"{}",
}
WRITING = f"""
import os

for path, content in {WRITTEN!r}.items():
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
with open(os.path.join(os.environ["FAHR_OUTPUT_DIR"], "placed.txt"), "w") as file:
    file.write("put there")
"""

#: The constants that it has, with the values that a job gives them instead.
GIVEN = {"rate": 0.5, "epochs": 3, "flag": True, "name": 'it\'s "odd" $(x)', "sizes": [1, 2]}
PARAMETERS = """
import json

rate = 0.1
epochs = 1
flag = False
name = "none"
sizes = []
with open("seen.json", "w") as file:
    json.dump(dict(rate=rate, epochs=epochs, flag=flag, name=name, sizes=sizes), file)
"""

READING_INPUT = """
import os

with open(os.path.join(os.environ["FAHR_INPUT_DIR"], "digits", "one.txt")) as file:
    print("input: " + file.read(), flush=True)
"""

SECRET = "KIT_SECRET_TOKEN"
READING_SECRET = f"""
import hashlib
import os

print(hashlib.sha256(os.environ["{SECRET}"].encode()).hexdigest(), flush=True)
"""


def notebook(*sources: str) -> str:
    """Give a notebook of code cells, the first of which holds the parameters."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {"tags": ["parameters"]} if number == 0 else {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
