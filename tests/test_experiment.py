from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import ArtifactError
from fahr_core.experiment import find_artifact, git_state, shown

CELL = {"cell_type": "code", "source": ["print(1)\n"]}


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"cells": [CELL]}) if name.endswith(".ipynb") else "print(1)\n"
        (folder / name).write_text(text)


def refusal(folder: Path, path: str | None = None, named: str | None = None) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        find_artifact(path, named, folder)
    assert caught.value.exit_status == 2
    assert "\n" not in caught.value.message
    return caught.value


class TestWithoutAPath:
    def test_takes_the_only_script(self, tmp_path: Path) -> None:
        put(tmp_path, "fit_it.py")
        found = find_artifact(None, None, tmp_path)
        assert (found.folder, found.artifact, found.kind) == (tmp_path, "fit_it.py", "script")
        assert found.file == tmp_path / "fit_it.py"

    def test_takes_the_only_notebook(self, tmp_path: Path) -> None:
        put(tmp_path, "n.ipynb", "n.executed.ipynb")
        assert find_artifact(None, None, tmp_path).kind == "notebook"

    @pytest.mark.parametrize(
        "other", ["setup.py", "conftest.py", "noxfile.py", "test_it.py", "__init__.py", ".x.py"]
    )
    def test_passes_over_what_is_never_an_artifact(self, tmp_path: Path, other: str) -> None:
        put(tmp_path, "a.py", other)
        assert find_artifact(None, None, tmp_path).artifact == "a.py"

    def test_prefers_train_among_several(self, tmp_path: Path) -> None:
        put(tmp_path, "eval.py", "train.py", "net.py")
        assert find_artifact(None, None, tmp_path).artifact == "train.py"

    def test_does_not_choose_between_two_trains(self, tmp_path: Path) -> None:
        put(tmp_path, "eval.py", "train.py", "train.ipynb")
        error = refusal(tmp_path)
        assert error.message == "which artifact? train.py, train.ipynb"
        assert error.hints == ("fahr fit train.py",)

    def test_prefers_what_the_settings_name(self, tmp_path: Path) -> None:
        put(tmp_path, "eval.py", "train.py", "src/main.py")
        assert find_artifact(None, "eval.py", tmp_path).artifact == "eval.py"
        found = find_artifact(None, "src/main.py", tmp_path)
        assert (found.folder, found.artifact) == (tmp_path, "src/main.py")

    def test_settings_name_nothing_outside(self, tmp_path: Path) -> None:
        put(tmp_path, "a.py", "inner/b.py")
        assert "outside" in refusal(tmp_path / "inner", None, "../a.py").message

    def test_says_where_a_missing_name_came_from(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py")
        message = refusal(tmp_path, None, "trian.py").message
        assert "named by the setting artifact" in message
        assert "did you mean train.py?" in message

    def test_asks_which_with_a_line_to_paste(self, tmp_path: Path) -> None:
        put(tmp_path, "my model.py", "zzz.py")
        error = refusal(tmp_path)
        assert error.message == "which artifact? my model.py, zzz.py"
        assert error.hints == ("fahr fit 'my model.py'",)

    def test_a_folder_without_artifacts(self, tmp_path: Path) -> None:
        put(tmp_path, "notes.txt")
        assert "no training artifact in" in refusal(tmp_path).message


class TestWithAPath:
    def test_the_folder_of_the_file_is_the_experiment(self, tmp_path: Path) -> None:
        put(tmp_path, "resnet48_512/train.py")
        found = find_artifact("resnet48_512/train.py", "ignored.py", tmp_path)
        assert (found.folder, found.artifact) == (tmp_path / "resnet48_512", "train.py")

    def test_a_folder_is_searched(self, tmp_path: Path) -> None:
        put(tmp_path, "e/train.py")
        assert find_artifact("e", None, tmp_path).folder == tmp_path / "e"
        assert find_artifact(str(tmp_path / "e"), None, Path("/")).artifact == "train.py"

    def test_the_hint_leads_into_the_folder(self, tmp_path: Path) -> None:
        put(tmp_path, "e/a.py", "e/b.py")
        assert refusal(tmp_path, "e").hints == ("fahr fit e/a.py",)

    def test_a_link_stays_in_its_folder(self, tmp_path: Path) -> None:
        put(tmp_path, "shared/train.py")
        (tmp_path / "e").mkdir()
        (tmp_path / "e" / "main.py").symlink_to("../shared/train.py")
        found = find_artifact("e/main.py", None, tmp_path)
        assert (found.folder, found.artifact) == (tmp_path / "e", "main.py")

    def test_a_missing_file_is_guessed(self, tmp_path: Path) -> None:
        put(tmp_path, "e/train.py")
        assert "did you mean e/train.py?" in refusal(tmp_path, "e/tarin.py").message
        assert refusal(tmp_path, "q/x.py").message == "no file q/x.py"

    @pytest.mark.parametrize("name", ["notes.txt", "train", "train.pyc", "train.executed"])
    def test_another_suffix(self, tmp_path: Path, name: str) -> None:
        put(tmp_path, name)
        assert "has to be a .py script" in refusal(tmp_path, name).message

    def test_neither_file_nor_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind("s.py")
            assert "neither a file nor a folder" in refusal(tmp_path, "s.py").message

    def test_a_link_to_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "train.py").symlink_to("gone.py")
        message = refusal(tmp_path, "train.py").message
        assert message == "train.py is a link to gone.py, which is not there"
        (tmp_path / "folder").symlink_to("folder")
        assert "did you mean" not in refusal(tmp_path, "folder").message

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
    @pytest.mark.parametrize("folder", [True, False])
    def test_a_name_that_is_no_text(self, tmp_path: Path, folder: bool) -> None:
        place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xff"))
        file = place / "train.py" if folder else place.with_name("n\udcff.py")
        file.parent.mkdir(exist_ok=True)
        file.touch()
        error = refusal(file.parent, file.name)
        assert "this name is no text in utf-8" in error.message
        assert error.message.isprintable()
        assert error.hints == ("rename it",)

    @pytest.mark.parametrize("name", ["x" * 300 + ".py", "a\0b.py", "\n", "", "~/x.py"])
    def test_impossible_names(self, tmp_path: Path, name: str) -> None:
        assert refusal(tmp_path, name).message.isprintable()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_unreadable(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py")
        (tmp_path / "train.py").chmod(0)
        assert "cannot be read: Permission denied" in refusal(tmp_path, "train.py").message


file_names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40
).map(lambda stem: stem + ".py")


