import inspect
import threading
from pathlib import Path

import pytest

import fahr_core.testing
from fahr_core.models import Capability
from fahr_core.session import open_session
from fahr_core.testing.promises import broken, eventually, need, within


def test_a_broken_promise_is_told_with_the_fact():
    assert broken("lines come in order", ["b", "a"]) == (
        "promise broken: lines come in order\n['b', 'a']"
    )


def test_what_hangs_breaks_its_promise():
    with pytest.raises(AssertionError, match=r"promise broken: it ends\s+not within 0\.01 s"):
        within(0.01, "it ends", threading.Event().wait)


@pytest.mark.parametrize("answer", [None, 0, "done"])
def test_what_ends_in_time_gives_its_answer(answer):
    assert within(10, "it ends", lambda: answer) is answer


def test_an_error_comes_through():
    with pytest.raises(ZeroDivisionError):
        within(10, "it ends", lambda: 1 / 0)


def test_asking_goes_on_until_there_is_an_answer():
    answers = iter([None, None, "there"])
    assert eventually(lambda: next(answers), 10, "it comes", 0.001) == "there"
    with pytest.raises(AssertionError, match="promise broken: it comes"):
        eventually(lambda: None, 0.01, "it comes", 0.001)


def test_what_a_driver_does_not_declare_is_skipped_by_name():
    session = open_session("local")
    need(session, Capability.STOP)
    with pytest.raises(pytest.skip.Exception, match="local does not declare the capability nodes"):
        need(session, Capability.NODES)


def test_pytest_rewrites_every_module_that_asserts():
    folder = Path(fahr_core.testing.__file__).parent
    asserting = {file.stem for file in folder.glob("*.py") if "    assert " in file.read_text()}
    assert asserting == set(fahr_core.testing._REWRITTEN)


@pytest.mark.parametrize("name", fahr_core.testing.__all__)
def test_every_promise_is_told_in_prose(name):
    contract = getattr(fahr_core.testing, name)
    methods = {key: value for key, value in vars(contract).items() if key.startswith("test_")}
    assert contract.__doc__
    assert [key for key, value in methods.items() if not inspect.getdoc(value)] == []
    assert not name.startswith("Test")
