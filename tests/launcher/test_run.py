"""A job from its description to its record."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fahr_core.launcher.run import run

from .conftest import LAUNCHER, RUNTIME, Place


def test_script_writes_its_model_anywhere(place: Place) -> None:
    place.script(
        """
        import os, pathlib
        pathlib.Path("model.h5").write_text("weights")
        pathlib.Path(os.environ["FAHR_OUTPUT_DIR"], "scores.json").write_text("{}")
        print("trained")
        """
    )
    result = place.run()
    assert (result.code, result.out, result.err) == (0, "trained\n", "")
    assert result.files == {"model.h5", "scores.json"}
    assert result.record["state"] == "complete"
    assert result.record["reason"] is None
    assert (place.folder / "delivered").read_text() == f"{place.output}\n"


def test_job_environment(place: Place) -> None:
    place.script(
        """
        import os
        for name in sorted(os.environ):
            if name.startswith("FAHR_") and name != "FAHR_HOME" and "TEST" not in name:
                print(name, os.environ[name])
        """
    )
    result = place.run(params={}, driver="kaggle")
    lines = dict(line.split(" ", 1) for line in result.out.splitlines())
    assert lines == {
        "FAHR_EXECUTION_ENVIRONMENT": "kaggle",
        "FAHR_JOB_NAME": "digits-train-1",
        "FAHR_INPUT_DIR": str(place.folder / "inputs"),
        "FAHR_OUTPUT_DIR": str(place.output),
        "FAHR_CHECKPOINT_DIR": str(place.folder / "checkpoints"),
        "FAHR_PARAMS": "{}",
    }


def test_code_is_copied_and_not_touched(place: Place) -> None:
    source = "size = 1\nopen('train.py', 'a').write('#')\nprint(size)\n"
    result = place.script(source).run(params={"size": 2})
    assert result.out == "2\n"
    assert (place.code / "train.py").read_text() == source
    assert result.files == {"train.py"}


def test_runs_in_the_code_folder_when_it_is_the_work_folder(place: Place) -> None:
    place.places["work"] = place.places["code"]
    result = place.script("import os; print(os.getcwd())").run()
    assert result.out == f"{place.code}\n"


def test_failure_still_delivers(place: Place) -> None:
    place.script("open('part', 'w').write('x')\nrow = {}\nrow['label']\n")
    result = place.run()
    assert result.code == 1
    assert result.reason == "KeyError: 'label'  train.py:3  row['label']"
    assert result.files == {"part"}
    assert result.record["state"] == "failed"
    assert result.record["reason"] == result.reason
    assert (place.folder / "delivered").exists()


def test_exit_code_is_the_jobs(place: Place) -> None:
    result = place.script("import sys; sys.stderr.write('no data\\n'); sys.exit(3)").run()
    assert (result.code, result.reason) == (3, "exit status 3: no data")


def test_missing_artifact(place: Place) -> None:
    result = place.run(artifact="train.py")
    assert result.code == 78
    assert result.reason == "train.py is not among the job's files"
    assert (place.folder / "delivered").exists()


def test_unwanted_parameter_is_refused(place: Place) -> None:
    result = place.script("size = 1\n").run(params={"sise": 2})
    assert result.code == 78
    assert result.reason == "train.py takes no parameter sise"


def test_secrets_reach_the_job_and_nothing_else(place: Place) -> None:
    place.script("import os; raise ValueError('login with ' + os.environ['API_KEY'])")
    result = place.run(secrets=["API_KEY"])
    assert result.reason == (
        "ValueError: login with ***  train.py:1  "
        "import os; raise ValueError('login with ' + os.environ['API_KEY'])"
    )
    assert "value-of-API_KEY" not in (place.output / "fahr-job.json").read_text()


def test_broken_runtime_is_named(place: Place) -> None:
    place.places = {"code": str(place.code)}
    result = place.script("print(1)").run()
    assert result.code == 78
    assert result.reason == (
        "the driver's runtime names no place for work, output, inputs, checkpoints"
    )


@pytest.mark.parametrize("argument", [[], ["train"]])
def test_runs_as_a_zip(place: Place, argument: list[str]) -> None:
    archive = shutil.make_archive(str(place.folder / "launcher"), "zip", LAUNCHER)
    place.command = [sys.executable, archive, *argument]
    result = place.script("size = 1\nprint(size)\n").run(params={"size": 5})
    assert (result.code, result.out) == (0, "5\n")


@pytest.mark.parametrize("where", ["launcher", "."])
def test_runtime_in_or_beside_the_launcher(place: Place, where: str) -> None:
    folder = shutil.copytree(LAUNCHER, place.folder / "apart" / "launcher")
    place.command = [sys.executable, str(folder)]
    place.environ["FAHR_RUNTIME"] = ""
    (folder.parent / where / "runtime.py").write_text(RUNTIME.format(here=str(place.folder)))
    assert place.script("print('ran')").run().out == "ran\n"


def test_in_process(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    place.script("print('here')")
    told: list[str] = []
    runtime = SimpleNamespace(
        places=lambda: place.places,
        nodes=dict,
        secrets=lambda names: {},
        report_failure=told.append,
        deliver=told.append,
    )
    outcome = run({**place.job, "name": "x"}, runtime)
    assert (outcome.exit_code, outcome.state, outcome.reason) == (0, "complete", None)
    assert outcome.started < outcome.ended
    assert told == [str(place.output)]
    assert capfd.readouterr().out == "here\n"


def test_launcher_leaves_nothing_on_sys_path(place: Place) -> None:
    """A module of the launcher's must not shadow the job's own of the same name."""
    place.script("LEVEL = 3\n", name="log.py")
    place.job.pop("artifact")
    result = place.script("import log, sys\nprint(log.LEVEL, sys.path[0])\n").run()
    assert result.out == f"3 {place.work}\n"


def test_old_python(place: Place, old_python: Path) -> None:
    place.command[0] = str(old_python)
    place.places["python"] = str(old_python)
    place.script(
        """
        import argparse, sys
        parser = argparse.ArgumentParser()
        parser.add_argument("--size", type=int)
        rate = 0.5
        print(sys.version_info[:2], parser.parse_args().size, rate)
        """
    )
    result = place.run(params={"size": 3, "rate": 0.25}, log="raw", run_script=None)
    assert (result.code, result.out, result.err) == (0, "(3, 8) 3 0.25\n", "")
    assert result.record["python"].startswith("3.8.")


def test_every_module_loads_on_old_python(place: Place, old_python: Path) -> None:
    archive = shutil.make_archive(str(place.folder / "launcher"), "zip", LAUNCHER)
    names = [path.stem for path in LAUNCHER.glob("*.py") if path.stem != "__main__"]
    program = (
        "import sys, types, importlib\n"
        "package = types.ModuleType('launcher')\n"
        f"package.__path__ = [{archive!r}]\n"
        "sys.modules['launcher'] = package\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module('launcher.' + name)\n"
    )
    subprocess.run([str(old_python), "-W", "error", "-c", program], check=True)


def test_own_fault_is_told(place: Place) -> None:
    """A launcher that breaks, here at parameters that are a list, does not break in silence."""
    result = place.script("size = 1").run(params=["size"])
    assert result.code == 1
    assert result.reason is not None
    assert result.reason.startswith("fahr's launcher itself failed: AttributeError")
    assert (place.folder / "delivered").exists()


def test_driver_that_fails_to_deliver(place: Place) -> None:
    place.runtime = place.runtime.replace("def deliver(output):", "def deliver(output):\n    1 / 0")
    result = place.script("print(1)").run()
    assert result.code == 70  # its output is nowhere: it is not complete
    assert "the driver's deliver failed: ZeroDivisionError" in result.err
    assert "the driver's deliver failed: ZeroDivisionError" in str(result.reason)
    result = place.script("raise SystemExit(3)").run()
    assert result.code == 3
    assert "exit status 3" in str(result.reason)


def test_runs_as_a_module(place: Place) -> None:
    place.command = [sys.executable, "-m", "fahr_core.launcher"]
    assert place.script("print(1)").run().out == "1\n"
