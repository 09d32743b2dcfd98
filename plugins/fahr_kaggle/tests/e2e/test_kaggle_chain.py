"""A job longer than a session goes on in the next one."""

from __future__ import annotations

from tests.conftest import wait_until

from fahr_core.ledger import Ledger

LONG = """
import os, pathlib, time
checkpoints = pathlib.Path(os.environ["FAHR_CHECKPOINT_DIR"])
checkpoints.mkdir(parents=True, exist_ok=True)
counter = checkpoints / "counter"
done = int(counter.read_text()) if counter.exists() else 0
print("begins at", done, flush=True)
for number in range(done + 1, 4):
    counter.write_text(str(number))
    if number < 3:
        time.sleep(600)
pathlib.Path("model.txt").write_text(f"after {number}")
"""


def recorded(fahr, name):
    """Give a job as the record has it, without a command that would look after it."""
    return Ledger(fahr.home / "ledger.sqlite3").exact(name)


def test_a_chain_goes_on_with_the_terminal_closed(fahr, cloud):
    fahr.write("train.py", LONG)
    name = fahr.fit("train.py", "--timeout", "8s", "--chain=3")
    # From here on no command of fahr's is run: the queue's runner looks after the job.
    wait_until(lambda: recorded(fahr, name).state.final, 240)
    job = recorded(fahr, name)
    begun = [session.log.text for session in cloud.sessions]
    assert (job.state, job.attempt) == ("complete", 3), begun
    assert [f"begins at {number}" in text for number, text in enumerate(begun)] == [True] * 3
    assert fahr.fetched(name)["model.txt"].read_text() == "after 3"


def test_a_chain_ends_where_it_was_told_to_though_several_look_after_it(fahr, cloud):
    fahr.write("train.py", LONG)
    name = fahr.fit("train.py", "--timeout", "8s", "-c", "chain=1")
    waiting = [fahr.start("wait", name) for _ in range(3)]
    assert [process.wait(timeout=240) for process in waiting] == [1] * 3
    for process in waiting:
        process.stdout.close()
        process.stderr.close()
    assert recorded(fahr, name).state == "failed"
    assert len(cloud.sessions) == 2


def test_a_chain_that_is_stopped_does_not_go_on(fahr, cloud):
    fahr.write("train.py", LONG)
    name = fahr.fit("train.py", "--chain")
    wait_until(lambda: "begins" in cloud.sessions[0].log.text, 120)
    fahr("stop", name)
    wait_until(lambda: recorded(fahr, name).state.final, 120)
    assert recorded(fahr, name).state == "stopped"
    assert len(cloud.sessions) == 1
