"""Which parameters an artifact takes, and that it gets them: every script here really runs."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from fahr_core.launcher.parameters import checked, hand_over, inspect
from fahr_core.launcher.signature import Known

from .conftest import Place, code_cell


def script(folder: Path, source: str, name: str = "train.py") -> str:
    path = folder / name
    path.write_text(dedent(source), encoding="utf-8")
    return str(path)


def received(path: str, params: dict[str, Any]) -> str:
    """Hand the parameters over, run the script, give what it prints."""
    arguments = hand_over(inspect(path), params, path, "script")
    command = [sys.executable, path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ARGPARSE = """
import argparse

seed = 7
parser = argparse.ArgumentParser()
parser.add_argument("data", nargs="?", default="here")
group = parser.add_argument_group("optimiser")
group.add_argument("-b", "--batch-size", type=int, default=32)
group.add_argument("--rate", "--lr", dest="learning_rate", type=float, default=0.1)
parser.add_argument("--amp", action="store_true")
parser.add_argument("--no-shuffle", dest="shuffle", action="store_false")
parser.add_argument("--warm", action=argparse.BooleanOptionalAction, default=True)
parser.add_argument("--layers", type=int, nargs="+", default=[1])
parser.add_argument("--tag", action="append", default=[])
parser.add_argument("--model", choices=["small", "large"], default="small")
parser.add_argument("--note")
parser.add_argument("--really", type=bool, default=True)
parser.add_argument("-x")
args = parser.parse_args()
print(repr(getattr(args, NAME) if NAME != "seed" else seed))
"""


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("batch_size", 64, "64"),
        ("batch-size", 64, "64"),
        ("learning_rate", 3, "3.0"),
        ("learning_rate", -1e-05, "-1e-05"),
        ("amp", True, "True"),
        ("amp", False, "False"),
        ("shuffle", False, "False"),
        ("shuffle", True, "True"),
        ("warm", False, "False"),
        ("warm", True, "True"),
        ("layers", [512, 256], "[512, 256]"),
        ("tag", ["a", "-b"], "['a', '-b']"),
        ("model", "large", "'large'"),
        ("note", "--odd 'value'\nsecond", "\"--odd 'value'\\nsecond\""),
        ("note", 12, "'12'"),
        ("note", "", "''"),
        ("data", "there", "'there'"),
        ("data", "-there", "'-there'"),
        ("really", False, "False"),
        ("x", "-1", "'-1'"),
        ("seed", 8, "8"),
    ],
)
def test_argparse(tmp_path: Path, name: str, value: Any, printed: str) -> None:
    source = ARGPARSE.replace("NAME", repr(name.replace("-", "_")))
    path = script(tmp_path, source)
    assert inspect(path).takes(name) == "yes"
    assert received(path, {name: value}) == printed


def test_argparse_signature(tmp_path: Path) -> None:
    signature = inspect(script(tmp_path, ARGPARSE))
    assert signature.style == "argparse"
    assert signature.takes("batch_sze") == "no"
    found = {known.name: (known.type, known.default) for known in signature.parameters}
    assert found["batch_size"] == ("int", 32)
    assert found["learning_rate"] == ("float", 0.1)
    assert found["seed"] == ("int", 7)
    assert found["model"] == ("str", "small")
    assert signature.find("lr") == signature.find("learning_rate")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("p = ArgumentParser()\np.add_subparsers()\np.parse_args()", "subcommands"),
        ("p = ArgumentParser(parents=[q])\np.parse_args()", "parents"),
        ("p = ArgumentParser()\nargs, rest = p.parse_known_args()", "known arguments only"),
        ("p = ArgumentParser()\nlib.add_args(p)\np.parse_args()", "handed to another module"),
        ("p = ArgumentParser()\np.add_argument('--' + n)\np.parse_args()", "at run time"),
        ("p = lib.parser()\np.parse_args()", "reads its arguments itself"),
        ("import hydra", "Hydra"),
        ("import fire", "Fire"),
        ("import sys\nprint(sys.argv[1])", "reads its arguments itself"),
        ("def broken(:", "can not be parsed"),
    ],
)
def test_cannot_tell(tmp_path: Path, source: str, why: str) -> None:
    path = script(tmp_path, "from argparse import ArgumentParser\n" * ("Arg" in source) + source)
    if source.startswith("p = lib"):
        path = script(tmp_path, "import argparse\nfrom sys import argv\nsys.argv\n" + source)
    signature = inspect(path)
    assert signature.takes("anything") == "unknown"
    assert why in signature.why


def test_parser_in_a_helper_module(tmp_path: Path) -> None:
    script(
        tmp_path,
        """
        import argparse
        def options():
            parser = argparse.ArgumentParser()
            parser.add_argument("--size", type=int)
            return parser.parse_args()
        """,
        "options.py",
    )
    script(tmp_path, "from options import options", "middle.py")
    path = script(tmp_path, "import middle\nprint(middle.options().size)\n")
    signature = inspect(path)
    assert (signature.style, signature.takes("size")) == ("unknown", "unknown")
    assert signature.why == "options.py may parse arguments"
    assert received(path, {"size": -3}) == "-3"


def test_helper_module_that_reads_its_arguments(tmp_path: Path) -> None:
    script(tmp_path, "import sys\nsize = sys.argv[1]", "options.py")
    signature = inspect(script(tmp_path, "import options\n"))
    assert signature.why == "options.py may parse arguments"


def test_empty_argument_list_is_no_parser(tmp_path: Path) -> None:
    source = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--size")
    args = parser.parse_args([])
    rate = 1
    """
    signature = inspect(script(tmp_path, source))
    assert (signature.takes("size"), signature.takes("rate")) == ("no", "yes")


