"""Runs the commands that the pages show, at a terminal of 80 columns, and compares.

A page's blocks run in their order, in one empty home:

- a fenced block ``console`` holds commands after ``$ `` and below each what it printed; a line
  ``...`` stands for any lines, at a line's end for the rest; a command without output is only run;
- a ``code-block`` with a caption is a file, written under that name;
- a comment ``% run: COMMAND`` runs unseen.

``python docs/transcripts.py PAGE...`` writes what the commands print now into the pages.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 80
CONTINUED = re.compile(r"\\\n *")
COMMAND = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)\n(.*?)(?=^\$ |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(
    r"^```(?P<console>console)\n(?P<body>.*?)^```$"
    r"|^```\{code-block\} \w+\n:caption: (?P<file>\S+)\n\n(?P<text>.*?)^```$"
    r"|^% run: (?P<unseen>.+?)$",
    re.MULTILINE | re.DOTALL,
)
ANYTHING = re.compile(r"(?:^| )\.\.\.$", re.MULTILINE)
#: What differs from run to run, and what stands for it in a comparison.
VARYING = [
    (r"sha256:[0-9a-f]{64}", "sha256:#"),
    (r"/jobs/[a-z2-7]{16}", "/jobs/#"),
    (r"\b[a-z2-7]{16}\b", "#"),
    (r"(-\d+)-[a-z2-7]{6}\b", r"\1-#"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00)?", "#time"),
    (r"\blocked (just now|\d+ \w+ ago)", "locked #"),
    (r"(?<![-\w.])\d+(\.\d+)* (s|min|h)\b", "# s"),
    (r"(?<![-\w.])\d+(\.\d+)? [kMG]?B\b", "# B"),
    (r"(?<![-\w.])\d+(\.\d+)*\S*", "#"),
    (r" +", " "),
]


@dataclass
class Step:
    """One command, what the page says that it prints, and what it has printed."""

    command: str
    documented: str
    printed: str = ""
    status: int = 0

    @property
    def agrees(self) -> bool:
        """Whether it printed what is documented, but for what differs from run to run."""
        if not self.documented:
            return True
        pieces = [re.escape(plain(piece)) for piece in re.split(ANYTHING, self.documented)]
        return re.fullmatch(".*".join(pieces), plain(self.printed), re.DOTALL) is not None

    @property
    def may_fail(self) -> bool:
        """Whether the page shows an error."""
        return "error:" in self.documented or '"error":' in self.documented


@dataclass
class Terminal:
    """A shell whose folder and variables last from one command to the next."""

    home: Path
    folder: Path = field(init=False)
    status: int = 0

    def __post_init__(self) -> None:
        self.folder = self.home
        (self.home / ".local").mkdir(exist_ok=True)
        self._state = self.home / ".local" / "shell"
        self._state.write_text("")

    def run(self, command: str) -> tuple[int, str]:
        """Run a command; give its status and what the terminal showed."""
        state = shlex.quote(str(self._state))
        script = f". {state}\n(exit {self.status})\n{command}\n"
        keep = f"trap '_s=$?; {{ export -p; echo cd \"$(pwd -P)\"; }} > {state}; exit $_s' EXIT\n"
        self.status, text = at_terminal(["bash", "-c", keep + script], self.home, self.variables())
        end = "" if text.endswith("\n") or not text else "\n"
        return self.status, text.replace(str(self.home), "~") + end

    def variables(self) -> dict[str, str]:
        """Give the variables of a person who has installed fahr and set nothing."""
        kept = {"UV_CACHE_DIR", "PIP_CACHE_DIR", "LANG", "SSL_CERT_FILE", "UV_DEFAULT_INDEX"}
        kept |= {name for name in os.environ if name.lower().endswith("_proxy")}
        variables = {name: os.environ[name] for name in kept if name in os.environ}
        programs = str(Path(sys.executable).parent)
        return {
            "UV_CACHE_DIR": str(Path.home() / ".cache" / "uv"),
            **variables,
            "HOME": str(self.home),
            "FAHR_HOME": str(self.home / ".local" / "share" / "fahr"),
            "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
            "EXAMPLES": str(ROOT / "examples"),
            "DOCS": str(ROOT / "docs"),
            "FAHR_LOCAL__JOBS_AT_ONCE": "8",  # the same lines whatever the number of cores
            "TERM": "xterm",
            "CI": "1",
            "NO_COLOR": "1",
        }


def at_terminal(command: list[str], folder: Path, variables: dict[str, str]) -> tuple[int, str]:
    """Run a command at a terminal; give its status and all that was printed."""
    import fcntl
    import termios

    inner, outer = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=variables, stdin=outer, stdout=outer, stderr=outer
    )
    os.close(outer)
    shown = b""
    while True:
        try:
            data = os.read(inner, 65536)
        except OSError:  # Linux says EIO when the last process has closed the terminal
            break
        if not data:
            break
        shown += data
    os.close(inner)
    return process.wait(), shown.decode("utf-8", "replace").replace("\r\n", "\n")


def run_page(text: str, home: Path) -> list[Step]:
    """Run a page's blocks; give its steps, the unseen ones too, up to a failed one."""
    terminal = Terminal(home)
    done: list[Step] = []
    for block in BLOCK.finditer(text):
        if block["file"]:
            write(terminal, block["file"], block["text"])
        elif block["unseen"]:
            done.append(perform(terminal, Step(block["unseen"], "")))
        else:
            done += [perform(terminal, step) for step in steps(block["body"])]
    return done


