"""Notebooks, run by papermill with the job's own kernel."""

import json
import os
import shutil
import signal
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from .conftest import LAUNCHER, Place, alive, code_cell, wait_for

pytest.importorskip("papermill")
pytest.importorskip("ipykernel")


def executed(place: Place, name: str = "train.executed.ipynb") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((place.output / name).read_text())
    return content


def outputs(notebook: dict[str, Any]) -> str:
    return "".join(
        "".join(output.get("text", []))
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    )


def test_runs_and_streams(place: Place) -> None:
    place.notebook(
        "import os, sys\nprint('cwd', os.getcwd())",
        "print('to stderr', file=sys.stderr)\n1 + 1",
        "open('model.h5', 'w').write('x');",
    )
    result = place.run()
    assert (result.code, result.reason) == (0, None)
    assert result.out == f"cwd {place.work}\n2\n"
    assert result.err == "to stderr\n"
    assert result.files == {"train.executed.ipynb", "model.h5"}
    assert outputs(executed(place)) == f"cwd {place.work}\nto stderr\n"


def test_failure_names_cell_and_keeps_what_ran(place: Place) -> None:
    place.notebook("x = 1", "print('second')", "print('partial')\nx / 0", "print('never')")
    result = place.run()
    assert result.code == 1
    assert result.reason == "cell 3: ZeroDivisionError: division by zero"
    assert result.record["reason"] == result.reason
    assert outputs(executed(place)) == "second\npartial\n"
    assert "ZeroDivisionError" in result.err


def test_tagged_parameters(place: Place) -> None:
    place.notebook(code_cell("size = 1\nname = 'a'", "parameters"), "print(size, name)\n1 / 0")
    result = place.run(params={"size": 2})
    assert result.out == "2 a\n"
    assert result.reason == "cell 2: ZeroDivisionError: division by zero"


def test_untagged_constants_are_replaced_in_place(place: Place) -> None:
    place.notebook("%matplotlib_is_no_magic_here = 1" and "!true\nsize = 1", "print(size)")
    result = place.run(params={"size": 2})
    assert result.out == "2\n"
    assert "".join(executed(place)["cells"][0]["source"]) == "!true\nsize = 2"


def test_foreign_kernel_name(place: Place) -> None:
    place.notebook("print('ran')")
    path = place.code / "train.ipynb"
    content = json.loads(path.read_text())
    content["metadata"]["kernelspec"] = {"name": "conda-env-mine-py", "display_name": "mine"}
    path.write_text(json.dumps(content))
    assert place.run().out == "ran\n"


def test_other_language_is_refused(place: Place) -> None:
    place.notebook("cat('ran')")
    path = place.code / "train.ipynb"
    content = json.loads(path.read_text())
    content["metadata"]["kernelspec"] = {"name": "ir", "language": "R"}
    path.write_text(json.dumps(content))
    assert place.run().reason == "train.ipynb is written in R, not in Python"


def test_empty_notebook(place: Place) -> None:
    result = place.notebook().run()
    assert (result.code, result.files) == (0, {"train.executed.ipynb"})


def test_no_notebook(place: Place) -> None:
    (place.code / "train.ipynb").write_text("{")
    result = place.run(artifact="train.ipynb", kind="notebook")
    assert result.code == 78
    assert result.reason is not None
    assert result.reason.startswith("train.ipynb can not be run: it is not JSON")


def test_odd_name(place: Place) -> None:
    result = place.notebook("print('ran')", name="my {odd} 'näme'.ipynb").run()
    assert (result.out, result.reason) == ("ran\n", None)
    assert result.files == {"my {odd} 'näme'.executed.ipynb"}


def test_stop_interrupts_the_cell_and_saves(place: Place) -> None:
    started = place.folder / "started"
    place.notebook(
        "import pathlib, time\nprint('first')",
        f"""
        try:
            pathlib.Path({str(started)!r}).touch()
            time.sleep(600)
        except KeyboardInterrupt:
            print("interrupted")
            pathlib.Path("model.h5").write_text("saved")
        """,
        "print('never')",
    )
    result = place.stop_when(started)
    assert (result.code, result.reason) == (143, None)
    assert result.record["state"] == "stopped"
    assert result.files == {"train.executed.ipynb", "model.h5"}
    assert outputs(executed(place)) == "first\ninterrupted\n"


