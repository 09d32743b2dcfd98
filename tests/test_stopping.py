from __future__ import annotations

import pytest

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.models import State, StopResult
from fahr_core.stopping import stop_unless_done


class Service:
    """A service that knows one job, by the states that it is in when it is looked at."""

    def __init__(self, *states: State | None, refusal: FahrError | None = None) -> None:
        self.states = list(states)
        self.refusal = refusal
        self.ordered = 0

    def look(self) -> State | None:
        return self.states.pop(0)

    def order(self) -> None:
        self.ordered += 1
        if self.refusal:
            raise self.refusal

    def stop(self) -> StopResult:
        return stop_unless_done(
            self.look,
            self.order,
            unknown="no such job",
            is_refusal=lambda error: not isinstance(error, ServiceError),
        )


@pytest.mark.parametrize("state", [State.SUBMITTED, State.RUNNING])
@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (State.STOPPING, "stopping"),
        (State.STOPPED, "stopped"),
        (State.RUNNING, "stopping"),  # the service is slow to say so
    ],
)
def test_a_job_that_goes_on_is_ordered_to_stop(state, after, outcome):
    service = Service(state, after)
    assert service.stop() == StopResult(outcome=outcome)
    assert service.ordered == 1


@pytest.mark.parametrize(
    ("state", "result"),
    [
        (None, StopResult(outcome="not-possible", reason="no such job")),
        (State.STOPPING, StopResult(outcome="stopping")),
        (State.STOPPED, StopResult(outcome="stopped")),
        (State.COMPLETE, StopResult(outcome="ended", reason="it was complete already")),
        (State.FAILED, StopResult(outcome="ended", reason="it was failed already")),
    ],
)
def test_a_job_that_is_done_gets_no_order(state, result):
    service = Service(state)
    assert service.stop() == result
    assert service.ordered == 0


def test_a_job_that_ends_before_the_order_comes_is_no_error():
    service = Service(State.RUNNING, State.COMPLETE, refusal=FahrError("it has ended"))
    assert service.stop().reason == "it was complete already"


def test_a_refusal_of_a_job_that_goes_on_is_one():
    with pytest.raises(AccessError):
        Service(State.RUNNING, State.RUNNING, refusal=AccessError("may not")).stop()


def test_a_service_that_does_not_answer_is_not_asked_again():
    with pytest.raises(ServiceError):
        Service(State.RUNNING, refusal=ServiceError("no answer")).stop()
