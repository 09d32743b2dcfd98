from __future__ import annotations

import ast
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core import container
from fahr_core.container import container_artifacts, refuse_contradiction
from fahr_core.errors import DriverError, OverwriteError, UsageError
from fahr_core.models import BaseImage, Code, Environment, Job, Package
from fahr_core.render import write_files

BASE = BaseImage(reference="python:3.11-slim-bookworm", reason="for the test")
JOB = Job(
    name="exp-train-1",
    run_id="r",
    remote_name="exp-train-1",
    experiment="/nowhere/exp",
    artifact="train.py",
    kind="script",
    train_driver="docker",
    code=Code(digest="sha256:0", files=1, size=1),
    environment=Environment(
        kind="requirements",
        lock="sha256:1",
        python="3.11",
        packages=(Package(name="six", version="1.17.0"),),
    ),
)


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """Give a train driver's package."""
    folder = tmp_path / "driver"
    folder.mkdir()
    (folder / "runtime.py").write_text("def places():\n    return {}\n")
    return folder


def rendered(job: Job, driver: Path, base: BaseImage = BASE) -> dict[str, str]:
    return {file.path: file.text for file in container_artifacts(job, base, driver).files}


def lines(text: str) -> list[str]:
    """Give a Dockerfile's instructions, each on one line."""
    return [line for line in text.replace("\\\n", " ").splitlines() if line and line[0] != "#"]


def stages(text: str) -> list[str]:
    return [line for line in lines(text) if line.startswith("FROM")]


class TestDockerfile:
    def test_two_stages_and_one_copy_for_the_job(self, driver: Path) -> None:
        text = rendered(JOB, driver)["Dockerfile"]
        assert stages(text)[1:] == ["FROM python:3.11-slim-bookworm AS env", "FROM env"]
        assert lines(text)[-2:] == ["FROM env", "COPY . /opt/fahr/code/"]
        assert 'ENTRYPOINT ["/opt/fahr/env/bin/python", "/opt/fahr/code/.fahr/launcher"]' in text

    def test_packages_come_from_the_lock_with_hashes(self, driver: Path) -> None:
        text = " ".join(rendered(JOB, driver)["Dockerfile"].split())
        assert "uv venv --quiet --python 3.11 /opt/fahr/env" in text
        assert "--require-hashes" in text
        assert "source=.fahr/environment.lock" in text

    def test_without_an_environment_file_there_is_no_lock(self, driver: Path) -> None:
        job = replace(JOB, environment=Environment())
        for name in ("Dockerfile", ".fahr/Dockerfile.plain"):
            text = rendered(job, driver)[name]
            assert "--require-hashes" not in text
            assert "uv venv --quiet --python 3 /opt/fahr/env" in text

    def test_conda_packages_come_by_micromamba(self, driver: Path) -> None:
        packages = (Package(name="python", version="3.11.9"),)
        environment = Environment(kind="conda", lock="sha256:1", python="3.11", packages=packages)
        text = rendered(replace(JOB, environment=environment), driver)["Dockerfile"]
        assert stages(text)[1].endswith(" AS micromamba")
        assert "micromamba create" in text
        assert "uv venv" not in text

    def test_an_environment_of_condas_with_pip_packages_alone_needs_no_micromamba(
        self, driver: Path
    ) -> None:
        job = replace(JOB, environment=replace(JOB.environment, kind="conda"))
        assert "micromamba" not in rendered(job, driver)["Dockerfile"]

    def test_a_notebook_has_papermill_beside_its_environment(self, driver: Path) -> None:
        text = rendered(replace(JOB, kind="notebook", artifact="train.ipynb"), driver)["Dockerfile"]
        assert "pip install --python /opt/fahr/papermill 'papermill" in text
        assert re.search(r"pip install --python /opt/fahr/env .*ipykernel", text)
        assert "papermill" not in rendered(JOB, driver)["Dockerfile"]

    def test_a_locked_kernel_is_not_installed_again(self, driver: Path) -> None:
        packages = (Package(name="ipykernel", version="6.29.0"), Package(name="pip", version="25"))
        environment = replace(JOB.environment, packages=packages)
        job = replace(JOB, kind="notebook", environment=environment)
        assert "ipykernel" not in rendered(job, driver)["Dockerfile"]

    def test_gpus_are_asked_for_where_the_base_is_made_for_them(self, driver: Path) -> None:
        gpu = rendered(JOB, driver, replace(BASE, gpu=True))["Dockerfile"]
        assert "NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility" in gpu
        assert "NVIDIA" not in rendered(JOB, driver)["Dockerfile"]

    def test_an_image_of_ones_own_keeps_what_is_installed_in_it(self, driver: Path) -> None:
        text = rendered(replace(JOB, train_image="host/team/torch:1"), driver)["Dockerfile"]
        assert "--system-site-packages" in text

    def test_a_package_from_a_repository_needs_git(self, driver: Path) -> None:
        packages = (Package(name="tool", version="0123456789abcdef0123456789abcdef01234567"),)
        job = replace(JOB, environment=replace(JOB.environment, packages=packages))
        text = rendered(job, driver)["Dockerfile"]
        assert re.search(r"apt-get install .*\n +git ", text)

    def test_system_packages_are_installed_in_order(self, driver: Path) -> None:
        job = replace(JOB, build_settings={"system_packages": ["libgomp1", "ffmpeg", "libgomp1"]})
        assert "\n    ffmpeg libgomp1 \\\n" in rendered(job, driver)["Dockerfile"]

    @pytest.mark.parametrize("name", ["a b", "x;reboot", "x\nRUN y", "-y", "$(x)", "x`y`", ""])
    def test_no_other_system_package_gets_through(self, driver: Path, name: str) -> None:
        job = replace(JOB, build_settings={"system_packages": [name]})
        with pytest.raises(UsageError, match="system package"):
            rendered(job, driver)

    @pytest.mark.parametrize("name", ["a b", "x\nRUN y", "$BASE", "x AS env", ""])
    def test_no_other_image_gets_through(self, driver: Path, name: str) -> None:
        with pytest.raises(UsageError, match="no name of an image"):
            rendered(JOB, driver, replace(BASE, reference=name))

    def test_secrets_are_mounted_and_never_arguments(self, driver: Path) -> None:
        text = rendered(JOB, driver)["Dockerfile"]
        for name in ("ca", "netrc", "index"):
            assert f"--mount=type=secret,id={name}" in text
        arguments = [line for line in lines(text) if line.startswith(("ARG", "ENV"))]
        assert not any(word in line for line in arguments for word in ("INDEX", "SSL", "NETRC"))

    def test_nothing_is_pulled_for_the_syntax(self, driver: Path) -> None:
        assert "syntax=" not in rendered(JOB, driver)["Dockerfile"]