def test_stop_without_a_handler_saves_too(place: Place) -> None:
    started = place.folder / "started"
    place.notebook(f"import time\nopen({str(started)!r}, 'w')\nprint('x')\ntime.sleep(600)")
    result = place.stop_when(started)
    assert (result.code, result.record["state"]) == (143, "stopped")
    assert outputs(executed(place)) == "x\n"


def test_stubborn_kernel_is_killed(place: Place) -> None:
    pid = place.folder / "pid"
    place.notebook(
        "print('done before')",
        f"""
        import ctypes, os, pathlib
        pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))
        while True:
            ctypes.PyDLL(None).sleep(600)  # keeps the interpreter to itself
        """,
    )
    process = place.start(grace=3)
    wait_for(lambda: pid.exists() and pid.read_text())
    process.send_signal(signal.SIGTERM)
    result = place.finish(process)
    assert (result.code, result.record["state"]) == (143, "stopped")
    assert outputs(executed(place)) == "done before\n"
    assert not alive(int(pid.read_text()))


def test_killed_launcher_takes_the_kernel_along(place: Place) -> None:
    pid = place.folder / "pid"
    place.notebook(
        f"""
        import ctypes, os, pathlib
        pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))
        ctypes.PyDLL(None).sleep(600)  # keeps the interpreter to itself
        """
    )
    process = place.start()
    wait_for(lambda: pid.exists() and pid.read_text())
    process.kill()
    assert place.finish(process).code == -signal.SIGKILL
    wait_for(lambda: not alive(int(pid.read_text())))


def test_dead_kernel(place: Place) -> None:
    result = place.notebook("x = 1", "import os\nos.kill(os.getpid(), 9)").run()
    assert (result.code, result.reason) == (1, "cell 2: the kernel died (out of memory?)")


def test_without_ipykernel(place: Place, tmp_path: Path) -> None:
    import venv

    venv.create(tmp_path / "bare", with_pip=False)
    place.places["papermill_python"] = sys.executable
    place.places["python"] = str(tmp_path / "bare" / "bin" / "python")
    result = place.notebook("print(1)").run()
    assert result.code == 1
    assert result.reason is not None
    assert "is ipykernel installed?" in result.reason


def test_exit_zero_ends_well(place: Place) -> None:
    result = place.notebook("print('a')\nimport sys\nsys.exit()", "print('never')").run()
    assert (result.code, result.out) == (0, "a\n")


def test_from_a_zip(place: Place) -> None:
    archive = shutil.make_archive(str(place.folder / "launcher"), "zip", LAUNCHER)
    place.command = [sys.executable, archive]
    assert place.notebook("print('zipped')").run().out == "zipped\n"


def test_time_limit_saves_too(place: Place) -> None:
    source = "import time\nprint('x')\ntime.sleep(600)"
    result = place.notebook(textwrap.dedent(source)).run(timeout=6)
    assert (result.code, result.reason) == (124, "time limit of 6 s reached")
    assert os.path.exists(place.output / "train.executed.ipynb")


def test_old_launcher_with_newer_papermill(place: Place, old_python: Path) -> None:
    place.command[0] = str(old_python)
    result = place.notebook("size = 1", "print(size)").run(params={"size": 2})
    assert (result.code, result.out) == (0, "2\n")


def test_through_a_run_script(place: Place) -> None:
    started = place.folder / "started"
    (place.code / "run.sh").write_text("fahr-start\n")
    place.notebook(
        "size = 1",
        f"""
        import time
        try:
            open({str(started)!r}, "w").close()
            time.sleep(600)
        except KeyboardInterrupt:
            time.sleep(0.5)
            open("model.h5", "w").close()
            print("saved", size)
        """,
    )
    result = place.stop_when(started, run_script="run.sh", params={"size": 2})
    assert (result.code, result.out) == (143, "saved 2\n")
    assert result.files == {"train.executed.ipynb", "model.h5"}
