from inspect import signature

import pytest

from fahr_core.errors import AccessError, DriverError
from fahr_core.hookspecs import BuildHooks, TrainHooks
from fahr_core.models import Artifacts, Capability, Code, Environment, Finding, Job, JobRef
from fahr_core.roles import ROLE_HOOKS, hooks_of, required_hooks
from fahr_core.session import open_session
from tests.distributions import BUILD, TRAIN, Distributions, distributions

__all__ = ["distributions"]

REF = JobRef(driver="moon", id="1")
JOB = Job(
    name="digits-train-1",
    run_id="abc",
    remote_name="digits-train-1-abc",
    experiment="/digits",
    artifact="train.py",
    kind="script",
    train_driver="moon",
    code=Code(digest="sha256:0", files=1, size=1),
    environment=Environment(),
)
EXTENSION = """
from dataclasses import replace
from fahr_core.hookspecs import hookimpl
from fahr_core.models import Finding

@hookimpl(wrapper=True)
def amend_job(job):
    return replace((yield), timeout=60.0)
"""


@pytest.fixture
def moon(distributions: Distributions):
    distributions.add("moon")
    return distributions


def add_extension(moon: Distributions, source=EXTENSION, name="guard"):
    moon.add(name, source, group="fahr.extensions")


def refused(name="moon", **drivers):
    with pytest.raises(DriverError) as raised:
        open_session(name, **drivers)
    return str(raised.value)


def test_a_session_calls_the_driver_that_was_chosen(moon):
    moon.add("mars", TRAIN.replace("a test", "another"))
    assert open_session("moon").info.title == "a test"
    assert open_session("mars").info.title == "another"


def test_the_local_driver_opens():
    session = open_session("local")
    assert session.can(Capability.STOP)
    assert not session.can(Capability.IMAGE)
    assert session.render_artifacts(JOB, None) == Artifacts()


def test_the_core_gives_the_job_as_it_is(moon):
    assert open_session("moon").amend_job(JOB) is JOB


# -- the contract is checked at load ----------------------------------------------------------


def test_a_misspelt_hook_is_found(moon):
    moon.add("bad", TRAIN + "@hookimpl\ndef job_statez(refs): ...\n")
    message = refused("bad")
    assert 'train driver "bad" (fahr-bad 1.2) is broken' in message
    assert "job_statez" in message


def test_a_wrong_argument_is_found(moon):
    moon.add("bad", TRAIN.replace("job_states(refs)", "job_states(refs, often)"))
    assert "often" in refused("bad")


@pytest.mark.parametrize("hook", sorted(required_hooks("train") - {"train_info"}))
def test_a_driver_without_a_hook_is_refused(moon, hook):
    moon.add("bad", TRAIN.replace(f"@hookimpl\ndef {hook}(", f"def {hook}("))
    assert f"it does not implement {hook}" in refused("bad")


def test_a_driver_that_says_nothing_of_itself_is_refused(moon):
    moon.add("bad", TRAIN.replace("@hookimpl\ndef train_info(", "def train_info("))
    assert "it does not implement train_info" in refused("bad")


@pytest.mark.parametrize("answer", ["{}", "TrainInfo"])
def test_a_driver_that_says_something_else_of_itself_is_refused(moon, answer):
    moon.add("bad", TRAIN.replace('TrainInfo(title="a test", settings="none:None")', answer))
    assert "is broken: train_info gave " in refused("bad")


@pytest.mark.parametrize(
    ("capability", "hook"),
    [
        ("STOP", "stop_job"),
        ("REMOTE_JOBS", "find_job"),
        ("REMOTE_LIST", "list_jobs"),
        ("IMAGE", "image_target"),
        ("IMAGE", "registry_login"),
    ],
)
def test_what_a_driver_declares_it_has_to_implement(moon, capability, hook):
    declared = f'"none:None", capabilities=frozenset({{Capability.{capability}}})'
    moon.add("bad", TRAIN.replace('"none:None"', declared))
    assert hook in refused("bad")


