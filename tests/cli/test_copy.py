import pytest

from tests.cli.calling import Call, call

__all__ = ["call"]


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Give an experiment to copy, in the current folder's `models`."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "resnet48_128"
    source.mkdir()
    for name in ("Dockerfile", "run.sh", "requirements.txt", "fahr.toml", "train.py", "notes.txt"):
        (source / name).write_text(f"# {name}\n")
    return source


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_files_are_copied_and_told(call: Call, source, tmp_path):
    done = call("copy", "resnet48_128/", "resnet96_128")
    assert (done.status, done.out) == (0, "resnet96_128\n")
    assert "copied   Dockerfile, run.sh, requirements.txt, fahr.toml" in done.err
    copied = ["Dockerfile", "fahr.toml", "requirements.txt", "run.sh"]
    assert names(tmp_path / "resnet96_128") == copied


def test_an_old_line(call: Call, source, tmp_path, monkeypatch):
    new = tmp_path / "new"
    new.mkdir()
    monkeypatch.chdir(new)
    done = call("copy", "../resnet48_128/", "./", "--include-training-artifact='train.py'")
    assert done.status == 0
    assert (new / "train.py").read_text() == "# train.py\n"


@pytest.mark.parametrize("word", ["None", "'None'", "none", ""])
def test_no_artifact_in_words(call: Call, source, tmp_path, word):
    assert call("copy", source, "new", f"--include-training-artifact={word}").status == 0
    assert "train.py" not in names(tmp_path / "new")


def test_what_is_there_is_kept_unless_told(call: Call, source, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "run.sh").write_text("mine\n")
    done = call("copy", source, "new")
    assert "kept     run.sh" in done.err
    assert (tmp_path / "new" / "run.sh").read_text() == "mine\n"
    call("copy", source, "new", "--overwrite")
    assert (tmp_path / "new" / "run.sh").read_text() == "# run.sh\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none", "new"], "the experiment none is not there"),
        (["resnet48_128", "."], ""),
        (["resnet48_128"], "missing argument 'DEST'"),
        (["resnet48_128", "resnet48_128"], "the same folder"),
        (["resnet48_128", "new", "--include-training-artifact=trian.py"], "did you mean train.py?"),
        (["resnet48_128", "new", "--overwirte"], "did you mean --overwrite?"),
    ],
)
def test_bad_input(call: Call, source, words, told):
    done = call("copy", *words)
    assert done.status == (2 if told else 0)
    assert told in done.err.lower() or told in done.err
    assert "Traceback" not in done.err
