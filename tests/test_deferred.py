from __future__ import annotations

import inspect
import sys

import pytest

from fahr_core import hookspecs
from fahr_core.deferred import DeferredHooks, function_at
from fahr_core.driver_check import check_driver
from fahr_core.models import TrainInfo
from fahr_core.registry import find
from fahr_core.roles import ROLE_HOOKS
from fahr_core.session import open_session
from tests.plugin_factory import PluginFactory, plugins

__all__ = ["plugins"]

INFO = TrainInfo(title="a place", settings="fahr_core.models:NoSettings")
SERVING = """
def observe(refs):
    return [f"state of {ref}" for ref in refs]

def read(follow, ref):
    yield f"{ref} followed: {follow}"

def wrong(ref, patience):
    pass
"""


@pytest.fixture
def serving(tmp_path, monkeypatch):
    """Put a module with functions where it can be imported."""
    (tmp_path / "serving_functions.py").write_text(SERVING)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("serving_functions", None)


def test_a_function_is_imported_when_its_hook_is_called(serving):
    driver = DeferredHooks(INFO, job_states="serving_functions:observe")
    assert "serving_functions" not in sys.modules
    assert driver.job_states(["a"]) == ["state of a"]
    assert "serving_functions" in sys.modules


def test_a_function_takes_of_the_hooks_arguments_what_it_needs(serving):
    driver = DeferredHooks(INFO, stream_logs="serving_functions:read")
    assert list(driver.stream_logs("a", True, None, None)) == ["a followed: True"]
    assert list(driver.stream_logs(ref="a", follow=False)) == ["a followed: False"]


def test_a_hook_is_described_as_the_contract_describes_it():
    every = {hook: f"serving_functions:{hook}" for hook in ROLE_HOOKS["train"] - {"train_info"}}
    driver = DeferredHooks(INFO, **every)
    for hook in every:
        namespace = hookspecs.SharedHooks if hook == "preflight" else hookspecs.TrainHooks
        specified = getattr(namespace, hook)
        assert inspect.signature(getattr(driver, hook)) == inspect.signature(specified)
        assert getattr(driver, hook).__doc__ == specified.__doc__


def test_a_name_that_is_no_hook_is_refused():
    with pytest.raises(TypeError, match=r"a train driver has no hook job_state$"):
        DeferredHooks(INFO, job_state="serving_functions:observe")


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("nowhere_at_all:observe", ImportError),
        ("serving_functions:nothing", AttributeError),
        ("serving_functions:wrong", TypeError),
    ],
)
def test_what_cannot_serve_is_told(serving, place, error):
    with pytest.raises(error):
        function_at("stop_job", place)


def test_what_a_function_takes_beyond_the_hook_is_named(serving):
    with pytest.raises(TypeError, match=r"wrong takes patience, and stop_job gives ref$"):
        function_at("stop_job", "serving_functions:wrong")


DRIVER = """
from fahr_core.deferred import DeferredHooks
from fahr_core.models import TrainInfo
from pydantic import BaseModel, ConfigDict

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

driver = DeferredHooks(TrainInfo(title="a place", settings=__name__ + ":Settings"), **{places!r})
"""
PLACES = {
    hook: "serving_functions:observe"
    for hook in sorted(ROLE_HOOKS["train"] - {"train_info", "preflight"})
    if hook not in ("find_job", "list_jobs", "stop_job", "image_target", "registry_login")
}


def test_a_session_opens_one_and_calls_it(plugins: PluginFactory, serving):
    plugins.add("moon", DRIVER.format(places=PLACES), target="fahr_moon:driver")
    assert open_session("moon").job_states(["a"]) == ["state of a"]


def test_the_quick_check_imports_what_is_deferred(plugins: PluginFactory, serving):
    plugins.add("moon", DRIVER.format(places=PLACES), target="fahr_moon:driver")
    told = {verdict.subject: verdict for verdict in check_driver(find("train", "moon"))}
    assert told["hooks"].problem.startswith("fetch_output at serving_functions:observe: TypeError:")
