"""The command and the environment that an artifact starts with."""

import json
import os
import sys
import venv
from pathlib import Path
from textwrap import dedent

import pytest

from .conftest import Place

SHOW = "import json, sys\nprint(json.dumps(sys.argv))\n"


def run_sh(place: Place, text: str) -> None:
    (place.code / "run.sh").write_text(dedent(text))
    place.job["run_script"] = "run.sh"


def test_run_script_hands_over(place: Place) -> None:
    run_sh(
        place,
        """
        #!/bin/bash
        set -e
        if [[ "$1" = train ]]; then
            export DATA=downloaded
            mkdir -p sub && cd sub
            fahr-start --extra
        fi
        """,
    )
    place.script(
        """
        import argparse, os
        parser = argparse.ArgumentParser()
        parser.add_argument("--note")
        parser.add_argument("--extra", action="store_true")
        size = 1
        args = parser.parse_args()
        print(repr(args.note), args.extra, size, os.environ["DATA"])
        """
    )
    note = 'it\'s "quoted"\nand $HOME `ls` größe'
    result = place.run(params={"note": note, "size": 2})
    assert result.out == f"{note!r} True 2 downloaded\n"


def test_run_script_missing(place: Place) -> None:
    result = place.script("print(1)").run(run_script="run.sh")
    assert (result.code, result.reason) == (78, "run.sh is not among the job's files")


def test_run_scripts_own_failure(place: Place) -> None:
    run_sh(place, "echo no data >&2\nexit 5\n")
    result = place.script("print(1)").run()
    assert (result.code, result.reason) == (5, "exit status 5: no data")


def test_python_and_pip_are_the_virtual_environments(place: Place, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    place.places["python"] = str(tmp_path / "env" / "bin" / "python")
    run_sh(place, 'python -c "import sys; print(sys.prefix)"\necho "$VIRTUAL_ENV"\nfahr-start\n')
    result = place.script("import sys; print(sys.prefix)").run()
    assert result.out == f"{tmp_path / 'env'}\n" * 3


def test_artifact_in_a_folder(place: Place) -> None:
    place.script("SIZE = 3\n", name="src/net.py")
    place.job.pop("artifact")
    source = "import json, os, net\nprint(net.SIZE, os.getcwd())\n"
    assert place.script(source, name="src/train.py").run().out == f"3 {place.work}\n"


@pytest.mark.parametrize("name", ["my train.py", "-train.py", "größe 'x' $y.py"])
@pytest.mark.parametrize("through_shell", [False, True])
def test_odd_names(place: Place, name: str, through_shell: bool) -> None:
    if through_shell:
        run_sh(place, "fahr-start\n")
    result = place.script(SHOW, name=name).run()
    assert result.reason is None
    assert json.loads(result.out) == [name if not name.startswith("-") else "./" + name]


def test_launchers_variables_do_not_reach_the_job(place: Place) -> None:
    place.environ.update(FAHR_JOB_0="{}", FAHR_JOB_INDEX="0", FAHR_HOME="/h")
    place.script("import os\nprint(sorted(n for n in os.environ if n.startswith('FAHR_')))")
    names = place.run().out
    assert "FAHR_HOME" in names
    for name in ("FAHR_JOB_0", "FAHR_JOB_FILE", "FAHR_JOB_INDEX", "FAHR_RUNTIME"):
        assert repr(name) not in names


@pytest.fixture
def torch(place: Place) -> None:
    """Put in a torch whose torchrun shows what it was asked and runs the script."""
    package = place.folder / "packages" / "torch" / "distributed"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "run.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    place.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(package.parent.parent), os.environ.get("PYTHONPATH", "")])
    )


@pytest.mark.usefixtures("torch")
def test_several_nodes_start_by_torchrun(place: Place) -> None:
    place.nodes = {"rank": 1, "count": 2, "master_addr": "10.0.0.1", "procs_per_node": 4}
    result = place.script("size = 1\nprint(1)").run(params={"size": 2})
    assert result.out == (
        "--nnodes=2 --node_rank=1 --nproc_per_node=4 --master_addr=10.0.0.1 "
        "--master_port=29500 train.py\n"
    )


@pytest.mark.usefixtures("torch")
def test_torchrun_on_one_node_when_told(place: Place) -> None:
    result = place.script("print(1)").run(launch="torchrun")
    assert result.out.startswith("--nnodes=1 --node_rank=0 --nproc_per_node=")


@pytest.mark.usefixtures("torch")
def test_one_node_starts_plainly(place: Place) -> None:
    assert place.script("print(1)").run(launch="auto").out == "1\n"


def test_record(place: Place) -> None:
    result = place.script("size = 1\n").run(
        params={"size": 2},
        git={"commit": "abc", "dirty": True},
        image="sha256:1",
        environment={"python": "3.11", "lock": "sha256:2"},
    )
    record = result.record
    packages = record.pop("packages")
    assert packages["pytest"] == pytest.__version__
    assert 0 < record.pop("ended") - record.pop("started") < 60
    accelerator = record.pop("accelerator")
    assert isinstance(accelerator, list)
    assert record == {
        "schema": 1,
        "name": "digits-train-1",
        "driver": "local",
        "artifact": "train.py",
        "parameters": {"size": 2},
        "exit_code": 0,
        "state": "complete",
        "reason": None,
        "python": ".".join(map(str, sys.version_info[:3])),
        "git": {"commit": "abc", "dirty": True},
        "image": "sha256:1",
        "environment": {"python": "3.11", "lock": "sha256:2"},
        "metrics": {},
    }


def test_read_only_code_is_writable_in_the_copy(place: Place) -> None:
    place.script("size = 1\nopen('train.py', 'a').close()\nopen('new', 'w').close()\nprint(size)")
    (place.code / "train.py").chmod(0o444)
    place.code.chmod(0o555)
    try:
        assert place.run(params={"size": 2}).out == "2\n"
    finally:
        place.code.chmod(0o755)