class TestPlainDockerfile:
    def test_it_has_no_syntax_of_buildkits(self, driver: Path) -> None:
        for job in (JOB, replace(JOB, kind="notebook")):
            text = rendered(job, driver)[container.PLAIN_DOCKERFILE]
            assert "--mount" not in text
            assert "<<" not in text

    def test_installers_and_certificates_stay_behind(self, driver: Path) -> None:
        text = rendered(JOB, driver)[container.PLAIN_DOCKERFILE]
        final = text[text.index("FROM system AS env") :]
        assert lines(final)[1] == "COPY --from=installed /opt/fahr /opt/fahr"
        assert "ca.pem" not in final

    def test_both_end_alike(self, driver: Path) -> None:
        files = rendered(JOB, driver)
        ends = [lines(files[name])[-4:] for name in ("Dockerfile", container.PLAIN_DOCKERFILE)]
        assert ends[0] == ends[1]


class TestFiles:
    def test_run_sh_hands_over_to_the_launcher(self, driver: Path) -> None:
        files = {file.path: file for file in container_artifacts(JOB, BASE, driver).files}
        script = files["run.sh"]
        assert script.executable
        assert script.text.startswith("#!/usr/bin/env bash\n")
        assert shlex.split(script.text, comments=True)[-2:] == ["exec", "fahr-start"]

    def test_the_launcher_and_the_drivers_runtime_go_along(self, driver: Path) -> None:
        files = rendered(JOB, driver)
        assert files[container.RUNTIME] == (driver / "runtime.py").read_text()
        own = Path(container.__file__).parent / "launcher"
        for path in own.glob("*.py"):
            assert files[f"{container.LAUNCHER}/{path.name}"] == path.read_text("utf-8")
        ast.parse(files[f"{container.LAUNCHER}/__main__.py"])

    def test_what_the_runtime_imports_goes_along(self, driver: Path) -> None:
        (driver / "inside").mkdir()
        (driver / "inside" / "calls.py").write_text("x = 1\n")
        assert rendered(JOB, driver)[f"{container.INSIDE}/calls.py"] == "x = 1\n"

    def test_what_is_fahrs_own_is_always_refreshed(self, driver: Path) -> None:
        for file in container_artifacts(JOB, BASE, driver).files:
            assert (file.mark == "none") == file.path.startswith(".fahr/")

    def test_dockerignore_lets_launcher_and_lock_through(self, driver: Path) -> None:
        ignored = rendered(JOB, driver)[".dockerignore"].splitlines()
        assert ignored.index(".fahr/*") < ignored.index("!.fahr/launcher")
        assert "!.fahr/environment.lock" in ignored
        assert {"Dockerfile", ".dockerignore", "**/.git", "**/.env*"} <= set(ignored)

    def test_a_template_of_the_experiment_extends_the_cores(
        self, driver: Path, tmp_path: Path
    ) -> None:
        own = tmp_path / ".fahr" / "templates" / "docker"
        own.mkdir(parents=True)
        (own / "Dockerfile.j2").write_text(
            '{% extends "core/Dockerfile.j2" %}\n'
            "{% block system %}\nRUN echo mine\n{% endblock %}\n"
        )
        text = rendered(replace(JOB, experiment=str(tmp_path)), driver)["Dockerfile"]
        assert "\nRUN echo mine\n" in text
        assert lines(text)[-1] == "COPY . /opt/fahr/code/"

    def test_a_template_that_is_wrong_is_named(self, driver: Path, tmp_path: Path) -> None:
        own = tmp_path / ".fahr" / "templates" / "docker"
        own.mkdir(parents=True)
        (own / "run.sh.j2").write_text("{{ nobody_knows }}\n")
        with pytest.raises(UsageError, match=r"run\.sh\.j2.*nobody_knows"):
            rendered(replace(JOB, experiment=str(tmp_path)), driver)

    def test_a_driver_without_runtime_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DriverError, match=r"runtime\.py cannot be read"):
            container_artifacts(JOB, BASE, tmp_path)

    def test_without_a_build_driver_there_is_no_base(self, driver: Path) -> None:
        with pytest.raises(DriverError, match="no build driver"):
            container_artifacts(JOB, None, driver)

    def test_the_same_job_gives_the_same_files(self, driver: Path) -> None:
        assert container_artifacts(JOB, BASE, driver) == container_artifacts(JOB, BASE, driver)