def test_hydra_spelling(tmp_path: Path) -> None:
    path = script(tmp_path, "import hydra\n")
    arguments = hand_over(inspect(path), {"model.size": 3, "tag": None}, path, "script")
    assert arguments == ["model.size=3", "tag=null"]


CLICK = """
import click

@click.command()
@click.option("--batch-size", "-b", default=32)
@click.option("--lr", "rate", type=float)
@click.option("--shuffle/--no-shuffle", default=True)
@click.option("--amp", is_flag=True)
@click.option("--tag", multiple=True)
@click.option("--shape", nargs=2, type=int)
@click.option("--model", type=click.Choice(["small", "large"]))
@click.argument("data", default="here")
def main(**given):
    print(repr(given[NAME]))

main()
"""

TYPER = """
from typing import List, Optional
from typing_extensions import Annotated
import typer

app = typer.Typer()

@app.command()
def main(
    data: str = typer.Argument("here"),
    batch_size: int = 32,
    rate: float = typer.Option(0.1, "--lr"),
    shuffle: bool = True,
    amp: Annotated[bool, typer.Option("--amp")] = False,
    tag: List[str] = [],
    note: Optional[str] = None,
):
    print(repr(locals()[NAME]))

app()
"""


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("batch_size", 64, "64"),
        ("rate", -0.5, "-0.5"),
        ("shuffle", False, "False"),
        ("amp", True, "True"),
        ("amp", False, "False"),
        ("tag", ["a", "--b"], "('a', '--b')"),
        ("shape", [3, 4], "(3, 4)"),
        ("model", "large", "'large'"),
        ("data", "-there", "'-there'"),
    ],
)
def test_click(tmp_path: Path, name: str, value: Any, printed: str) -> None:
    pytest.importorskip("click")
    path = script(tmp_path, CLICK.replace("NAME", repr(name)))
    signature = inspect(path)
    assert (signature.style, signature.takes(name), signature.takes("sze")) == (
        "click",
        "yes",
        "no",
    )
    assert received(path, {name: value}) == printed


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("batch_size", 64, "64"),
        ("rate", 2, "2.0"),
        ("shuffle", False, "False"),
        ("amp", True, "True"),
        ("amp", False, "False"),
        ("tag", ["a", "--b"], "['a', '--b']"),
        ("note", "x y", "'x y'"),
        ("data", "there", "'there'"),
    ],
)
def test_typer(tmp_path: Path, name: str, value: Any, printed: str) -> None:
    pytest.importorskip("typer")
    path = script(tmp_path, TYPER.replace("NAME", repr(name)))
    signature = inspect(path)
    assert (signature.style, signature.takes(name), signature.takes("sze")) == (
        "typer",
        "yes",
        "no",
    )
    assert received(path, {name: value}) == printed


