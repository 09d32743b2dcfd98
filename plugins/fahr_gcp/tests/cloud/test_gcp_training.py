"""Custom jobs run for real, in the surroundings and with the endings of the service."""

from __future__ import annotations

import json

import pytest
from tests.clouds.images import Push

LOOK = """
import json, os, sys, urllib.request
def metadata(path):
    url = 'http://metadata.google.internal/computeMetadata/v1/' + path
    request = urllib.request.Request(url, headers={'Metadata-Flavor': 'Google'})
    return urllib.request.urlopen(request).read().decode()
token = json.loads(metadata('instance/service-accounts/default/token'))['access_token']
url = os.environ['STORAGE_EMULATOR_HOST'] + '/upload/storage/v1/b/models/o?uploadType=media&name=up'
request = urllib.request.Request(url, b'1 2 3', {'Authorization': 'Bearer ' + token})
print(json.dumps({
    'environment': dict(os.environ),
    'account': metadata('instance/service-accounts/default/email'),
    'project': metadata('project/project-id'),
    'uploaded': json.load(urllib.request.urlopen(request))['name'],
    'mounted': os.path.exists('/gcs'),
    'seen': open('/gcs/models/in/x').read() if os.path.exists('/gcs') else '',
    'here': os.uname().nodename,
}))
if os.path.exists('/gcs'):
    os.makedirs('/gcs/models/exp-1/model')
    open('/gcs/models/exp-1/model/weights', 'w').write('1 2 3')
print('oops', file=sys.stderr)
"""
SAVE_AT_SIGTERM = """
import os, signal, sys, time
def save(*_):
    open('/gcs/models/saved', 'a').write('in time ')
    print('saved'); sys.exit({status})
signal.signal(signal.SIGTERM, save)
print('ready', os.path.exists('/tmp/before'))
open('/tmp/before', 'w').close()
while True: time.sleep(0.05)
"""
TALK = """
import json, os, socket, time
spec = json.loads(os.environ['CLUSTER_SPEC'])
host, _, port = spec['cluster']['workerpool0'][0].partition(':')
if spec['task']['type'] == 'workerpool0':
    with socket.create_server(('', int(port))) as server:
        print(server.accept()[0].recv(9).decode())
else:
    for _ in range(600):
        try: connection = socket.create_connection((host, int(port))); break
        except OSError: time.sleep(0.1)
    connection.sendall(b'from %d.%d' % (int(spec['task']['type'][-1]), spec['task']['index']))
    time.sleep(600)
"""


@pytest.fixture
def ready(gcp, eventually):
    """Give a function that waits until a job has printed `ready` so many times."""

    def wait(job, times=1):
        def printed():
            return sum(line.startswith("ready") for line in gcp.logs.of(job.number)) >= times

        eventually(printed, timeout=120)
        return job

    return wait


def looked(gcp, job):
    """Give what the job saw; its two streams come in any order."""
    (line,) = [line for line in gcp.logs.of(job.number) if line.startswith("{")]
    return json.loads(line)


def test_a_job_finds_the_surroundings_of_the_service(gcp, train):
    account = gcp.service_account("trainer")
    gcp.buckets["models"].write("in/x", b"input")
    job = train(LOOK, serviceAccount=account).wait_for("final")
    assert (job.state, job.past) == ("SUCCEEDED", ["QUEUED", "PENDING", "RUNNING", "SUCCEEDED"])
    told = looked(gcp, job)
    environment = told["environment"]
    assert environment["AIP_MODEL_DIR"] == "gs://models/exp-1/model/"
    assert environment["AIP_CHECKPOINT_DIR"] == "gs://models/exp-1/checkpoints/"
    assert environment["AIP_TENSORBOARD_LOG_DIR"] == "gs://models/exp-1/logs/"
    assert environment["CLOUD_ML_JOB_ID"] == job.number
    assert environment["CLOUD_ML_PROJECT_ID"] == gcp.number
    spec = json.loads(environment["CLUSTER_SPEC"])
    assert spec["cluster"] == {"workerpool0": [f"{told['here']}:2222"]}
    assert spec["task"] == {"type": "workerpool0", "index": 0}
    assert told["account"] == account
    assert told["project"] != gcp.project
    assert told["uploaded"] == "up"
    assert told["seen"] == "input"
    assert gcp.buckets["models"]["exp-1/model/weights"].content == b"1 2 3"
    assert gcp.permissions("job") == {"storage.objects.create"}


def test_the_mount_follows_what_others_do_to_the_bucket(gcp, train, eventually):
    code = "import os, time\nplace = '/gcs/models/note'\n"
    code += "def wait(there):\n while os.path.exists(place) is not there: time.sleep(0.05)\n"
    code += "for _ in 'ab': wait(True); print(open(place).read()); wait(False); print('gone')\n"
    code += "open(place, 'w').write('mine')"
    job = train(code)
    for text in ("first", "second"):
        gcp.buckets["models"].write("note", text.encode())
        eventually(lambda text=text: text in gcp.logs.of(job.number))
        gcp.buckets["models"].delete("note")
        eventually(lambda: gcp.logs.of(job.number)[-1:] == ["gone"])
    assert job.wait_for("final").state == "SUCCEEDED"
    assert gcp.buckets["models"]["note"].content == b"mine"


def test_without_the_mount_a_job_uploads(gcp, train):
    gcp.gcs_mounted = False
    job = train(LOOK).wait_for("final")
    told = looked(gcp, job)
    assert (job.state, told["mounted"], told["uploaded"]) == ("SUCCEEDED", False, "up")
    assert told["account"] == gcp.accounts.agent