class TestContradiction:
    GPU = replace(BASE, reference="nvidia/cuda:12.4.1-base-ubuntu22.04", gpu=True)

    def refused(self, driver: Path, folder: Path, base: BaseImage) -> OverwriteError | None:
        job = replace(JOB, experiment=str(folder))
        artifacts = container_artifacts(job, base, driver)
        try:
            refuse_contradiction(folder, artifacts, "local-gpu")
        except OverwriteError as error:
            return error
        return None

    def test_an_edited_file_without_cuda_is_refused_for_gpus(
        self, driver: Path, tmp_path: Path
    ) -> None:
        text = rendered(JOB, driver)["Dockerfile"]
        (tmp_path / "Dockerfile").write_text(text + "RUN true\n")
        problem = self.refused(driver, tmp_path, self.GPU)
        assert problem
        assert "starts FROM python:3.11-slim" in problem.message
        assert "--overwrite" in problem.hints[0]
        assert "--keep" in problem.hints[1]
        assert self.refused(driver, tmp_path, BASE) is None

    def test_an_unedited_file_is_refreshed(self, driver: Path, tmp_path: Path) -> None:
        write_files(tmp_path, container_artifacts(JOB, BASE, driver).files)
        assert self.refused(driver, tmp_path, self.GPU) is None

    def test_another_cuda_is_the_users_choice(self, driver: Path, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text("FROM nvidia/cuda:11.8.0-devel-ubuntu22.04\n")
        assert self.refused(driver, tmp_path, self.GPU) is None

    def test_no_file_contradicts_nothing(self, driver: Path, tmp_path: Path) -> None:
        assert self.refused(driver, tmp_path, self.GPU) is None


@pytest.fixture(scope="module")
def one_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("driver")
    (folder / "runtime.py").write_text("")
    return folder


@settings(max_examples=20)
@given(name=st.text(min_size=1))
def test_no_name_of_a_users_changes_the_files(one_driver: Path, name: str) -> None:
    plain = container_artifacts(JOB, BASE, one_driver)
    job = replace(JOB, artifact=name, params={name: name}, tags={"owner": name}, name="other-1")
    assert container_artifacts(job, BASE, one_driver) == plain