def steps(body: str) -> list[Step]:
    """Read the commands of a console block with what is below each."""
    return [Step(CONTINUED.sub(" ", found[1]), found[2]) for found in COMMAND.finditer(body)]


def perform(terminal: Terminal, step: Step) -> Step:
    """Run a step and keep what came of it."""
    step.status, step.printed = terminal.run(step.command)
    return step


def write(terminal: Terminal, path: str, text: str) -> None:
    """Write a file that the page shows into the folder that the shell is in."""
    name = shlex.quote(path)
    end = "END-OF-FILE"
    command = f"mkdir -p \"$(dirname {name})\" && cat > {name} <<'{end}'\n{text}{end}"
    status, said = terminal.run(command)
    if status:
        raise RuntimeError(f"{path} cannot be written: {said}")


def problems(done: list[Step]) -> list[str]:
    """Say what is not as the page shows it."""
    found = []
    for step, following in zip(done, [*done[1:], None], strict=True):
        asked = following is not None and following.command.startswith("echo $?")
        if step.status and not (step.may_fail or asked):
            found.append(f"$ {step.command}\nended with {step.status}:\n{step.printed}")
        elif not step.agrees:
            found.append(f"$ {step.command}\nprinted\n{step.printed}\nnot\n{step.documented}")
    return found


def plain(text: str) -> str:
    """Give a text without what differs from run to run."""
    text = re.sub(r"\n {6,9}(?=\S)", " ", text)  # a message that is folded for its length
    for pattern, instead in VARYING:
        text = re.sub(pattern, instead, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def updated(text: str, done: list[Step]) -> str:
    """Give a page with the output of its commands as it is now."""
    waiting = iter(done)

    def block(found: re.Match[str]) -> str:
        if found["unseen"]:
            next(waiting)
        if not found["console"]:
            return found[0]
        return "```console\n" + COMMAND.sub(shown, found["body"]) + "```"

    def shown(found: re.Match[str]) -> str:
        step = next(waiting)
        printed = step.documented if step.agrees and step.documented else step.printed
        return f"$ {found[1]}\n{printed}"

    return BLOCK.sub(block, text)


def main(pages: list[str]) -> int:
    """Rewrite pages; give 1 when a command failed."""
    failed = 0
    for page in map(Path, pages):
        text = page.read_text("utf-8")
        with tempfile.TemporaryDirectory(prefix="fahr-docs-") as home:
            done = run_page(text, Path(home).resolve())
        page.write_text(updated(text, done), "utf-8")
        for step in done:
            if step.status:
                told = f"{page}: $ {step.command}: status {step.status}\n{step.printed}\n"
                sys.stdout.write(told)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
