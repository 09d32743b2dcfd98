from __future__ import annotations

import errno
import gc
import json
import signal
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.cli import ls_command, main
from fahr_core.cli.app import run
from fahr_core.errors import NotFinished, ServiceError
from fahr_core.version import VERSION
from tests.cli.calling import FAHR, call
from tests.cli.records import fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.calling import Call
    from tests.conftest import Eventually

__all__ = ["call"]


@pytest.fixture(autouse=True)
def signals() -> Any:
    """Put the handler back that a command line sets."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Give a function that lets ``fahr ls`` raise."""

    def set_error(error: BaseException) -> None:
        def command() -> None:
            raise error

        monkeypatch.setattr(ls_command, "command", command)

    return set_error


def test_the_version(call: Call) -> None:
    assert call("--version").out == f"fahr {VERSION}\n"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ServiceError("no network", "later"), 3, "error: no network\n  later\n"),
        (NotFinished("it runs"), 4, "error: it runs\n"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(143), 143, ""),
        (OSError(errno.ENOSPC, "x", "/a"), 2, "error: the disk is full: /a\n"),
        (OSError(errno.ENOSPC, "x"), 2, "error: the disk is full: nothing more can be written\n"),
        (PermissionError(errno.EACCES, "denied", "/a"), 2, "error: cannot use /a: denied\n"),
        (
            KeyError("x"),
            2,
            "error: fahr itself failed: KeyError: 'x'\n  --debug shows the traceback\n",
        ),
    ],
)
def test_every_error_is_one_message_and_a_status(
    call: Call, fails: Callable[[BaseException], None], error: BaseException, status: int, said: str
) -> None:
    fails(error)
    done = call("ls")
    assert (done.status, done.out, done.err) == (status, "", said)


def test_a_folder_that_was_deleted_below_one(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = call("fit")
    assert (done.status, done.err) == (2, "error: the current folder was deleted\n  cd ~\n")


def test_debug_shows_the_traceback_wherever_it_stands(
    call: Call, fails: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(ServiceError("no network"))
    for words in (["--debug", "ls"], ["ls", "--debug"]):
        with pytest.raises(ServiceError):
            run(words)
    monkeypatch.setenv("FAHR_DEBUG", "1")
    with pytest.raises(ServiceError):
        run(["ls"])


def test_an_error_in_json(call: Call) -> None:
    done = call("status", "zebra", "--json")
    assert (done.status, done.out) == (2, "")
    error = json.loads(done.err)["error"]
    assert (error["code"], error["hint"]) == ("unknown-job", "fahr ls")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["fit", "--trian-driver=local"], "there is no option --trian-driver; did you mean "
         "--train-driver?", "fahr fit --help"),
        (["ls", "--zzz"], "there is no option --zzz", "fahr ls --help"),
        (["ls", "x"], "got unexpected extra argument", "fahr ls --help"),
        (["logs", "--tail", "x"], "'x' is not a whole number", "fahr logs --help"),
        (["logs", "--tail"], "requires an argument", "fahr --help"),
        (["copy"], "missing argument", "fahr copy --help"),
    ],
)  # fmt: skip
def test_a_slip_names_the_help_that_tells(
    call: Call, words: list[str], message: str, hint: str
) -> None:
    done = call(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert message in " ".join(done.err.split())
    assert done.err.splitlines()[-1] == f"  {hint}"


def test_a_misspelt_flag_is_never_the_artifact(call: Call, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    assert "there is no option --folow" in call("fit", "--folow").err
    assert "got unexpected extra argument" in call("fit", "train.py", "x").err
    assert not (tmp_path / "fahr").exists()


def test_a_closed_pipe_is_no_error() -> None:
    fill(3000)
    ls = subprocess.Popen([*FAHR, "ls", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert ls.stdout
    assert ls.stderr
    assert ls.stdout.readline().startswith(b"digits-train-3000\t")
    ls.stdout.close()
    assert ls.stderr.read() == b""
    assert ls.wait(60) == 0
    ls.stderr.close()


def test_a_terminated_command_ends_with_143(eventually: Eventually) -> None:
    code = "import sys, time; from fahr_core.cli import app, ls_command\n"
    code += "def command(): print('ready', flush=True); time.sleep(60)\n"
    code += "ls_command.command = command; sys.exit(app.run(['ls']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(60) == 143


class Loading(ModuleType):
    """A module that somebody interrupts while it is loaded."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interruption_while_fahr_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fahr_core.cli.app", Loading("fahr_core.cli.app"))
    with pytest.raises(SystemExit) as ended:
        main()
    gc.unfreeze()
    assert ended.value.code == 130
