"""A push: once, whatever the network does, and readable whatever Kaggle answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.clouds.kaggle import Account, Limits

from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import Absent, Found, Refused, State, Submitted, Unknown
from fahr_kaggle import connection, submission
from fahr_kaggle.identity import FILE, experiment_id
from jobs import ended, experiment, fetched, log_of, request_of, sent, session

SCRIPT = "print('ran')\n"


@pytest.fixture
def place(tmp_path, kaggle):
    return experiment(tmp_path, {"train.py": SCRIPT})


@pytest.fixture
def impatient(monkeypatch):
    """Give up soon."""
    monkeypatch.setattr(connection, "READ_SECONDS", 0.5)
    monkeypatch.setattr(connection, "PATIENCE", 1.0)
    monkeypatch.setattr(connection, "FIRST_PAUSE", 0.05)


def submit(request):
    (answer,) = session().submit_jobs([request])
    return answer


def test_a_job_is_a_private_version_of_the_artifacts_kernel(place, kaggle):
    ref = sent(request_of(place))
    kernel = kaggle.kernels["anna/train"]
    assert (ref.id, kernel.is_private, len(kernel.versions)) == ("anna/train/1", True, 1)
    assert sent(request_of(place)).id == "anna/train/2"
    assert {ended(ref).state, kaggle.wait("anna/train", 2).status} == {State.COMPLETE, "COMPLETE"}


def test_calls_name_their_program(place, kaggle):
    sent(request_of(place))
    assert {call.user_agent.partition("/")[0] for call in kaggle.calls} == {"fahr-kaggle"}


def test_another_experiment_does_not_push_over_it(place, kaggle, tmp_path):
    sent(request_of(place))
    other = experiment(tmp_path, {"train.py": SCRIPT}, "letters")
    answer = submit(request_of(other))
    assert isinstance(answer, Refused)
    assert "belongs to train.py of the experiment digits" in answer.reason
    assert answer.hints[0].startswith("fahr fit -c slug=letters-train ")
    assert sent(request_of(other, pairs=["slug=letters-train"])).id == "anna/letters-train/1"
    assert len(kaggle.kernels["anna/train"].versions) == 1


def test_the_same_experiment_elsewhere_goes_on_with_its_kernel(place, tmp_path):
    sent(request_of(place))
    clone = experiment(tmp_path / "clone", {"train.py": SCRIPT, FILE: experiment_id(place)})
    assert sent(request_of(clone)).id == "anna/train/2"


def test_a_kernel_of_somebodys_own_is_taken_only_by_its_name(place, kaggle, client_push):
    client_push("train", "print('mine')")
    answer = submit(request_of(place))
    assert isinstance(answer, Refused)
    assert "not from fahr" in answer.reason
    assert sent(request_of(place, pairs=["slug=train"])).id == "anna/train/2"


@pytest.fixture
def client_push():
    """Give a function that pushes a script as somebody without fahr would."""
    from fahr_kaggle.client import Kaggle

    def push(slug, text):
        with Kaggle() as service:
            fields = {"language": "python", "kernelType": "script", "isPrivate": True}
            service.push({"slug": f"anna/{slug}", "newTitle": slug, "text": text, **fields})

    return push


@pytest.mark.parametrize("kind", ["lost", "torn"])
def test_a_push_whose_answer_is_lost_is_found(place, kaggle, impatient, kind):
    request = request_of(place)
    kaggle.faults.add("SaveKernel", kind)
    answer = submit(request)
    found = session().find_submission(request)
    assert isinstance(found, Found)
    assert submit(request).ref == answer.ref == found.ref
    assert len(kaggle.sessions) == 1


def test_a_push_that_arrives_late_is_found(place, kaggle, impatient, monkeypatch):
    monkeypatch.setattr(submission, "_LATE", (0.2,) * 20)
    kaggle.faults.add("SaveKernel", "slow", seconds=1.5)
    assert isinstance(submit(request_of(place)), Submitted)
    assert len(kaggle.sessions) == 1


@pytest.mark.parametrize("kind", ["cut", "broken", "silent"])
def test_a_push_that_did_not_arrive_is_absent(place, kaggle, impatient, kind):
    request = request_of(place)
    kaggle.faults.add("SaveKernel", kind)
    assert isinstance(submit(request), Unknown)
    assert isinstance(session().find_submission(request), Absent)
    assert kaggle.sessions == []


def test_too_many_calls_are_waited_out(place, kaggle):
    kaggle.faults.add("SaveKernel", "limited", times=2, seconds=0)
    assert isinstance(submit(request_of(place)), Submitted)
    assert len(kaggle.sessions) == 1


def test_a_server_that_says_nothing_is_given_up(place, kaggle, impatient):
    kaggle.faults.add("GetKernel", "silent", times=9)
    answer = submit(request_of(place))
    assert isinstance(answer, Refused)
    assert answer.busy
    assert "does not answer" in answer.reason


def test_sessions_in_use_are_no_refusal_for_good(tmp_path, place, kaggle):
    kaggle.limits = Limits(cpu_sessions=0)
    answer = submit(request_of(place))
    assert isinstance(answer, Refused)
    assert (answer.busy, "session count of 0 reached" in answer.reason) == (True, True)


def test_a_used_up_quota_is_one(place, kaggle):
    kaggle.limits = Limits(gpu_seconds=0)
    answer = submit(request_of(place, options={"gpu": "any"}))
    assert isinstance(answer, Refused)
    assert not answer.busy
    assert "GPU quota" in answer.reason


def test_a_source_that_is_left_out_is_an_error(place, kaggle):
    answer = submit(request_of(place, pairs=["dataset_sources=bert/none"]))
    assert isinstance(answer, Refused)
    assert "left out bert/none" in answer.reason


def test_the_wrong_account_is_told(place):
    answer = submit(request_of(place, pairs=["username=bert"]))
    assert isinstance(answer, Refused)
    assert any("username" in hint for hint in answer.hints)


def test_credentials_that_are_not_taken_are_told(place, outside):
    outside.setenv("KAGGLE_KEY", "wrong")
    answer = submit(request_of(place))
    assert isinstance(answer, Refused)
    assert "KAGGLE_USERNAME and KAGGLE_KEY" in answer.reason
    assert not answer.busy


def test_the_account_of_a_token_is_asked_for(place, kaggle, outside):
    outside.delenv("KAGGLE_USERNAME")
    outside.delenv("KAGGLE_KEY")
    request = request_of(place)
    assert request.body["owner"] is None
    outside.setenv("KAGGLE_API_TOKEN", kaggle.accounts.add(Account("carl")).token)
    assert sent(request).id == "carl/train/1"


def test_old_versions_are_looked_through(place, kaggle):
    first = request_of(place)
    ref = sent(first)
    kaggle.wait("anna/train", 1)
    sent(request_of(place))
    assert session().find_submission(first).ref == ref
    later = replace(request_of(place), run_id="never-was-sent-at")
    assert isinstance(session().find_submission(later), Absent)


def test_no_answer_to_a_search_is_an_error(place, kaggle, impatient):
    kaggle.faults.add("GetKernel", "broken", times=99)
    with pytest.raises(ServiceError, match="500"):
        session().find_submission(request_of(place))


def test_no_credentials(place, outside):
    request = request_of(place)
    outside.delenv("KAGGLE_KEY")
    with pytest.raises(AccessError, match="no Kaggle credentials"):
        session().find_submission(request)


def test_modules_parameters_and_folders_travel(tmp_path, kaggle):
    files = {
        "train.py": "import lib.net\nRATE = 0.1\nprint(lib.net.NAME, RATE)\nopen('m', 'w').close()",
        "lib/__init__.py": "",
        "lib/net.py": "NAME = 'net'",
    }
    ref = sent(request_of(experiment(tmp_path, files), params={"RATE": 0.5}))
    assert ended(ref).state is State.COMPLETE
    assert log_of(ref) == ["net 0.5"]
    assert set(fetched(ref, tmp_path / "out")) == {"m", "fahr-job.json", "fahr-job.log"}


def test_code_above_the_limit_lies_in_a_dataset(tmp_path, kaggle):
    import random

    noise = random.Random(1).randbytes(1_000_000).hex()
    files = {"train.py": "import big\nprint(len(big.TEXT))", "big.py": f"TEXT = '{noise}'"}
    ref = sent(request_of(experiment(tmp_path, files)))
    assert log_of(ref, follow=True) == ["2000000"]
    again = request_of(experiment(tmp_path / "b", files))
    assert session().stage_request(again, {}, lambda *_, **__: None).uploaded == 0
    assert len(kaggle.calls_of("Upload")) == 1


@pytest.mark.parametrize("layout", ["flat", "nested"])
def test_inputs_are_found_in_both_layouts(tmp_path, kaggle, layout):
    kaggle.layout = layout
    kaggle.join("titanic", {"t.csv": "1,2"})
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "sub" / "a b.txt").write_text("deep")
    script = (
        "import os; d = os.environ['FAHR_INPUT_DIR']\n"
        "print(open(d + '/data/sub/a b.txt').read(), open(d + '/comp/t.csv').read())"
    )
    inputs = (f"data={tmp_path / 'data'}", "comp=kaggle://competitions/titanic")
    ref = sent(request_of(experiment(tmp_path, {"train.py": script}), inputs=inputs))
    assert log_of(ref, follow=True) == ["deep 1,2"]


def test_a_chosen_name_is_used_once_whoever_asks(place, kaggle):
    from dataclasses import replace

    def named(**order):
        request = request_of(place, **order)
        plan = session().plan_submission
        return plan(replace(request.job, name="train-of-today"), None, None)

    ref = sent(named())
    again = sent(named())
    assert again == ref
    (place / "train.py").write_text("print('other')")
    answer = submit(named())
    assert isinstance(answer, Refused)
    assert "another job called train-of-today" in answer.reason
    assert sent(request_of(place)).id == "anna/train/2"


def test_the_login_of_the_official_command_is_taken(place, kaggle, outside, home):
    outside.delenv("KAGGLE_USERNAME")
    outside.delenv("KAGGLE_KEY")
    login = {
        "refresh_token": "r",
        "access_token": kaggle.me.token,
        "access_token_expiration": "2099-01-01T00:00:00+00:00",
        "username": "anna",
        "scopes": [],
    }
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "credentials.json").write_text(json.dumps(login))
    assert ended(sent(request_of(place))).state is State.COMPLETE
    assert {call.credentials for call in kaggle.calls if call.credentials} == {"Bearer"}


def test_a_login_that_has_expired_is_told(place, kaggle, outside, home, impatient):
    outside.delenv("KAGGLE_KEY")
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "credentials.json").write_text('{"refresh_token": "r"}')
    answer = submit(request_of(place))
    assert isinstance(answer, Refused)
    assert "credentials.json" in answer.reason
    assert answer.hints == ("kaggle auth login",)