@settings(max_examples=60)
@given(file_names)
def test_any_name_works_and_is_told_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("e")
    try:
        put(folder, name)
    except OSError:
        return  # longer in bytes than the file system allows
    assert find_artifact(name, None, folder).artifact == name
    assert shown(name).isprintable()
    (folder / name).write_text("def")
    error = refusal(folder, name)
    assert error.message.isprintable()


@given(st.lists(file_names, min_size=2, max_size=4, unique_by=str.casefold))
@settings(max_examples=40)
def test_the_hint_reads_back_as_the_file(names: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), *names)
        try:
            found = find_artifact(None, None, Path(folder))
        except ArtifactError as error:
            for hint in error.hints:
                assert hint == "fahr init --example" or shlex.split(hint)[2] in names
        else:
            assert found.artifact in names


class TestScripts:
    def test_a_syntax_error_is_found_with_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "t.py").write_text("x = 1\n\ndef f(:\n")
        error = refusal(tmp_path)
        assert error.message == "t.py:3: invalid syntax"
        assert error.hints == ("def f(:",)

    @pytest.mark.parametrize("content", [b"x = 1\0", b"\xff\xfe\x00", b"# coding: nonesuch\n"])
    def test_no_text_is_no_script(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "t.py").write_bytes(content)
        assert refusal(tmp_path).message.startswith("t.py")

    def test_a_doubtful_escape_is_no_error(self, tmp_path: Path) -> None:
        (tmp_path / "t.py").write_text('x = "\\d"\n')
        assert find_artifact(None, None, tmp_path)

    def test_other_encodings(self, tmp_path: Path) -> None:
        (tmp_path / "t.py").write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
        assert find_artifact(None, None, tmp_path)


class TestNotebooks:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "not a notebook: it is empty"),
            ('{\n "cells": [\n}', "not a notebook: line 3: "),
            ("[]", 'no list "cells"'),
            ('{"cells": 3}', 'no list "cells"'),
            ('{"cells": []}', "has no code cells"),
            ('{"cells": [{"cell_type": "markdown", "source": "x"}, 7]}', "has no code cells"),
            ('{"cells": [{"cell_type": "code", "source": [" \\n"]}]}', "has no code cells"),
            ('{"worksheets": []}', "of an old format"),
            ('{"cells": ' + "[" * 100_000, "not a notebook"),
        ],
    )
    def test_what_cannot_run_is_refused(self, tmp_path: Path, text: str, told: str) -> None:
        (tmp_path / "n.ipynb").write_text(text)
        assert told in refusal(tmp_path, "n.ipynb").message

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "n.ipynb").write_bytes(b"\xff\xff\xff")
        assert "not a notebook" in refusal(tmp_path).message

    def test_a_source_may_be_one_string(self, tmp_path: Path) -> None:
        cell = {"cell_type": "code", "source": "print(1)"}
        (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell]}))
        assert find_artifact(None, None, tmp_path).kind == "notebook"


class TestGit:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        self.git(tmp_path, "init", "-q", "-b", "main")
        put(tmp_path, "e/train.py", "other.py")
        self.git(tmp_path, "add", ".")
        self.git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")
        return tmp_path

    def git(self, folder: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def test_outside_of_git(self, tmp_path: Path) -> None:
        assert git_state(tmp_path) is None

    def test_commit_and_branch(self, repository: Path) -> None:
        state = git_state(repository / "e")
        assert state is not None
        assert state.commit == self.git(repository, "rev-parse", "HEAD")
        assert (state.branch, state.dirty) == ("main", False)

    def test_only_the_folder_counts_for_dirtiness(self, repository: Path) -> None:
        (repository / "other.py").write_text("changed")
        state = git_state(repository / "e")
        assert state is not None
        assert not state.dirty
        (repository / "e" / "new.py").write_text("")
        state = git_state(repository / "e")
        assert state is not None
        assert state.dirty

    def test_detached(self, repository: Path) -> None:
        self.git(repository, "checkout", "-q", "--detach")
        state = git_state(repository)
        assert state is not None
        assert state.branch is None

    def test_before_the_first_commit(self, tmp_path: Path) -> None:
        self.git(tmp_path, "init", "-q")
        assert git_state(tmp_path) is None

    def test_no_repository_behind_the_mark(self, tmp_path: Path) -> None:
        (tmp_path / ".git").write_text("nonsense")
        assert git_state(tmp_path) is None

    def test_without_git(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        assert git_state(repository) is None

    def test_inside_of_a_hook(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_DIR", "/nonexistent")
        assert git_state(repository) is not None
