"""Bringing output home: where it goes, and what it never replaces."""

from __future__ import annotations

import pytest


@pytest.fixture
def complete(fahr):
    """Give the name of a complete job that left ``model.txt`` and ``plots/a.svg``."""
    fahr.script(
        "open('model.txt', 'w').write('trained')", "os.mkdir('plots')", "open('plots/a.svg', 'w')"
    )
    return fahr("fit", "train.py", "-f", "--json").document["name"]


def listing(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_without_words_the_latest_job_comes_into_a_new_folder_of_its_name(fahr, complete):
    done = fahr("fetch")
    assert done.line == f"./{complete}"
    assert f"{complete}  complete" in done.stderr
    assert "3 files, sizes checked" in done.stderr
    assert listing(fahr.folder / complete) == ["fahr-job.json", "model.txt", "plots", "plots/a.svg"]
    assert fahr("fetch").line == f"./{complete}"  # what fahr wrote, it may write again


def test_a_word_is_a_job_a_folder_or_a_mistake(fahr, complete):
    assert fahr("fetch", complete).line == f"./{complete}"
    assert fahr("fetch", "digits-train").line == f"./{complete}"  # without number: its latest
    (fahr.folder / "there").mkdir()
    fahr("fetch", "there")
    assert "model.txt" in listing(fahr.folder / "there")
    fahr("fetch", "./made/new", complete)
    assert "model.txt" in listing(fahr.folder / "made" / "new")
    before = listing(fahr.folder)
    said = fahr.error("fetch", f"{complete}4")
    assert f'no job "{complete}4"; did you mean {complete}?  (a folder: ./{complete}4)' in said
    assert listing(fahr.folder) == before


def test_a_file_that_fahr_did_not_write_stops_it_before_anything_moves(fahr, complete):
    mine = fahr.write("out/model.txt", "mine")
    before = listing(fahr.folder)
    said = fahr.error("fetch", "./out", complete)
    assert "model.txt is not from fahr, fetch would replace it" in said
    assert f"fahr fetch ./{complete} {complete}" in said
    assert f"fahr fetch out {complete} --overwrite" in said
    assert (listing(fahr.folder), mine.read_text()) == (before, "mine")
    fahr("fetch", "out", complete, "--overwrite")
    assert mine.read_text() == "trained"


def test_a_fetched_file_that_was_edited_is_not_replaced(fahr, complete):
    fahr("fetch", "./out/", complete)
    edited = fahr.write("out/model.txt", "edited")
    fahr.error("fetch", "./out/", complete)
    assert edited.read_text() == "edited"


def test_the_next_jobs_output_replaces_the_last_ones(fahr, complete):
    fahr("fetch", "./out/")
    fahr.script("open('model.txt', 'w').write('better')")
    fahr("fit", "train.py", "-f")
    fahr("fetch", "./out/")
    assert (fahr.folder / "out" / "model.txt").read_text() == "better"


def test_include_takes_some_files_only(fahr, complete):
    fahr("fetch", "./out/", "--include", "*.svg")
    assert listing(fahr.folder / "out") == ["plots", "plots/a.svg"]


def test_a_running_job_is_said_to_run_and_can_be_waited_for(fahr):
    go = fahr.folder.parent / "go"
    fahr.script(f"while not os.path.exists({str(go)!r}): time.sleep(0.02)", "open('model', 'w')")
    name = fahr("fit", "train.py").line
    said = fahr.error("fetch", status=4)
    assert said.startswith(f"error: {name} is still running")
    assert f"  fahr fetch --wait {name}\n" in said
    assert listing(fahr.folder) == ["train.py"]
    assert fahr("wait", "--timeout", "1s", status=4).stdout == ""
    waiting = fahr.start("fetch", "--wait", name)
    go.touch()
    out, errors = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, f"./{name}\n"), errors
    assert "model" in listing(fahr.folder / name)


def test_a_folder_that_takes_nothing_is_named_and_nothing_is_left(fahr, complete):
    fahr.write("file", "")
    before = listing(fahr.folder)
    assert "file" in fahr.error("fetch", "./file/out", complete)
    assert listing(fahr.folder) == before


def test_what_was_fetched_into_the_experiment_does_not_travel_with_the_next_job(fahr, complete):
    fahr("fetch", "./", complete)
    said = fahr("fit", "train.py", "-f").stderr
    assert "train.py: " in said
    assert "left out: fahr-job.json, model.txt" in said
    again = fahr("fit", "train.py", "-c", "include=model.txt", "-f").stderr
    assert "model.txt, train.py: " in again or "train.py, model.txt: " in again


def test_a_file_of_ones_own_travels_also_when_a_fetch_was_let_replace_it(fahr, complete):
    fahr.write("model.txt", "mine")
    fahr("fetch", "./", complete, "--overwrite")
    said = fahr("fit", "train.py", "-f").stderr
    assert "left out: fahr-job.json" in said
    assert "left out: fahr-job.json, model.txt" not in said
