from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.marks import mark
from fahr_docker.dockerfile import read_dockerfile
from made_jobs import BASE, JOB, dockerfile

TEXT = dockerfile()


def test_fahrs_own_dockerfile_is_an_environment_and_a_job() -> None:
    found = read_dockerfile(mark(TEXT))
    assert found.environment is not None
    assert found.environment.endswith('"/opt/fahr/code/.fahr/launcher"]\n')
    assert found.base == BASE.reference
    assert found.sources == ()
    assert found.needs_buildkit


def test_the_mark_and_line_ends_change_nothing() -> None:
    plain = read_dockerfile(TEXT).environment
    assert read_dockerfile(mark(TEXT)).environment == plain
    assert read_dockerfile(TEXT.replace("\n", "\r\n")).environment == plain


def test_an_edit_of_the_environment_is_part_of_it() -> None:
    edited = TEXT.replace("WORKDIR", "RUN apt-get update && apt-get install -y gcc\nWORKDIR")
    found = read_dockerfile(edited)
    assert found.environment is not None
    assert "install -y gcc" in found.environment


@pytest.mark.parametrize(
    "edited",
    [
        TEXT + "RUN chmod -R a+w /opt/fahr/code\n",
        TEXT.replace("COPY . /opt/fahr/code/", "COPY . /opt/mine/"),
        TEXT.replace("AS env", "AS mine").replace("FROM env", "FROM mine"),
        'FROM python:3.9\nCOPY . /opt/program\nENTRYPOINT ["bash", "run.sh"]\n',
        "",
        "not a Dockerfile",
    ],
)
def test_any_other_job_stage_is_built_whole(edited: str) -> None:
    assert read_dockerfile(edited).environment is None


def test_comments_and_continued_lines_are_read_over() -> None:
    edited = TEXT.replace("FROM env\n", "# the job\nFROM \\\n  # on the environment\n  env\n\n")
    assert read_dockerfile(edited).environment is not None


def test_a_from_within_a_heredoc_is_none() -> None:
    heredoc = "RUN cat <<EOF > x\nFROM env\nEOF\nWORKDIR"
    found = read_dockerfile(TEXT.replace("WORKDIR", heredoc))
    assert found.environment is not None
    assert "EOF" in found.environment


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        ("COPY pip.conf /etc/pip.conf", ("pip.conf",)),
        ("COPY ./conf/a.txt conf/b.txt /x/", ("conf/a.txt", "conf/b.txt")),
        ("COPY --chown=1:1 tools /tools", ("tools",)),
        ("COPY . /x", ("**",)),
        ('COPY ["a b", "/x/"]', ("**",)),
        ("COPY *.txt /x/", ("**",)),
        ("COPY --from=uv /uv /usr/bin/", ()),
        ("ADD https://example.org/x.tar /x", ()),
        ("RUN --mount=type=bind,source=setup.sh,target=/s sh /s", ("setup.sh",)),
        ("RUN --mount=target=/s sh /s/setup.sh", ("**",)),
        ("RUN --mount=type=cache,target=/c true", ()),
        ("COPY .fahr/environment.lock /x", ()),
    ],
)
def test_what_the_environment_takes_from_the_experiment_is_known(
    line: str, sources: tuple[str, ...]
) -> None:
    assert read_dockerfile(TEXT.replace("WORKDIR", f"{line}\nWORKDIR")).sources == sources


def test_the_base_is_followed_through_stages() -> None:
    text = "FROM ubuntu:24.04 AS one\nFROM one AS env\nFROM env\nCOPY . /opt/fahr/code/\n"
    assert read_dockerfile(text).base == "ubuntu:24.04"
    assert read_dockerfile("FROM --platform=linux/arm64 host:5/x@sha256:1\n").base.startswith(
        "host:5"
    )


def test_a_circle_of_stages_ends() -> None:
    assert read_dockerfile("FROM b AS a\nFROM a AS b\n").base in ("a", "b")


def test_plain_dockerfiles_need_no_buildkit() -> None:
    assert not read_dockerfile(dockerfile(plain=True)).needs_buildkit
    assert read_dockerfile("FROM x\nCOPY --chmod=0755 a /b\n").needs_buildkit
    assert read_dockerfile("FROM x\nRUN <<EOF\ntrue\nEOF\n").needs_buildkit


@given(
    text=st.text(alphabet=st.sampled_from(list("FROMenvAS COPY./opt<-EOF\\\n#\"'")), max_size=200)
)
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    found = read_dockerfile(text)
    assert found.environment is None or text.upper().count("FROM") > 1


def test_notebooks_and_gpus_are_read_alike() -> None:
    text = dockerfile(replace(JOB, kind="notebook"), replace(BASE, gpu=True))
    assert read_dockerfile(text).environment is not None
