from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fahr_core import container, snapshot, store
from fahr_core.container import container_artifacts
from fahr_core.errors import DriverError
from fahr_core.experiment import find_artifact
from fahr_core.models import Artifacts, Environment, Job
from fahr_core.render import write_files
from fahr_docker.recipe import Recipe, make_recipe
from fahr_docker.staging import staged
from made_jobs import BASE, DRIVER, JOB, dockerfile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exp"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    return folder


def job_in(folder: Path, lock: str = "six==1.17.0\n") -> Job:
    experiment = find_artifact(None, None, folder)
    environment = replace(JOB.environment, lock=store.put(lock.encode()))
    code = snapshot.take(experiment)
    return replace(JOB, experiment=str(folder), environment=environment, code=code)


def recipe(folder: Path, platform: str = "linux/amd64", **changes: object) -> Recipe:
    job = replace(job_in(folder), **changes)
    artifacts = container_artifacts(job, BASE, DRIVER)
    write_files(folder, artifacts.files)
    return make_recipe(job, artifacts, platform)


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "Dockerfile"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_code_changes_no_environment(folder: Path) -> None:
    first = recipe(folder)
    (folder / "train.py").write_text("print(2)\n")
    second = recipe(folder)
    assert second.environment_hash("base") == first.environment_hash("base")
    assert second.layer.diff_id != first.layer.diff_id
    assert second.whole_hash("base") != first.whole_hash("base")


def test_rendering_run_sh_changes_no_code(folder: Path) -> None:
    """The first fit takes its snapshot before the files are rendered."""
    first = recipe(folder)
    assert (folder / "run.sh").exists()
    assert recipe(folder).layer.diff_id == first.layer.diff_id


def test_base_platform_lock_and_dockerfile_make_the_environment(folder: Path) -> None:
    first = recipe(folder).environment_hash("base")
    other_lock = job_in(folder, "six==1.16.0\n").environment
    assert recipe(folder).environment_hash("other") != first
    assert recipe(folder, "linux/arm64").environment_hash("base") != first
    assert recipe(folder, environment=other_lock).environment_hash("base") != first
    edit(folder, "WORKDIR", "RUN true\nWORKDIR")
    assert recipe(folder).environment_hash("base") != first


def test_an_edit_that_takes_files_counts_them(folder: Path) -> None:
    recipe(folder)
    edit(folder, "WORKDIR", "COPY setup /setup\nWORKDIR")
    (folder / "setup").mkdir()
    (folder / "setup" / "a.txt").write_text("one")
    first = recipe(folder)
    paths = [entry.path for entry in first.environment_entries()]
    code = container.CODE[1:]
    assert f"{code}/setup/a.txt" in paths
    assert f"{code}/train.py" not in paths
    (folder / "train.py").write_text("print(2)\n")
    assert recipe(folder).environment_hash("base") == first.environment_hash("base")
    (folder / "setup" / "a.txt").write_text("two")
    assert recipe(folder).environment_hash("base") != first.environment_hash("base")


def test_an_edited_dockerfile_has_no_plain_one(folder: Path) -> None:
    assert recipe(folder).plain == dockerfile(plain=True)
    edit(folder, "WORKDIR", "RUN true\nWORKDIR")
    assert recipe(folder).plain is None


def test_the_experiments_own_run_sh_is_what_runs(folder: Path) -> None:
    (folder / "run.sh").write_text("#!/bin/bash\necho mine; fahr-start\n")
    entries = {entry.path: entry for entry in recipe(folder).layer.entries}
    assert b"".join(entries[f"{container.CODE[1:]}/run.sh"].parts()).endswith(b"fahr-start\n")
    assert (folder / "run.sh").read_text().startswith("#!/bin/bash\necho mine")


def test_what_says_how_to_build_is_not_built_in(folder: Path) -> None:
    recipe(folder)
    paths = {entry.path for entry in recipe(folder).layer.entries}
    code = container.CODE[1:]
    assert not paths & {f"{code}/Dockerfile", f"{code}/.dockerignore"}
    assert f"{code}/{container.RUNTIME}" in paths
    assert f"{code}/{container.LOCK}" in paths


def test_without_a_lock_there_is_none_in_the_image(folder: Path) -> None:
    entries = recipe(folder, environment=Environment()).layer.entries
    assert not [entry for entry in entries if entry.path.endswith("environment.lock")]


def test_a_driver_without_dockerfile_or_runtime_is_named(folder: Path) -> None:
    job = job_in(folder)
    with pytest.raises(DriverError, match="renders no Dockerfile"):
        make_recipe(job, Artifacts(), "linux/amd64")
    files = container_artifacts(job, BASE, DRIVER).files
    less = tuple(file for file in files if file.path != container.RUNTIME)
    with pytest.raises(DriverError, match=r"renders no .*runtime\.py"):
        make_recipe(job, Artifacts(files=less, base=BASE), "linux/amd64")


def test_the_staged_folder_is_the_code_with_its_modes(folder: Path) -> None:
    (folder / "train.py").chmod(0o600)
    (folder / "sub").mkdir()
    (folder / "sub" / "new\nline.py").write_text("")
    (folder / "link.py").symlink_to("train.py")
    made = recipe(folder)
    with staged(made.layer.entries, "FROM x\n", "plain") as staging:
        there = staging.context
        assert staging.dockerfile.read_text() == "FROM x\n"
        assert not staging.dockerfile.is_relative_to(there)
        assert (there / "train.py").stat().st_mode & 0o777 == 0o644
        assert (there / "run.sh").stat().st_mode & 0o777 == 0o755
        assert (there / "sub" / "new\nline.py").is_file()
        assert (there / "link.py").readlink() == Path("train.py")
        assert (there / container.PLAIN_DOCKERFILE).read_text() == "plain"
    assert not there.exists()
