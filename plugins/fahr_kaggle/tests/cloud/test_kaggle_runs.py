"""What is pushed runs, in the service's layout, and its output and log can be had."""

from __future__ import annotations

import json

import pytest
import requests
from kaggle_sdk import client_of, output, save

WHERE = """
import os, pathlib, sys
print("in", os.getcwd(), "by", sys.argv)
print("complaint", file=sys.stderr)
pathlib.Path("a/b").mkdir(parents=True)
pathlib.Path("a/b/model.txt").write_text("weights")
pathlib.Path("/kaggle/working/top.txt").write_text("top")
"""


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_script_runs_where_the_service_runs_it(cloud, outside, tls):
    with client_of(cloud, outside, tls=tls) as client:
        pushed = save(client, WHERE)
        assert pushed.url == "https://www.kaggle.com/code/anna/train-it"
        assert (pushed.version_number, pushed.error) == (1, "")
        assert cloud.wait("anna/train-it").status == "COMPLETE"
        answer = output(client)
    assert [file.file_name for file in answer.files] == ["a/b/model.txt", "top.txt"]
    assert requests.get(answer.files[0].url).text == "weights"
    lines = json.loads(answer.log)
    assert {line["stream_name"]: line["data"] for line in lines} == {
        "stdout": "in /kaggle/working by ['/kaggle/src/script.py']\n",
        "stderr": "complaint\n",
    }
    assert cloud.strays == []
    assert {call.user_agent for call in cloud.calls_of("SaveKernel")} == {"of-the-test"}


def test_the_machine_is_left_as_it_was(client, cloud):
    save(client, "open('/kaggle/working/x', 'w')")
    cloud.wait("anna/train-it")
    with open("/proc/self/mounts") as mounts:
        assert str(cloud.folder) not in mounts.read()


def test_several_sessions_have_a_layout_each(client, cloud):
    for name in ("first", "second"):
        text = f"import os, time; open('{name}', 'w'); time.sleep(0.3); print(os.listdir())"
        save(client, text, slug=f"anna/{name}-one", new_title=f"{name} one")
    for name in ("first", "second"):
        assert cloud.wait(f"anna/{name}-one").log.text == f"['{name}']\n"


def test_a_script_that_fails_keeps_its_output(client, cloud):
    save(client, "open('so-far', 'w'); raise KeyError('label')")
    session = cloud.wait("anna/train-it")
    assert session.status == "ERROR"
    assert "KeyError: 'label'" in session.log.text
    assert [file.file_name for file in output(client).files] == ["so-far"]


def test_a_session_past_its_time_is_killed_and_its_output_lost(client, cloud):
    text = "import time; open('so-far', 'w'); time.sleep(600)"
    save(client, text, session_timeout_seconds=1)
    session = cloud.wait("anna/train-it")
    assert session.status == "ERROR"
    assert output(client).files == []


def notebook(*cells, kernelspec=True):
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    rows = [
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": text,
        }
        for text in cells
    ]
    metadata = spec if kernelspec else {}
    return json.dumps({"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


def test_a_notebook_runs_by_its_own_kernel(client, cloud):
    text = notebook("x = 6", "import os; print(x * 7, os.getcwd())", "open('model', 'w')")
    save(client, text, kernel_type="notebook")
    session = cloud.wait("anna/train-it")
    assert session.status == "COMPLETE", session.log.text
    assert "42 /kaggle/working" in session.log.text
    assert [file.file_name for file in output(client).files] == ["model"]


def test_a_notebook_without_a_kernelspec_dies(client, cloud):
    save(client, notebook("1", kernelspec=False), kernel_type="notebook")
    session = cloud.wait("anna/train-it")
    assert session.status == "ERROR"
    assert "No kernel name found in notebook" in session.log.text


def test_internet_is_off_unless_asked_for(client, cloud):
    text = "import socket; print([name for _, name in socket.if_nameindex()])"
    save(client, text)
    assert cloud.wait("anna/train-it").log.text == "['lo']\n"
    save(client, text, enable_internet=True)
    assert cloud.wait("anna/train-it").log.text != "['lo']\n"


def test_a_gpu_is_told_of_and_nothing_else_is(client, cloud):
    text = "import shutil; print(bool(shutil.which('nvidia-smi')))"
    save(client, text, machine_shape="NvidiaTeslaP100")
    assert cloud.wait("anna/train-it").log.text == "True\n"
    version = cloud.kernels["anna/train-it"].versions[0]
    assert version.machine_shape == "NvidiaTeslaT4"
    assert cloud.me.gpu_used > 0
    save(client, text)
    assert cloud.wait("anna/train-it").log.text == "False\n"


def test_what_a_session_installs_is_gone_with_it(client, cloud):
    text = "import site, pathlib; file = pathlib.Path(site.getsitepackages()[0], 'left.py');"
    text += "print(file.exists()); file.touch()"
    save(client, text)
    save(client, text)
    logs = {cloud.wait("anna/train-it", number).log.text for number in (1, 2)}
    assert logs == {"False\n"}


def test_fahr_is_not_installed_there(client, cloud):
    save(client, "import importlib.util; print(importlib.util.find_spec('fahr_core'))")
    assert cloud.wait("anna/train-it").log.text == "None\n"