@pytest.mark.parametrize("hook", ["base_image(job, environment)", "amend_job(job)"])
def test_a_hook_of_another_role_is_refused(moon, hook):
    moon.add("bad", TRAIN + f"@hookimpl\ndef {hook}: ...\n")
    assert f"{hook.partition('(')[0]} is not a hook of a train driver" in refused("bad")


def test_a_build_driver_with_a_train_hook_is_refused(moon):
    source = BUILD + "@hookimpl\ndef job_states(refs): ...\n"
    moon.add("brick", source, group="fahr.build_drivers")
    assert 'build driver "brick"' in refused(build="brick")
    assert "job_states is not a hook of a build driver" in refused(build="brick")


def test_an_incomplete_build_driver_is_refused(moon):
    source = BUILD.replace("@hookimpl\ndef build_image(", "def build_image(")
    moon.add("brick", source, group="fahr.build_drivers")
    assert "it does not implement build_image" in refused(build="brick")


def test_every_hook_belongs_to_a_role():
    assert ROLE_HOOKS["train"] & ROLE_HOOKS["build"] == {"preflight"}
    assert "amend_job" not in ROLE_HOOKS["train"]


# -- calling ----------------------------------------------------------------------------------


ECHO = """
from fahr_core.hookspecs import hookimpl
from fahr_core.models import BuildInfo, Capability, TrainInfo

@hookimpl
def {role}_info(): return {info}
"""


def echo(role, info):
    """Give a driver whose every hook answers with its own name and what it was given."""
    source = ECHO.format(role=role, info=info)
    specs = {"train": TrainHooks, "build": BuildHooks}[role]
    for hook in sorted(hooks_of(specs) - {"train_info", "build_info", "amend_job"}):
        names = ", ".join(list(signature(getattr(specs, hook)).parameters)[1:])
        source += f"@hookimpl\ndef {hook}({names}): return ['{hook}', {names}]\n"
    return source


#: What each method of a session hands to the hook of its name.
CALLS = {
    "render_artifacts": lambda session: session.render_artifacts("job", "base"),
    "image_target": lambda session: session.image_target("job"),
    "registry_login": lambda session: session.registry_login("target"),
    "plan_submission": lambda session: session.plan_submission("job", "artifacts", "image"),
    "stage_request": lambda session: session.stage_request("request", "secrets", "progress"),
    "submit_jobs": lambda session: session.submit_jobs("requests"),
    "find_submission": lambda session: session.find_submission("request"),
    "find_job": lambda session: session.find_job("name", "settings"),
    "job_states": lambda session: session.job_states("refs"),
    "stop_job": lambda session: session.stop_job("ref"),
    "fetch_output": lambda session: session.fetch_output(
        "ref", "destination", "options", "progress"
    ),
    "base_image": lambda session: session.base_image("job", "environment"),
    "build_image": lambda session: session.build_image(
        "job", "artifacts", "target", "login", "progress"
    ),
}


@pytest.mark.parametrize(("hook", "call"), CALLS.items(), ids=CALLS)
def test_a_hook_reaches_its_driver_with_what_it_was_given(distributions, hook, call):
    distributions.add("echo", echo("train", "TrainInfo(title='', settings='')"))
    build = echo("build", "BuildInfo(title='', settings='')")
    distributions.add("brick", build, group="fahr.build_drivers")
    answer = call(open_session("echo", build="brick"))
    specs = TrainHooks if hasattr(TrainHooks, hook) else BuildHooks
    assert answer == [hook, *list(signature(getattr(specs, hook)).parameters)[1:]]


def test_what_stages_nothing_of_a_jobs_own_takes_nothing_away(distributions, moon):
    open_session("moon").unstage_request("request")
    calls = "\n@hookimpl\ndef unstage_request(request): raise ValueError(request)\n"
    distributions.add("mars", TRAIN + calls)
    with pytest.raises(DriverError, match=r'"mars" failed in unstage_request: ValueError: the one'):
        open_session("mars").unstage_request("the one")