def test_typer_run(tmp_path: Path) -> None:
    pytest.importorskip("typer")
    source = "import typer\ndef main(size: int):\n    print(size)\ntyper.run(main)\n"
    path = script(tmp_path, source)
    assert inspect(path).find("size") == Known("size", "int", how="positional")
    assert received(path, {"size": 3}) == "3"


def test_typer_subcommands_are_open(tmp_path: Path) -> None:
    source = """
    import typer
    app = typer.Typer()
    @app.command()
    def fit(): ...
    @app.command()
    def score(): ...
    app()
    """
    signature = inspect(script(tmp_path, source))
    assert (signature.takes("x"), signature.why) == ("unknown", "it has subcommands")


INT = Known("batch_size", "int", 32)


@pytest.mark.parametrize(
    ("value", "known", "problem"),
    [
        (64, INT, None),
        ("512,256,128", INT, 'batch_size takes an int, not "512,256,128"'),
        (1.5, INT, "batch_size takes an int, not 1.5"),
        (True, INT, "batch_size takes an int, not true"),
        ([1], INT, "batch_size takes an int, not [1]"),
        (None, INT, "batch_size can not be none: it is an argument with a default"),
        (None, INT._replace(how="constant"), None),
        (1, Known("rate", "float"), None),
        ("x", Known("rate", "float"), 'rate takes a float, not "x"'),
        (1, Known("amp", "bool"), "amp takes true or false, not 1"),
        (3, Known("layers", "list", [1]), "layers takes a list, not 3"),
        (3, Known("layers", "int", many=True), "layers takes a list of values, not 3"),
        ([3, "x"], Known("layers", "int", many=True), 'layers takes an int, not "x"'),
        ("m", Known("model", "str", choices=("s", "l")), 'model takes one of "s", "l", not "m"'),
        (12, Known("tag", "str"), None),
        ({"a": 1}, Known("tag", "str"), 'tag takes a string, not {"a": 1}'),
        ([1], Known("free", "any"), None),
    ],
)
def test_checked(value: Any, known: Known, problem: str | None) -> None:
    assert checked(value, known) == problem


def test_notebook_signatures(place: Place) -> None:
    place.notebook("%matplotlib inline\nsize = 1", "rate = 0.5\n!ls\nnames = !ls", "%%bash\nx=1")
    signature = inspect(str(place.code / "train.ipynb"), "notebook")
    assert signature.names == ["size", "rate"]
    assert signature.takes("x") == "no"
    place.notebook("size = 1", code_cell("rate = 0.5", "parameters"))
    signature = inspect(str(place.code / "train.ipynb"), "notebook")
    assert (signature.style, signature.names) == ("notebook", ["rate"])


def test_notebook_rewriting_touches_only_the_value(place: Place) -> None:
    place.notebook("%%time\nsize = 1  # größe\n", "print('1')")
    path = place.code / "train.ipynb"
    before = json.loads(path.read_text())
    assert hand_over(inspect(str(path), "notebook"), {"size": 2}, str(path), "notebook") == []
    after = json.loads(path.read_text(encoding="utf-8"))
    assert after["cells"][0]["source"] == ["%%time\n", "size = 2  # größe"]
    after["cells"][0]["source"] = before["cells"][0]["source"]
    assert after == before


def test_spawned_children_see_the_new_value(place: Place) -> None:
    place.script(
        """
        import multiprocessing

        size = 1

        def show():
            print("child", size, flush=True)

        if __name__ == "__main__":
            process = multiprocessing.get_context("spawn").Process(target=show)
            process.start()
            process.join()
            print("parent", size)
        """
    )
    assert place.run(params={"size": 2}).out == "child 2\nparent 2\n"
