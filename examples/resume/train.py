"""Count steps of a long training, keep each in a checkpoint, and go on where it stopped.

SIGTERM ends it after the running step with exit status 143. Started again with the same
checkpoint folder, or with an earlier job's output as the input `prior`, it resumes.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=50)
parser.add_argument("--seconds-per-step", type=float, default=0.1)
args = parser.parse_args()

folder = Path(os.environ.get("FAHR_CHECKPOINT_DIR", "checkpoints"))
earlier = Path(os.environ.get("FAHR_INPUT_DIR", "inputs")) / "prior" / "checkpoints"
stopping = False


def stop_after_this_step(number, frame):
    global stopping
    stopping = True


def load():
    for place in (folder, earlier):
        checkpoint = place / "state.json"
        if checkpoint.exists():
            print(f"resuming from {checkpoint}", flush=True)
            return json.loads(checkpoint.read_text(encoding="utf-8"))
    return {"step": 0, "loss": 1.0}


def save(state):
    # Written aside and renamed: a kill in the middle leaves the checkpoint before it whole.
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "state.json.partial"
    partial.write_text(json.dumps(state), encoding="utf-8")
    partial.replace(folder / "state.json")


signal.signal(signal.SIGTERM, stop_after_this_step)
state = load()
while state["step"] < args.steps and not stopping:
    time.sleep(args.seconds_per_step)
    state = {"step": state["step"] + 1, "loss": state["loss"] * 0.95}
    save(state)
    print(f"step {state['step']}/{args.steps} loss {state['loss']:.4f}", flush=True)

if stopping:
    print(f"stopped after step {state['step']}; start again to go on", flush=True)
    sys.exit(128 + signal.SIGTERM)
Path("model.json").write_text(json.dumps(state), encoding="utf-8")
print("wrote model.json")
