"""What a notebook's first and last cell do: bring the job's files, tidy up, tell how it went.

Kaggle runs the notebook itself, so nothing supervises it: when a cell fails, Kaggle ends it
and the last cell does not run. Then the kernel's own end tidies up, where it comes to that.
Standard library only, any Python from 3.8 on.
"""

import atexit
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Optional, Tuple

Mark = Tuple[int, int]

#: What Kaggle calls the notebook that it executes, in the folder of the output.
EXECUTED = "__notebook__.ipynb"
#: How the cells that fahr adds begin.
OWN = ("# fahr-job ", "# fahr: tidies up")


class NotebookJob:
    """A job whose notebook Kaggle runs; `folder` is where the archive lies unpacked."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._described = json.loads((self._folder / "job.json").read_text(encoding="utf-8"))
        self._started = time.time()
        self._reason: Optional[str] = None
        self._brought: Dict[Path, Mark] = {}
        self._ended = False
        self._cells = 0

    def begin(self) -> None:
        """Bring the files, set the variables, and note how each cell ends."""
        os.environ["FAHR_JOB_FILE"] = str(self._folder / "job.json")
        launcher = ModuleType("fahr_launcher")
        launcher.__path__ = [str(self._folder)]
        sys.modules["fahr_launcher"] = launcher
        runtime = import_module("fahr_launcher.runtime")
        places = runtime.places()
        self._bring(Path(places["code"]), Path(places["output"]))
        self._set_variables(places)
        self._use_environment(places.get("python"))
        Path(places["checkpoints"]).mkdir(parents=True, exist_ok=True)
        self._listen()
        atexit.register(self.end, False)

    def end(self, complete: bool = True) -> None:
        """Remove the files that were only brought, and write fahr-job.json."""
        if self._ended:
            return
        self._ended = True
        for path, mark in self._brought.items():
            if path.is_file() and _mark(path) == mark:
                path.unlink()
        self._remove_empty()
        self._keep_executed()
        self._write_record(complete and self._reason is None)

    def _bring(self, code: Path, work: Path) -> None:
        """Copy the code to where the notebook works, beside what is there already."""
        import shutil

        self._work = work
        own = code / self._described["artifact"]
        for path in sorted(code.rglob("*")):
            target = work / path.relative_to(code)
            if path.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            elif path != own and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(path), str(target))
                self._brought[target] = _mark(target)
        os.chdir(str(work / os.path.dirname(self._described["artifact"])))
        sys.path.insert(0, os.getcwd())
        sys.dont_write_bytecode = True

    def _set_variables(self, places: Dict[str, str]) -> None:
        os.environ.update(
            FAHR_EXECUTION_ENVIRONMENT=self._described["driver"],
            FAHR_JOB_NAME=self._described["name"],
            FAHR_INPUT_DIR=places["inputs"],
            FAHR_OUTPUT_DIR=places["output"],
            FAHR_CHECKPOINT_DIR=places["checkpoints"],
            FAHR_PARAMS=json.dumps(self._described["params"]),
        )
        del os.environ["FAHR_JOB_FILE"]

    def _use_environment(self, python: Optional[str]) -> None:
        """Let the packages of the job's environment come first; the Python stays Kaggle's."""
        if python is None:
            return
        root = Path(python).parent.parent
        for folder in root.glob("lib/python*/site-packages"):
            sys.path.insert(1, str(folder))

    def _listen(self) -> None:
        try:
            shell = import_module("IPython").get_ipython()
        except ImportError:
            shell = None
        if shell is not None:
            shell.events.register("post_run_cell", self._note)

    def _note(self, result: Any) -> None:
        written = str(getattr(result.info, "raw_cell", ""))
        # Neither fahr's cells nor the one with the parameters are of the author's.
        self._cells += not written.startswith((*OWN, "# Parameters\n"))
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            text = str(error).strip().split("\n")[0]
            name = type(error).__name__
            told = "{}: {}".format(name, text) if text else name
            self._reason = "cell {}: {}".format(self._cells, told)

    def _keep_executed(self) -> None:
        """Keep the notebook as far as it was executed, without the cells that fahr added.

        papermill, by which Kaggle runs it, saves it before and after each cell.
        """
        place = self._work / EXECUTED
        if not place.is_file():
            return
        try:
            executed = json.loads(place.read_text(encoding="utf-8"))
            executed["cells"] = [cell for cell in executed["cells"] if not _is_own(cell)]
            name = Path(self._described["artifact"]).stem + ".executed.ipynb"
            (self._work / name).write_text(json.dumps(executed, indent=1), encoding="utf-8")
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.stderr.write("fahr: the executed notebook is not kept: {}\n".format(error))

    def _remove_empty(self) -> None:
        folders = {parent for path in self._brought for parent in path.parents}
        for folder in sorted(folders, key=lambda one: -len(one.parts)):
            inside = self._work in folder.parents
            if inside and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _write_record(self, complete: bool) -> None:
        record = import_module("fahr_launcher.record")
        reason = self._reason or (None if complete else "the notebook did not reach its end")
        outcome = import_module("fahr_launcher.run").Outcome(
            exit_code=0 if complete else 1,
            state="complete" if complete else "failed",
            reason=reason,
            started=self._started,
            ended=time.time(),
        )
        version = ".".join(map(str, sys.version_info[:3]))
        record.write(
            str(self._work),
            import_module("fahr_launcher.job").parse(self._described),
            record.Facts(version, _packages(), {}),
            import_module("fahr_launcher.gpus").gpus(),
            outcome,
        )


def _is_own(cell: Dict[str, Any]) -> bool:
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    return text.startswith(OWN)


def _mark(path: Path) -> Mark:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _packages() -> Dict[str, str]:
    metadata = import_module("importlib.metadata")
    found: Dict[str, str] = {}
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name:
            found.setdefault(name.lower().replace("_", "-"), one.version)
    return dict(sorted(found.items()))
