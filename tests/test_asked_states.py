from __future__ import annotations

import threading

import pytest

from fahr_core.asked_states import LAST_LINES, ask_each, reason_by_log, without_secrets
from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import JobRef, JobState, LogLine, State

REFS = [JobRef(driver="cloud", id=str(number)) for number in range(12)]


def state_of(ref: JobRef, state: State = State.RUNNING, **more) -> JobState:
    return JobState(ref=ref, state=state, **more)


def test_the_answers_are_in_the_order_of_the_question():
    first_waits = threading.Event()

    def ask(ref: JobRef) -> JobState:
        if ref is REFS[0]:
            assert first_waits.wait(20)
        else:
            first_waits.set()
        return state_of(ref)

    assert [said.ref for said in ask_each(ask, REFS)] == REFS


@pytest.mark.parametrize("count", [0, 1])
def test_few_are_asked_for_without_a_thread(count):
    here = threading.get_ident()
    asked = []
    ask_each(lambda ref: asked.append(threading.get_ident()) or state_of(ref), REFS[:count])
    assert asked == [here] * count


def test_an_error_is_the_callers():
    def ask(ref: JobRef) -> JobState:
        raise ServiceError("no answer")

    with pytest.raises(ServiceError):
        ask_each(ask, REFS)


class TestSecrets:
    REF = JobRef(driver="cloud", id="1", data={"secrets": "store:digits-1"})

    @pytest.mark.parametrize("state", list(State))
    def test_they_go_when_the_job_has_ended(self, state):
        gone = []
        said = state_of(self.REF, state)
        assert without_secrets(said, lambda: gone.append(1)) is said
        assert bool(gone) is state.final

    def test_a_job_without_secrets_forgets_none(self):
        said = state_of(REFS[0], State.COMPLETE)
        assert without_secrets(said, lambda: pytest.fail("there are none")) is said

    def test_that_they_stay_is_told(self):
        def forget():
            raise AccessError("may not delete")

        said = without_secrets(state_of(self.REF, State.FAILED, detail="Failed"), forget)
        assert said.detail == "Failed; its secrets are still there: may not delete"


class TestReason:
    @pytest.mark.parametrize(
        ("code", "first"),
        [
            (None, "the service gives no reason"),
            (3, "exit status 3"),
            (137, "exit status 137 (killed: out of memory?)"),
        ],
    )
    def test_it_begins_with_the_status(self, code, first):
        lines = [LogLine(text="loading"), LogLine(text=" "), LogLine(text="Killed")]
        reason = reason_by_log(code, "the service gives no reason", lambda _: lines)
        assert reason == f"{first}\nloading\nKilled"

    def test_the_last_lines_alone_are_asked_for(self):
        asked = []
        reason_by_log(1, "", lambda count: asked.append(count) or [])
        assert asked == [LAST_LINES]

    def test_a_job_that_printed_nothing_is_said_to(self):
        reason = reason_by_log(3, "", lambda _: [LogLine(text=" ")])
        assert reason == "exit status 3\n(it printed nothing)"

    def test_a_log_that_cannot_be_read_is_told(self):
        def read(_):
            raise AccessError("may not read")
            yield

        assert "(its log cannot be read: may not read)" in reason_by_log(1, "", read)
