from __future__ import annotations

from pathlib import Path

import pytest

from fahr_core.errors import DiskError, UsageError
from fahr_core.transfer import check_clashes, chosen, move_into_place


def everything(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*")}


def mark(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


class TestClashes:
    def test_only_what_an_earlier_fetch_wrote_may_go(self, tmp_path: Path) -> None:
        for name in ("ours", "edited", "foreign", "folder/x"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(name)
        known = {"ours": mark(tmp_path / "ours"), "edited": mark(tmp_path / "edited")}
        (tmp_path / "edited").write_text("mine now, longer")
        files = ["ours", "edited", "foreign", "folder", "new", "ours/below", "foreign/below/x"]
        assert check_clashes(tmp_path, files, known) == ["edited", "foreign", "folder", "ours"]

    def test_a_link_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        (tmp_path / "broken").symlink_to("nowhere")
        assert check_clashes(tmp_path, ["link/x", "broken"], {}) == ["link", "broken"]

    def test_nowhere_nothing_clashes(self, tmp_path: Path) -> None:
        assert check_clashes(tmp_path / "new", ["a", "b/c"], {}) == []


class TestMoving:
    def folders(self, tmp_path: Path, *names: str) -> tuple[Path, Path]:
        source, target = tmp_path / "source", tmp_path / "target"
        for name in names:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text("new " + name)
        target.mkdir()
        return source, target

    def test_moves_and_replaces(self, tmp_path: Path) -> None:
        source, target = self.folders(tmp_path, "a", "b/c/d")
        (target / "a").write_text("old")
        (target / "kept").write_text("kept")
        move_into_place(source, target, ["a", "b/c/d"])
        assert (target / "a").read_text() == "new a"
        assert (target / "b" / "c" / "d").read_text() == "new b/c/d"
        assert everything(target) == {"a", "b", "b/c", "b/c/d", "kept"}

    def test_makes_the_destination(self, tmp_path: Path) -> None:
        source, target = self.folders(tmp_path, "a")
        move_into_place(source, target / "x" / "y", ["a"])
        assert (target / "x" / "y" / "a").read_text() == "new a"

    @pytest.mark.parametrize("bad", ["gone", "folder", "a/below"])
    def test_all_or_none(self, tmp_path: Path, bad: str) -> None:
        source, target = self.folders(tmp_path, "a", "b/c", "folder")
        (target / "a").write_text("old")
        (target / "folder").mkdir()
        with pytest.raises(DiskError):
            move_into_place(source, target, ["a", "b/c", bad])
        assert everything(target) == {"a", "folder"}
        assert (target / "a").read_text() == "old"
        assert (source / "a").read_text() == "new a"
        assert (source / "b" / "c").read_text() == "new b/c"

    def test_interrupted_it_goes_back_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, target = self.folders(tmp_path, "a", "b")
        (target / "a").write_text("old")
        real = Path.replace

        def interrupted(self: Path, place: Path) -> Path:
            if self == source / "a":
                raise KeyboardInterrupt
            return real(self, place)

        monkeypatch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            move_into_place(source, target, ["b", "a"])
        assert everything(target) == {"a"}
        assert (target / "a").read_text() == "old"


class TestChosen:
    FILES = ("model.h5", "plots/loss.png", "plots/deep/acc.png")

    @pytest.mark.parametrize(
        ("include", "names"),
        [
            ((), FILES),
            (("*.png",), FILES[1:]),
            (("plots",), FILES[1:]),
            (("deep/",), ()),
            (("acc.png", "model.h5"), (FILES[0], FILES[2])),
        ],
    )
    def test_by_path_last_part_or_folder(
        self, include: tuple[str, ...], names: tuple[str, ...]
    ) -> None:
        if names:
            assert chosen(self.FILES, include) == list(names)
        else:
            with pytest.raises(UsageError, match="like"):
                chosen(self.FILES, include)

    def test_what_there_is_is_told_and_not_all_of_it(self) -> None:
        with pytest.raises(UsageError) as problem:
            chosen([f"{number}.txt" for number in range(10)], ["a\n", "b"])
        assert problem.value.message == r'no file of the job is like "a\n" or "b"'
        assert problem.value.hints[0].endswith("6.txt, 7.txt and 2 more")

    def test_a_job_without_files_lacks_none(self) -> None:
        assert chosen([], ["*.h5"]) == []
