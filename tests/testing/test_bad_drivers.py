"""Each contract catches a driver that breaks it, and names the promise.

The bad drivers are the one in memory with a hook or two replaced. Their tests run in a pytest
of its own, as a plugin's would.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from filelock import FileLock

from fahr_core.testing import DriverContract, RenderContract

HERE = Path(__file__).parent

#: Which test of a bad driver fails, and with which promise.
BROKEN = {
    ("packaging", "telling_of_itself_imports_no_sdk"): "train_info imports no SDK",
    ("settings", "the_model_is_strict"): 'an unknown setting is refused: extra="forbid"',
    ("settings", "every_setting_is_documented"): "every setting has a description",
    ("settings", "the_defaults_are_valid"): "every default is a valid value",
    ("settings", "reading_the_model_imports_no_sdk"): "the settings' module imports no SDK",
    ("render", "the_same_job_gives_the_same_files"): "the same job renders the same files",
    ("render", "files_stay_in_the_experiment"): "rendered files stay in the experiment folder",
    ("render", "odd_names_are_no_commands"): "a shell script quotes a user's names",
    ("submit", "planning_is_pure_and_asks_nobody"): "the same job gives the same request",
    ("submit", "a_job_is_absent_before_and_found_after"): "what was sent is Found",
    ("submit", "sending_twice_makes_one_job"): "sending a request again makes no second job",
    ("state", "a_failure_has_its_reason"): "the reason of a failure names the exception",
    ("state", "many_jobs_are_answered_in_order"): "each job is answered, in the order of the",
    ("logs", "every_line_comes_once_and_in_order"): "a job's lines come each once",
    ("logs", "reading_goes_on_after_a_cursor"): "a log goes on right after the cursor",
    ("stop", "the_script_is_asked_to_end"): "SIGTERM reaches the script",
    ("stop", "stopping_twice_is_no_error"): "stopping says what was done: stopped, stop",
    ("fetch", "every_file_comes_as_it_was"): "nothing is written outside of the folder",
    ("fetch", "only_what_is_asked_for_comes"): "only what fits a pattern comes",
    ("life_cycle", "parameters_reach_a_script"): "parameters reach a script, each of its type",
    ("life_cycle", "secrets_reach_the_job_and_stay_nowhere"): "a secret is kept nowhere when",
}
CONTRACTS = sorted({contract for contract, _ in BROKEN})


def source_of(contract: str) -> str:
    """Give a plugin's test of a bad driver."""
    name = "".join(part.capitalize() for part in contract.split("_"))
    return (
        f"from fahr_core.testing import {name}Contract\n"
        f"class TestBad({name}Contract):\n"
        f"    driver = {str(HERE / f'bad_{contract}.py')!r}\n"
        "    wait_timeout = start_timeout = 30.0\n"
    )


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Run the tests of the bad drivers and give the message of each that failed.

    One worker runs them for all.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "bad-drivers"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            run_in(folder)
    return dict(messages(folder / "report.xml"))


def run_in(folder: Path) -> None:
    """Run the tests of the bad drivers, and leave the report."""
    folder.mkdir()
    chosen = []
    for contract in CONTRACTS:
        file = folder / f"test_{contract}.py"
        file.write_text(source_of(contract))
        tests = [test for owner, test in BROKEN if owner == contract]
        chosen += [f"{file.name}::TestBad::test_{test}" for test in tests]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--junitxml=report.xml"]
    command = [sys.executable, "-m", "pytest", f"--rootdir={folder}", *options, *chosen]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr


def messages(report: Path):
    for case in ElementTree.parse(report).iter("testcase"):
        contract = case.get("classname", "").partition(".")[0].removeprefix("test_")
        for failure in case.iter("failure"):
            name = case.get("name", "").removeprefix("test_")
            yield (contract, name), failure.get("message", "")


@pytest.mark.parametrize(("contract", "test"), BROKEN, ids=map("-".join, BROKEN))
def test_a_bad_driver_fails_with_the_promise_that_it_breaks(failures, contract, test):
    assert f"promise broken: {BROKEN[contract, test]}" in failures.get((contract, test), "")


def test_each_contract_has_its_bad_driver():
    named = {f"{''.join(map(str.capitalize, name.split('_')))}Contract" for name in CONTRACTS}
    assert {base.__name__ for base in DriverContract.__bases__} == named


class TestRendering(RenderContract):
    driver = str(HERE / "rendering_driver.py")
