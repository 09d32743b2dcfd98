"""Runs one notebook by papermill, in papermill's own Python: `papermill_runner.py PLAN`.

It stands alone, for its Python may have neither the launcher nor the job's packages. Exit
status: 0 done, 1 failed with the reason in the plan's `reason` file, 143 stopped.

On SIGTERM papermill would lose its kernel and what ran. Here the kernel is interrupted as by
Jupyter's stop button, the notebook sees a KeyboardInterrupt, and what it did is saved.
"""

import json
import os
import re
import signal
import sys
import threading
import time
import warnings
from importlib import import_module
from typing import Any, Dict, Optional

# A kernel just told to run a cell ignores interrupts for a moment after it says "busy".
BUSY_TAKES = 0.2  # seconds
START_TIMEOUT = 180  # seconds until the kernel answers
# Outputs may lag behind the end of a cell; papermill's own 4 seconds fail on large ones.
OUTPUT_TIMEOUT = 120  # seconds
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Run:
    """What is known of the run, between the thread that executes and the one that hears signals."""

    def __init__(self, plan: Dict[str, Any]) -> None:
        self.plan = plan
        self.stopped = False
        self.failed = False
        self.group: Optional[int] = None
        self.busy_since: Optional[float] = None
        self._lock = threading.Lock()
        self._interrupt_due = False

    def stop(self, *_: Any) -> None:
        """Interrupt the running cell, and let no other start."""
        self.stopped = True
        self._interrupt_due = True

    def look(self) -> None:
        """Send an interrupt that is due, once the kernel can hear it; one and no more."""
        with self._lock:
            if self.group is None or self.busy_since is None or not self._interrupt_due:
                return
            if time.monotonic() - self.busy_since > BUSY_TAKES:
                self._interrupt_due = False
                os.killpg(self.group, signal.SIGINT)

    def busy(self) -> None:
        """Note that a cell runs."""
        with self._lock:
            if self.busy_since is None:
                self.busy_since = time.monotonic()

    def idle(self) -> None:
        """Note that no cell runs."""
        with self._lock:
            self.busy_since = None

    def kernel_started(self, group: int) -> None:
        """Note the kernel's process group, also for the launcher to end."""
        self.group = group
        with open(self.plan["groups"], "w", encoding="ascii") as file:
            file.write("-{}\n".format(group))

    def fail(self, reason: str) -> None:
        """Leave the reason of a failure."""
        self.failed = True
        with open(self.plan["reason"], "w", encoding="utf-8", errors="replace") as file:
            file.write(COLOUR.sub("", reason))


class Files:
    """Reads and writes the notebook for papermill.

    Papermill would format the paths with the parameters, and write in place.
    """

    NAME = "fahr-notebook://train.ipynb"

    def __init__(self, plan: Dict[str, Any]) -> None:
        self._plan = plan

    def read(self, _: str) -> str:
        """Give the notebook, with a kernel named where the file names none."""
        with open(self._plan["notebook"], encoding="utf-8-sig") as file:
            notebook = json.load(file)
        specification = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.setdefault("metadata", {}).setdefault("kernelspec", specification)
        return json.dumps(notebook)

    def write(self, text: str, _: str) -> None:
        """Put a state of the executed notebook in place, whole."""
        part = self._plan["executed"] + ".fahr-part"
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, self._plan["executed"])

    def pretty_path(self, _: str) -> str:
        """Give the notebook's name."""
        return str(self._plan["name"])


async def leave_alone() -> None:
    """Stand in for an interrupt that is not wanted."""


def make_client(run: Run) -> Any:
    """Make papermill's client class: cells can be interrupted, output is seen at once."""
    errors: Any = import_module("nbclient.exceptions")
    clients: Any = import_module("papermill.clientwrap")

    class Client(clients.PapermillNotebookClient):  # type: ignore[misc]
        def start_new_kernel(self, **arguments: Any) -> None:
            super().start_new_kernel(**arguments)
            # jupyter_client interrupts a kernel before it shuts it down; an idle one may
            # complain of that in the log. Cells are interrupted by Run, as they have to be.
            self.km._async_interrupt_kernel = leave_alone
            run.kernel_started(self.km.provisioner.pgid)

        def papermill_execute_cells(self) -> None:
            for index, cell in enumerate(self.nb.cells):
                if run.stopped:
                    return
                try:
                    self.nb_man.cell_start(cell, index)
                    self.execute_cell(cell, index)
                except errors.CellExecutionError as error:
                    self.nb_man.cell_exception(cell, cell_index=index)
                    note_error(run, number_of(self.nb, index), error)
                    return
                except errors.DeadKernelError:
                    self.nb_man.cell_exception(cell, cell_index=index)
                    place = number_of(self.nb, index)
                    run.fail(place + ": the kernel died (out of memory?)")
                    raise
                finally:
                    run.idle()
                    self.nb_man.cell_complete(cell, cell_index=index)

        def process_message(self, message: Any, *others: Any, **named: Any) -> Any:
            if message["msg_type"] == "execute_input":
                run.busy()
            return super().process_message(message, *others, **named)

        def log_output_message(self, output: Any) -> None:
            show(output)

    return Client


