from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import DiskError, DriverError, UsageError
from fahr_core.models import RenderedFile
from fahr_core.render import is_edited, plan_files, render, template_environment, write_files


def outcome(folder: Path, file: RenderedFile, **options: bool) -> str:
    planned = plan_files(folder, [file], **options)
    (written,) = write_files(folder, [file], **options)
    assert planned == [written]
    assert written.path == file.path
    return written.outcome


def script(text: str = "echo 1\n", **changes: Any) -> RenderedFile:
    return RenderedFile(path="run.sh", text="#!/bin/sh\n" + text, executable=True, **changes)


class TestOverwriteRule:
    def test_missing_files_are_written(self, tmp_path: Path) -> None:
        deep = RenderedFile(path=".fahr/a/b.txt", text="x\r\ny\r\n")
        assert outcome(tmp_path, deep) == "wrote"
        assert b"\r" not in (tmp_path / ".fahr/a/b.txt").read_bytes()
        assert outcome(tmp_path, script()) == "wrote"
        assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o755
        assert (tmp_path / "run.sh").read_text().startswith("#!/bin/sh\n# written by fahr")
        assert not is_edited(tmp_path / "run.sh")

    def test_the_same_again_touches_nothing(self, tmp_path: Path) -> None:
        outcome(tmp_path, script())
        before = (tmp_path / "run.sh").stat()
        for options in ({}, {"overwrite": True}, {"keep": True}):
            assert outcome(tmp_path, script(), **options) == "unchanged"
        assert (tmp_path / "run.sh").stat() == before

    def test_what_nobody_edited_is_refreshed(self, tmp_path: Path) -> None:
        outcome(tmp_path, script())
        text = (tmp_path / "run.sh").read_text()
        (tmp_path / "run.sh").write_bytes(text.replace("\n", "\r\n").encode())
        assert outcome(tmp_path, script("echo 2\n"), keep=True) == "kept"
        assert outcome(tmp_path, script("echo 2\n")) == "refreshed"
        assert "echo 2" in (tmp_path / "run.sh").read_text()

    @pytest.mark.parametrize("own", ["mine\n", "", "#!/bin/sh\necho 1 # mine\n"])
    def test_somebodys_file_is_kept(self, tmp_path: Path, own: str) -> None:
        (tmp_path / "run.sh").write_text(own)
        assert is_edited(tmp_path / "run.sh")
        assert outcome(tmp_path, script()) == "kept"
        assert outcome(tmp_path, script(), keep=True) == "kept"
        assert (tmp_path / "run.sh").read_text() == own
        assert outcome(tmp_path, script(), overwrite=True) == "wrote"
        assert not is_edited(tmp_path / "run.sh")

    def test_an_edit_below_the_mark_is_kept(self, tmp_path: Path) -> None:
        outcome(tmp_path, script())
        with (tmp_path / "run.sh").open("a") as stream:
            stream.write("download data\n")
        assert outcome(tmp_path, script("echo 2\n")) == "kept"

    def test_bytes_that_are_no_text_are_kept(self, tmp_path: Path) -> None:
        (tmp_path / "run.sh").write_bytes(b"\xff\xfe\0")
        assert outcome(tmp_path, script()) == "kept"

    def test_json(self, tmp_path: Path) -> None:
        one = RenderedFile(path="k.json", text='{"id": 1}', mark="json")
        two = RenderedFile(path="k.json", text='{"id": 2}', mark="json")
        assert outcome(tmp_path, one) == "wrote"
        assert outcome(tmp_path, one) == "unchanged"
        assert outcome(tmp_path, two) == "refreshed"
        place = tmp_path / "k.json"
        place.write_text(place.read_text().replace("2", "3"))
        assert is_edited(place, "json")
        assert outcome(tmp_path, one) == "kept"

    def test_without_a_mark_fahr_owns_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("old")
        assert outcome(tmp_path, RenderedFile(path="x", text="new", mark="none")) == "refreshed"
        assert (tmp_path / "x").read_text() == "new"

    def test_nobody_can_edit_what_is_not_there(self, tmp_path: Path) -> None:
        assert not is_edited(tmp_path / "gone")


class TestPlaces:
    @pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ""])
    def test_outside_of_the_folder(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(DriverError, match="outside of the experiment"):
            write_files(tmp_path, [RenderedFile(path=path, text="")])

    def test_nothing_is_written_when_one_cannot_be(self, tmp_path: Path) -> None:
        (tmp_path / "run.sh").mkdir()
        with pytest.raises(DiskError, match=r"run\.sh: Is a directory"):
            write_files(tmp_path, [RenderedFile(path="a", text=""), script()])
        assert not (tmp_path / "a").exists()

    def test_a_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "d").write_text("")
        with pytest.raises(DiskError):
            write_files(tmp_path, [RenderedFile(path="d/x", text="")])

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(DiskError, match="cannot write"):
            write_files(tmp_path, [script()])

    def test_no_half_written_file_stays(self, tmp_path: Path) -> None:
        with pytest.raises(UnicodeEncodeError):
            write_files(tmp_path, [RenderedFile(path="x", text="\ud800")])
        assert list(tmp_path.iterdir()) == []


class TestTemplates:
    @pytest.fixture
    def made(self, tmp_path: Path) -> dict[str, Any]:
        templates = tmp_path / "package" / "templates"
        templates.mkdir(parents=True)
        (templates / "D.j2").write_text("FROM {{ base }}\n{% block end %}\nend\n{% endblock %}\n")
        (templates / "bad.j2").write_text("x\n{% if %}\n")
        (tmp_path / "e").mkdir()
        return {"driver": "docker", "templates": templates, "experiment": tmp_path / "e"}

    def override(self, made: dict[str, Any], name: str, text: str) -> None:
        place = made["experiment"] / ".fahr" / "templates" / "docker"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)

    def test_the_drivers(self, made: dict[str, Any]) -> None:
        assert render("D.j2", {"base": "<x>"}, **made) == "FROM <x>\nend\n"

    def test_the_experiments_extends_the_drivers(self, made: dict[str, Any]) -> None:
        text = "{% extends 'driver/D.j2' %}{% block end %}mine\n{% endblock %}"
        self.override(made, "D.j2", text)
        assert render("D.j2", {"base": "x"}, **made) == "FROM x\nmine\n"

    def test_what_is_undefined_is_an_error(self, made: dict[str, Any]) -> None:
        with pytest.raises(DriverError, match=r"template D\.j2: UndefinedError: 'base'"):
            render("D.j2", {}, **made)

    def test_a_mistake_names_file_and_line(self, made: dict[str, Any]) -> None:
        with pytest.raises(DriverError, match=r"template bad\.j2:2: TemplateSyntaxError"):
            render("bad.j2", {}, **made)
        self.override(made, "D.j2", "{{ nothing }}")
        with pytest.raises(UsageError, match="nothing"):
            render("D.j2", {}, **made)

    def test_a_missing_template(self, made: dict[str, Any]) -> None:
        with pytest.raises(DriverError, match=r"gone\.j2"):
            render("gone.j2", {}, **made)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_shell_quote_makes_one_word(text: str) -> None:
    environment = template_environment("d", Path("/nonexistent"), Path("/nonexistent"))
    line = environment.from_string("{{ text | shell_quote }}").render(text=text)
    assert shlex.split(line) == [text]