def test_the_findings_of_both_drivers_are_joined(moon):
    finding = (
        "\nfrom fahr_core.models import Finding\n@hookimpl\n"
        "def preflight(job): return [Finding(level='error', subject='{0}', message='no {0}')]\n"
    )
    moon.add("mars", TRAIN + finding.format("quota"))
    moon.add("brick", BUILD + finding.format("engine"), group="fahr.build_drivers")
    findings = open_session("mars", build="brick").preflight(JOB)
    assert {found.subject for found in findings} == {"quota", "engine"}
    assert open_session("moon").preflight(JOB) == []


def test_the_build_driver_answers_for_itself(moon):
    moon.add("brick", BUILD, group="fahr.build_drivers")
    session = open_session("moon", build="brick")
    assert session.base_image(JOB, Environment()).reference == "python"
    assert session.build_info().title == "a test"


def test_a_bug_of_a_driver_is_told_with_driver_and_hook(moon):
    moon.add("bad", TRAIN.replace("def job_states(refs): return []", "def job_states(refs): 1 / 0"))
    with pytest.raises(
        DriverError, match='"bad" failed in job_states: ZeroDivisionError'
    ) as raised:
        open_session("bad").job_states([REF])
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_an_error_of_the_tree_passes_as_it_is(moon):
    raising = (
        "def job_states(refs): from fahr_core.errors import AccessError; raise AccessError('x')"
    )
    moon.add("bad", TRAIN.replace("def job_states(refs): return []", raising))
    with pytest.raises(AccessError, match=r"^x$"):
        open_session("bad").job_states([REF])


def test_a_hook_that_gives_none_is_told(moon):
    with pytest.raises(
        DriverError, match=r"\(fahr-moon 1.2\) is broken: find_submission gave None"
    ):
        open_session("moon").find_submission(None)


def test_a_hook_that_is_not_there_is_told_though_an_extension_wraps_it(moon):
    add_extension(
        moon,
        "from fahr_core.hookspecs import hookimpl\n@hookimpl(wrapper=True)\n"
        "def stop_job(ref):\n    yield\n    return 'stopped'\n",
    )
    session = open_session("moon", extensions=["guard"])
    assert session.warnings == []
    with pytest.raises(DriverError, match="it does not implement stop_job"):
        session.stop_job(REF)


# -- logs -------------------------------------------------------------------------------------


def test_leaving_the_block_closes_the_log(moon):
    moon.add(
        "mars",
        TRAIN.replace(
            "return iter(())",
            """
    global closed
    closed = False
    try:
        yield 'one'
        yield 'two'
    finally:
        closed = True
""",
        ),
    )
    session = open_session("mars")
    with session.logs(REF, follow=True, after=None) as lines:
        assert next(lines) == "one"
        import fahr_mars

        assert not fahr_mars.closed
    assert fahr_mars.closed


def test_a_plain_iterator_is_a_log_too(moon):
    moon.add("mars", TRAIN.replace("return iter(())", "return iter(['one', 'two'])"))
    with open_session("mars").logs(REF, follow=False, after=None) as lines:
        assert list(lines) == ["one", "two"]


def test_a_bug_between_two_lines_is_the_drivers(moon):
    moon.add("bad", TRAIN.replace("return iter(())", "yield 'one'; raise KeyError('token')"))
    with open_session("bad").logs(REF, follow=False, after=None) as lines:
        assert next(lines) == "one"
        with pytest.raises(DriverError, match="failed in stream_logs: KeyError: 'token'"):
            next(lines)


def test_an_error_of_the_reader_passes_as_it_is(moon):
    opened = open_session("moon").logs(REF, follow=False, after=None)
    with pytest.raises(RuntimeError, match="mine"), opened:
        raise RuntimeError("mine")


# -- extensions -------------------------------------------------------------------------------


def test_an_extension_wraps(moon):
    add_extension(moon)
    session = open_session("moon", extensions=["guard", "guard"])
    assert session.warnings == []
    assert session.amend_job(JOB).timeout == 60.0


