"""Set fahr up from a clone, with nothing but Python 3.11 or later.

``python3 bootstrap.py`` makes ``.venv`` with fahr, its notebook runner and nox, at the
versions of ``uv.lock``.  It works where Python has no ``ensurepip``, as on a fresh Debian
without ``python3-venv``.  Run again, it brings ``.venv`` up to date.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv

ROOT = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(ROOT, ".venv")
BIN = os.path.join(FOLDER, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python")
UV = os.path.join(BIN, "uv")

# pip's own wheel, for a Python that does not bring one; the digest stands for the content.
PIP_URL = (
    "https://files.pythonhosted.org/packages/07/25/"
    "ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/pip-26.3-py3-none-any.whl"
)
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main() -> None:
    """Make the environment, get uv into it, let uv install the rest from the lock."""
    _need_python_3_11()
    if not os.path.exists(os.path.join(FOLDER, "pyvenv.cfg")):
        venv.create(FOLDER, with_pip=_has_ensurepip(), symlinks=os.name != "nt")
    _install_uv(_locked_version("uv"))
    _sync()
    print("ready: .venv has fahr and nox", file=sys.stderr)


def _need_python_3_11() -> None:
    """Go on under a newer Python of this machine when `python3` is too old."""
    if sys.version_info >= (3, 11):
        return
    for minor in range(19, 10, -1):
        newer = shutil.which("python3.%d" % minor)
        if newer:
            os.execv(newer, [newer, os.path.abspath(__file__)])
    sys.exit(
        "error: fahr needs Python 3.11 or later, this is %d.%d\n"
        "  run this file with a newer one: python3.12 bootstrap.py" % sys.version_info[:2]
    )


def _has_ensurepip() -> bool:
    try:
        import ensurepip  # noqa: F401  (Debian leaves it to python3-venv)
    except ImportError:
        return False
    return True


def _locked_version(name: str) -> str:
    import tomllib

    with open(os.path.join(ROOT, "uv.lock"), "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return next(package["version"] for package in packages if package["name"] == name)


def _install_uv(version: str) -> None:
    if _answer([UV, "--version"]).split(" ")[1:2] == [version]:
        return
    install = ["install", "--quiet", "--disable-pip-version-check", "uv==" + version]
    if _answer([PYTHON, "-m", "pip", "--version"]):
        subprocess.run([PYTHON, "-m", "pip", *install], check=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([PYTHON, os.path.join(_pip_wheel(folder), "pip"), *install], check=True)


def _answer(command) -> str:
    """Give what a program prints, or nothing when it is missing or fails."""
    if not os.path.exists(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def _pip_wheel(folder: str) -> str:
    import hashlib
    import urllib.request

    with urllib.request.urlopen(PIP_URL, timeout=60) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        sys.exit("error: " + PIP_URL + " is not the file that was pinned; nothing was installed")
    path = os.path.join(folder, os.path.basename(PIP_URL))
    with open(path, "wb") as wheel:
        wheel.write(content)
    return path


def _sync() -> None:
    # --inexact: what a contributor added to .venv stays.
    command = [UV, "sync", "--frozen", "--inexact", "--no-default-groups"]
    command += ["--group=nox", "--extra=notebook", "--quiet"]
    environment = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    environment["UV_PROJECT_ENVIRONMENT"] = FOLDER
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit("error: this ended with exit status %d: %s" % (failure.returncode, failure.cmd))