def test_a_mount_that_failed_may_leave_an_empty_folder(gcp, train):
    gcp.gcs_mounted, gcp.gcs_empty = False, True
    job = train("import os; print(os.listdir('/gcs')); open('/gcs/lost', 'w').close()")
    assert job.wait_for("final").state == "SUCCEEDED"
    assert gcp.logs.of(job.number) == ["[]"]
    assert gcp.buckets["models"].names == []


def test_a_failure_names_the_replica_and_no_reason(gcp, call, train):
    job = train("raise SystemExit(3)").wait_for("final")
    told = call("GET", f"v1/{job.resource}").json()
    assert told["state"] == "JOB_STATE_FAILED"
    assert told["error"]["code"] == 3
    text = "The replica workerpool0-0 exited with a non-zero status of 3."
    assert told["error"]["message"].startswith(text)
    assert set(told) >= {"createTime", "startTime", "endTime", "updateTime"}


@pytest.mark.parametrize(("code", "attempts"), [(1, 1), (6, 4), (139, 4)])
def test_some_exit_codes_are_tried_again(train, code, attempts):
    job = train(f"raise SystemExit({code})").wait_for("final")
    assert (job.state, job.attempt) == ("FAILED", attempts)


def test_retries_can_be_switched_off(train):
    job = train("raise SystemExit(139)", scheduling={"disableRetries": True}).wait_for("final")
    assert (job.state, job.attempt) == ("FAILED", 1)


def test_cancel_lets_a_job_save_what_it_has(gcp, call, train, ready):
    job = ready(train(SAVE_AT_SIGTERM.format(status=0)))
    assert call("POST", f"v1/{job.resource}:cancel").json() == {}
    job.wait_for("final")
    assert job.past == ["QUEUED", "PENDING", "RUNNING", "CANCELLING", "CANCELLED"]
    assert gcp.buckets["models"]["saved"].content == b"in time "
    again = call("POST", f"v1/{job.resource}:cancel")
    assert again.json()["error"]["status"] == "FAILED_PRECONDITION"


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(gcp, call, train, ready):
    gcp.grace = 1.0
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('ready')\n"
    job = ready(train(code + "while True: time.sleep(1)"))
    call("POST", f"v1/{job.resource}:cancel")
    assert job.wait_for("final").state == "CANCELLED"


def test_the_timeout_ends_a_job(gcp, train):
    gcp.grace = 1.0
    job = train("import time; time.sleep(600)", scheduling={"timeout": "1s"}).wait_for("final")
    assert (job.state, "running time" in job.reason) == ("CANCELLED", True)


def test_spot_machines_that_are_taken_away_are_replaced_by_empty_ones(gcp, call, train, ready):
    code = SAVE_AT_SIGTERM.format(status=0)
    job = ready(train(code, scheduling={"strategy": "SPOT"}))
    gcp.interrupt("exp-1")
    ready(job, times=2)
    assert job.past == ["QUEUED", "PENDING", "RUNNING", "PENDING", "RUNNING"]
    lines = [line for line in gcp.logs.of(job.number) if line.startswith("ready")]
    assert lines == ["ready False", "ready False"]
    call("POST", f"v1/{job.resource}:cancel")
    job.wait_for("final")
    assert gcp.buckets["models"]["saved"].content == b"in time in time "


def test_worker_pools_reach_the_first_and_end_with_it(gcp, train):
    gcp.grace = 1.0
    job = train(TALK, pools=2).wait_for("final")
    assert job.state == "SUCCEEDED"
    assert gcp.logs.of(job.number) == ["from 1.0"]


def test_one_replica_that_fails_ends_the_others(gcp, train):
    gcp.grace = 1.0
    code = "import os, time\n"
    code += "if '\"workerpool1\", \"index\"' in os.environ['CLUSTER_SPEC']: raise SystemExit(5)\n"
    job = train(code + "time.sleep(600)", pools=2).wait_for("final")
    assert job.state == "FAILED"
    assert job.reason.startswith("The replica workerpool1-0 exited with a non-zero status of 5.")


def test_an_image_that_is_not_there_fails_the_job(gcp, call, asked, parent, gcp_engine):
    call("POST", f"{parent}/customJobs", json=asked())
    job = gcp.jobs["exp-1"].wait_for("final")
    assert job.past == ["QUEUED", "PENDING", "FAILED"]
    assert job.reason.startswith("Failed to pull image")


def test_the_service_itself_pulls_the_image(gcp, runner, asked, call, parent):
    image = Push(gcp.registry, f"{gcp.project}/images/runner").altered(runner, Entrypoint=["true"])
    gcp.deny("artifactregistry.repositories.downloadArtifacts", "service")
    call("POST", f"{parent}/customJobs", json=asked(image=image))
    refused = gcp.jobs["exp-1"].wait_for("final")
    assert refused.reason.startswith("Failed to pull image")
    gcp.denied.clear()
    call("POST", f"{parent}/customJobs", json=asked(image=image))
    assert gcp.jobs["exp-1"].wait_for("final").state == "SUCCEEDED"


def test_a_service_that_fails_tries_again(gcp, train, ready):
    job = ready(train(SAVE_AT_SIGTERM.format(status=0)))
    gcp.break_down("exp-1")
    ready(job, times=2)
    assert job.attempt == 2