def test_an_extension_that_is_not_switched_on_does_nothing(moon):
    add_extension(moon)
    assert open_session("moon").amend_job(JOB).timeout is None


SKIPPED = {
    "it may only wrap": (
        EXTENSION + "@hookimpl(tryfirst=True)\ndef job_states(refs): return 'hijacked'\n",
        "job_states is no wrapper; an extension may only wrap",
    ),
    "old-style wrapper": (
        EXTENSION + "@hookimpl(hookwrapper=True)\ndef job_states(refs): yield\n",
        "job_states is no wrapper",
    ),
    "misspelt": (
        EXTENSION + "@hookimpl(wrapper=True)\ndef job_statez(refs): return (yield)\n",
        "job_statez",
    ),
    "wrong argument": (
        EXTENSION + "@hookimpl(wrapper=True)\ndef job_states(often): return (yield)\n",
        "often",
    ),
    "hijacks before it breaks": (
        "from fahr_core.hookspecs import hookimpl\n"
        "@hookimpl(tryfirst=True)\ndef amend_job(job): return 'hijacked'\n"
        "@hookimpl\ndef job_states(often): ...\n",
        "often",
    ),
    "does not load": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
}


@pytest.mark.parametrize(("source", "said"), SKIPPED.values(), ids=SKIPPED)
def test_a_broken_extension_is_skipped_whole_and_told(moon, source, said):
    add_extension(moon, source)
    session = open_session("moon", extensions=["guard"])
    (warning,) = session.warnings
    assert warning.startswith("extension guard is skipped: ")
    assert said in warning
    assert session.amend_job(JOB) is JOB
    assert session.job_states([]) == []


def test_a_missing_extension_is_skipped_and_told(moon):
    (warning,) = open_session("moon", extensions=["gard"]).warnings
    assert 'no extension "gard"' in warning


def test_a_broken_extension_hurts_no_other(moon):
    add_extension(moon, SKIPPED["hijacks before it breaks"][0], name="bad")
    add_extension(moon)
    session = open_session("moon", extensions=["bad", "guard"])
    assert len(session.warnings) == 1
    assert session.amend_job(JOB).timeout == 60.0


@pytest.mark.parametrize("hook", ["amend_job", "preflight"])
def test_an_extension_that_swallows_the_answer_is_named(moon, hook):
    add_extension(
        moon,
        EXTENSION.replace("amend_job", hook).replace(
            "return replace((yield), timeout=60.0)", "yield"
        ),
    )
    session = open_session("moon", extensions=["guard"])
    with pytest.raises(DriverError, match=f"{hook} gave None\n  wrapped by: guard"):
        getattr(session, hook)(JOB)


def test_an_extension_may_add_a_finding(moon):
    add_extension(
        moon,
        EXTENSION.replace("amend_job", "preflight").replace(
            "replace((yield), timeout=60.0)",
            "[*(yield), [Finding(level='error', subject='budget', message='spent')]]",
        ),
    )
    assert open_session("moon", extensions=["guard"]).preflight(JOB) == [
        Finding(level="error", subject="budget", message="spent")
    ]


LISTING = """
@hookimpl
def list_jobs(settings):
    try:
        yield settings["first"]
        raise KeyError("page")
    finally:
        print("closed")
"""


def test_a_list_is_read_as_far_as_it_is_wanted_and_closed(moon, capsys):
    moon.add("mars", TRAIN + LISTING)
    with open_session("mars").list_jobs({"first": "one"}) as jobs:
        assert next(jobs) == "one"
        assert capsys.readouterr().out == ""
    assert capsys.readouterr().out == "closed\n"


def test_what_fails_between_two_jobs_is_the_drivers_failure(moon):
    moon.add("mars", TRAIN + LISTING)
    with open_session("mars").list_jobs({"first": "one"}) as jobs:
        next(jobs)
        with pytest.raises(DriverError, match="failed in list_jobs: KeyError: 'page'"):
            next(jobs)