def make_engine(run: Run) -> Any:
    """Make the papermill engine that uses this client."""
    engines: Any = import_module("papermill.engines")
    client = make_client(run)

    class Engine(engines.NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **named: Any) -> None:
            nb_man.nb.metadata.papermill["input_path"] = run.plan["name"]
            nb_man.nb.metadata.papermill["output_path"] = os.path.basename(run.plan["executed"])
            options = {name: named[name] for name in ("stdout_file", "stderr_file")}
            client(
                nb_man,
                kernel_name=kernel_name,
                timeout=None,
                startup_timeout=START_TIMEOUT,
                iopub_timeout=OUTPUT_TIMEOUT,
                config=kernel_settings(),
                **options,
            ).execute(cwd=run.plan["folder"])

    return Engine


def kernel_settings() -> Any:
    """Let the kernel be reached by sockets in a private folder, not by ports anyone can try."""
    Config: Any = import_module("traitlets.config").Config  # noqa: N806 - a class
    # A socket's path has some 100 characters at most.
    if os.name == "nt" or len(os.environ["JUPYTER_RUNTIME_DIR"]) > 45:
        return Config()
    return Config({"KernelManager": {"transport": "ipc"}})


def number_of(notebook: Any, index: int) -> str:
    """Name a cell by its place among the code cells that its author wrote."""
    before = notebook.cells[: index + 1]
    written = [
        cell
        for cell in before
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    ]
    return "cell {}".format(len(written))


def note_error(run: Run, place: str, error: Any) -> None:
    """Leave a cell's error as the reason; `sys.exit()` in a notebook is none."""
    if error.ename != "SystemExit" or error.evalue not in ("", "0", "None"):
        run.fail("{}: {}".format(place, error_line(error)))


def error_line(error: Any) -> str:
    """Give an error as the last line of a traceback has it."""
    text = str(error.evalue).strip().split("\n")[0]
    return "{}: {}".format(error.ename, text) if text else str(error.ename)


def show(output: Any) -> None:
    """Put an output of a cell on this process's own streams."""
    if output.output_type == "stream":
        stream = sys.stderr if output.name == "stderr" else sys.stdout
        text = "".join(output.text)
    elif output.output_type == "error":
        stream, text = sys.stderr, COLOUR.sub("", "\n".join(output.traceback)) + "\n"
    elif "text/plain" in output.get("data", {}):
        stream, text = sys.stdout, "".join(output.data["text/plain"]) + "\n"
    else:
        return
    stream.write(text)
    stream.flush()


def execute(run: Run) -> None:
    """Execute the notebook; leave a reason when that fails."""
    try:
        engines: Any = import_module("papermill.engines")
        errors: Any = import_module("papermill.exceptions")
        files: Any = import_module("papermill.iorw")
        papermill: Any = import_module("papermill.execute")
    except ImportError as error:
        run.fail("notebooks need papermill in {}: {}".format(sys.executable, error))
        return
    files.papermill_io.register("fahr-notebook://", Files(run.plan))
    engines.papermill_engines.register("fahr", make_engine(run))
    try:
        papermill.execute_notebook(
            Files.NAME,
            Files.NAME,
            parameters=run.plan["parameters"],
            engine_name="fahr",
            kernel_name=run.plan["kernel"],
            language="python",
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
        )
    except Exception as error:  # noqa: BLE001 - whatever fails, the reason is left
        # A cell's own failure was noted when it happened.
        noted = isinstance(error, errors.PapermillExecutionError)
        if not (noted or run.stopped or run.failed):
            run.fail(why_not(run, error))


def why_not(run: Run, error: Exception) -> str:
    """Say why papermill itself failed."""
    text = "{}: {}".format(type(error).__name__, str(error).strip().split("\n")[0])
    if run.group is not None and "Kernel" in text:
        return "the notebook's kernel did not start (is ipykernel installed?): " + text
    import traceback

    traceback.print_exc()
    return "the notebook could not be run: " + text


def main(path: str) -> int:
    """Run the notebook of a plan; give the exit status."""
    import logging

    with open(path, encoding="utf-8") as file:
        run = Run(json.load(file))
    signal.signal(signal.SIGTERM, run.stop)
    signal.signal(signal.SIGINT, run.stop)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    # In a thread, where neither papermill nor nbclient can take the signals.
    worker = threading.Thread(target=execute, args=(run,), daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.1)
        run.look()
    return 143 if run.stopped else 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
