import subprocess
import sys
import time

import pytest

from fahr_core.errors import UnknownJob
from fahr_core.ledger import Ledger
from fahr_core.models import State
from tests.ledgers import PLACE, said, send


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.sqlite3")


def test_words_mean_jobs(ledger):
    for _ in range(11):
        send(ledger)
    other = send(ledger, "resnet48-128-train", experiment="/home/me/resnet48_128")

    def means(word, experiment=None):
        return ledger.resolve(word, experiment).name

    assert means("digits-train-1") == "digits-train-1"
    assert means("digits-train") == "digits-train-11"
    assert means("digits-train-11") == "digits-train-11"
    assert means("res") == other
    assert means("resnet48_128/train") == other
    assert means("../resnet48_128/train.py") == other
    assert means("Resnet48_128-train") == other
    assert means(None, PLACE["experiment"]) == "digits-train-11"
    assert means(None) == other
    assert means("", "/nowhere") == other
    assert ledger.exact("digits-train-2").name == "digits-train-2"


def test_words_that_mean_nothing_are_refused_with_what_is_near(ledger):
    for _ in range(7):
        send(ledger)
    with pytest.raises(UnknownJob, match=r'no job "digits-train-44"; did you mean digits-train-4'):
        ledger.resolve("digits-train-44", None)
    with pytest.raises(UnknownJob, match="several jobs begin with") as refused:
        ledger.resolve("digits", None)
    assert refused.value.message.count("digits-train-") == 5
    assert refused.value.message.endswith("...")
    for word in ("digits-train", "digits"):
        with pytest.raises(UnknownJob):
            ledger.exact(word)
    for word in ("日本", "a\nb", "x" * 300, "%", "_", "'; DROP TABLE jobs"):
        with pytest.raises(UnknownJob) as refused:
            ledger.resolve(word, None)
        assert "\n" not in refused.value.message


def test_listing_filters_and_counts(ledger):
    names = [send(ledger) for _ in range(4)]
    ledger.update(said(names[0], State.FAILED))
    other = send(ledger, "bert-train", driver="gcp", experiment="/b")
    records, total = ledger.listing(2)
    assert ([record.name for record in records], total) == ([other, names[3]], 5)
    assert [r.name for r in ledger.listing(9, state=State.FAILED)[0]] == [names[0]]
    assert [r.name for r in ledger.listing(9, experiment="/b")[0]] == [other]
    assert [r.name for r in ledger.listing(None, driver="local")[0]] == names[::-1]
    assert ledger.listing(9, state="failed", driver="gcp") == ([], 0)
    assert ledger.listing(0)[1] == 5


def test_no_question_reads_all_rows(ledger):
    send(ledger)
    plans = {
        "SELECT * FROM jobs WHERE state != 'unlaunched' ORDER BY id DESC LIMIT 20": "SCAN jobs",
        "SELECT * FROM jobs WHERE experiment = 'x' ORDER BY id DESC LIMIT 1": "jobs_experiment",
        "SELECT * FROM jobs WHERE stem = 'x' ORDER BY id DESC LIMIT 1": "jobs_stem",
        "SELECT * FROM jobs WHERE name >= 'x' AND name < 'y' LIMIT 6": "autoindex_jobs",
        "SELECT * FROM jobs WHERE state IN ('running', 'queued') AND driver = 'x'": "jobs_state",
        "SELECT count(*) FROM jobs WHERE state != 'unlaunched'": "jobs_state",
        "SELECT * FROM jobs WHERE ref_id IN ('x')": "jobs_ref",
    }
    for question, index in plans.items():
        (plan,) = [row[3] for row in ledger.file.select(f"EXPLAIN QUERY PLAN {question}")][:1]
        assert index in plan, (question, plan)


def test_twenty_of_ten_thousand_cost_as_much_as_of_ten(ledger, tmp_path):
    few, many = Ledger(tmp_path / "few"), Ledger(tmp_path / "many")
    for here, count in ((few, 10), (many, 10_000)):
        send(here, params={"text": "x" * 3000})
        with here.file.writing() as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
            copied = ", ".join(f'"{c}"' for c in columns if c not in ("id", "name", "run_id"))
            db.executemany(
                f"INSERT INTO jobs (name, run_id, {copied})"
                f" SELECT 'job-' || ?, 'run-' || ?, {copied} FROM jobs WHERE id = 1",
                [(n, n) for n in range(count - 1)],
            )

    def cost(here):
        start = time.perf_counter()
        records, _ = here.listing(10)
        here.latest(PLACE["experiment"])
        assert len(records) == 10
        return time.perf_counter() - start

    pairs = [(cost(few), cost(many)) for _ in range(15)]
    assert many.listing(10)[1] == 10_000
    # A whole command costs above 100 ms, of which this may take a few.
    assert min(m for _, m in pairs) < min(f for f, _ in pairs) + 0.010


def test_reading_imports_nothing_slow(ledger):
    send(ledger)
    code = (
        "import sys; from pathlib import Path; from fahr_core.ledger import Ledger;"
        f"ledger = Ledger(Path({str(ledger.file.path)!r}));"
        "assert ledger.listing(20)[1] == 1; assert ledger.resolve(None, None).ref;"
        "ledger.unsettled(); ledger.drivers_with_work(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"msgspec", "pydantic", "psutil", "filelock", "difflib", "asyncio", "platformdirs"}
    assert not slow & set(done.stdout.split())
