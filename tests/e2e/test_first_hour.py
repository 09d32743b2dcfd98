"""The first hour of somebody new, on this machine alone, at a terminal of 80 columns."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pytest

WIDTH = 80


class Terminal:
    """A terminal of 80 columns in which one command after the other is typed."""

    def __init__(self, fahr):
        self.fahr = fahr

    def __call__(self, line, answers=(), status=0, **variables):
        """Type a line, answer what it asks, and give what is on the screen, as lines."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
        running = subprocess.Popen(
            ["bash", "-c", line],
            cwd=self.fahr.folder,
            env=self.fahr.environment(TERM="xterm", **variables),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown = self._read(ours, running, list(answers))
        os.close(ours)
        assert running.wait(timeout=60) == status, shown
        assert "fahr_core/" not in shown  # a job's traceback is its own, ours has our files in it
        return screen(shown)

    def _read(self, ours, running, answers):
        shown = ""
        limit = time.monotonic() + 120
        while time.monotonic() < limit:
            ready, _, _ = select.select([ours], [], [], 0.1)
            if ready:
                try:
                    data = os.read(ours, 65536)
                except OSError:  # Linux says so when the last process has let go
                    break
                shown += data.decode()
                if answers and shown.rstrip(" ").endswith(":") and "\n" not in shown[-2:]:
                    os.write(ours, (answers.pop(0) + "\n").encode())
            elif running.poll() is not None:
                break
        assert not answers, f"never asked for {answers}: {shown}"
        return shown


def screen(text):
    """Give the lines as they stand in the end: no colours, and what was drawn over is gone."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        drawn = ""
        for part in line.split("\r"):
            drawn = part + drawn[len(part) :]
        lines.append(drawn.rstrip())
    return lines[:-1] if lines[-1] == "" else lines


def too_wide(lines):
    """Give the lines that a terminal would break; links and paths cannot be folded."""
    return [x for x in lines if len(x) > WIDTH and not re.search(r"\S{60}", x)]


@pytest.fixture
def terminal(fahr):
    """Give a terminal in an empty folder named ``example``."""
    fahr.folder = fahr.folder.parent / "example"
    fahr.folder.mkdir()
    typed = Terminal(fahr)
    widths = []

    def type_line(*words, **options):
        lines = typed(*words, **options)
        widths.extend(too_wide(lines))
        return lines

    yield type_line
    assert widths == []


def test_the_first_hour(terminal, fahr):
    home = terminal("fahr")
    assert home[0].startswith("fahr ")
    assert any("fahr fit train.py" in line for line in home)
    assert home[-1].strip() == "all commands: fahr --help"

    terminal("fahr init --example")
    assert (fahr.folder / "train.py").exists()

    followed = terminal("fahr fit --train-driver=local -f")
    assert any(re.match(r"example-train-1 complete, .*; fahr fetch example-train-1", x)
               for x in followed)  # fmt: skip

    sent = terminal("fahr fit")
    assert sent[-1] == "example-train-2"
    assert any(line.startswith("driver   local") for line in sent)
    hints = [x.removeprefix("next").strip() for x in sent if "fahr " in x and "driver" not in x]
    assert hints == ["fahr logs -f example-train-2", "fahr fetch example-train-2"]
    assert terminal(hints[0])[-1].startswith("example-train-2 complete")

    fetched = terminal("fahr fetch")
    assert fetched[-1] == "./example-train-2"
    assert any(re.search(r"\d+ files?, sizes checked", x) for x in fetched)

    listed = terminal("fahr ls")
    assert listed[0].split() == ["JOB", "STATE", "AGE", "TIME", "WHERE", "NOTE"]
    assert listed[1].split()[:2] == ["example-train-2", "complete"]
    assert listed[1].endswith("fetched")
    assert terminal("fahr status")[-1] == "output  fahr fetch example-train-2"


def test_init_asks_at_a_terminal_and_says_how_to_do_without(terminal, fahr):
    fahr.write("train.py", "import iniconfig\nprint(iniconfig)\n")
    said = terminal("fahr init", answers=["y"])
    assert any("train.py imports iniconfig" in line for line in said)
    assert "iniconfig" in (fahr.folder / "requirements.txt").read_text()
    assert any(line.startswith("again") for line in said)
    assert any(line.split() == ["next", "fahr", "fit"] for line in said)
    assert terminal("fahr fit -f")[-1].startswith("example-train-1 complete")


def test_without_a_terminal_nobody_is_asked(fahr):
    fahr.write("train.py", "import iniconfig\n")
    done = fahr("init")
    assert "fahr init --requirements" in done.stderr
    assert not (fahr.folder / "requirements.txt").exists()
    fahr.write("other.py", "")
    (fahr.folder / "train.py").rename(fahr.folder / "one.py")
    (fahr.folder / "fahr.toml").unlink()
    assert "which artifact? one.py, other.py" in fahr.error("init")


COMMANDS = ("", "init", "fit", "status", "logs", "wait", "stop", "fetch", "ls", "show", "config")


def test_every_screen_fits_80_columns(terminal, fahr):
    """Long names, failures and errors; the check of widths is the fixture's."""
    for command in COMMANDS:
        terminal(f"fahr {command} --help")
    fahr.folder = fahr.folder.parent / "a_folder_with_quite_a_long_name_for_an_experiment"
    fahr.folder.mkdir()
    fahr.script("{}['a key that is missing and has ' + 'x ' * 80]", name="training_script.py")
    fahr("fit")  # what the job itself prints is as wide as it likes
    terminal("fahr wait", status=1)
    terminal("fahr fit -f -p bach_size=3 -p other=4", status=2)
    terminal("fahr fit --folow", status=2)
    terminal("fahr fit --train-driver=sagemaker", status=2)
    terminal("fahr status")
    assert len(terminal("fahr ls")) == 2
    terminal("fahr fetch")
    terminal("fahr fetch none-such", status=2)
    terminal("fahr status none-such", status=2)
    terminal("fahr drivers")
    terminal("fahr config")
    with contextlib.suppress(AssertionError):  # its status is the machine's
        terminal("fahr doctor", status=0)


def test_moving_lines_only_move_at_a_terminal(terminal, fahr):
    """What is drawn over in a terminal would be noise elsewhere."""
    fahr.script("open('model.bin', 'wb').write(bytes(3_000_000))")
    terminal("fahr fit -f")
    assert "\r" not in fahr("fetch").stderr
    assert "\r" not in "".join(terminal("fahr fetch", CI="1"))


def test_the_hints_of_a_failure_work_when_they_are_pasted(terminal, fahr):
    fahr.script("import iniconfig_of_nobody", "print('never')")
    terminal("fahr fit -f", status=1)
    status = terminal("fahr status")
    log = next(x.removeprefix("log").strip() for x in status if x.startswith("log "))
    assert any("No module named" in line for line in terminal(log))
    fetch = next(x.split(": ", 1)[1] for x in status if x.startswith("output"))
    assert terminal(fetch)[-1] == "./example-train-1"


def in_ci(fahr, *lines):
    """Run lines as a CI service does: no terminal, CI=true."""
    return subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=fahr.folder,
        env=fahr.environment(CI="true", SHA="0a1b2c"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )


CI = (
    "fahr doctor --json > ../doctor.json",
    'JOB=$(fahr fit train.py --train-driver=local --name "train-$SHA" --no-input)',
    'fahr wait "$JOB" --timeout 3h --stop-on-exit',
    'case $? in 0) ;; 1) fahr status "$JOB"; exit 1;; 3) echo retry;; 4) echo slow;; esac',
    'fahr fetch ./out "$JOB"',
)


def test_the_first_hour_of_a_ci_job(fahr):
    fahr.script("open('model.txt', 'w')")
    done = in_ci(fahr, *CI)
    assert (done.returncode, done.stdout) == (0, "./out\n"), done.stderr
    assert (fahr.folder / "out" / "model.txt").exists()
    assert json.loads((fahr.folder.parent / "doctor.json").read_text())
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    again = in_ci(fahr, *CI)  # the name is the key
    assert again.returncode == 0
    assert fahr.ran == ["train-0a1b2c"]


def test_a_ci_job_that_fails_says_why(fahr):
    fahr.script("{}['label']")
    done = in_ci(fahr, *CI)
    assert done.returncode == 1
    assert "train-0a1b2c  failed after " in done.stdout
    assert "KeyError: 'label'" in done.stdout


def test_waiting_that_ends_too_early_stops_the_job_when_told_to(fahr):
    fahr.script("time.sleep(60)")
    name = fahr("fit", "train.py").line
    done = fahr("wait", name, "--timeout", "1s", "--stop-on-exit", status=4)
    assert f"{name} is asked to stop" in done.stderr
    assert fahr.ended(name)["state"] == "stopped"
