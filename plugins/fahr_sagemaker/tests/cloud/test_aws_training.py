"""Training jobs run for real, in the layout and with the endings of the service."""

from __future__ import annotations

import ast

import pytest
from asked import keys, lines, output

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
}
CHECKPOINTS = {"CheckpointConfig": {"S3Uri": "s3://models/checkpoints/exp-1"}}
TWO = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}}

LOOK = """
import glob, json, os, sys, urllib.request
def read(name): return json.load(open('/opt/ml/input/config/' + name + '.json'))
told = {
    'arguments': sys.argv[1:],
    'environment': dict(os.environ),
    'resources': read('resourceconfig'),
    'channels': read('inputdataconfig'),
    'data': sorted(glob.glob('/opt/ml/input/data/*/**', recursive=True)),
    'here': os.uname().nodename,
}
uri = 'http://169.254.170.2' + os.environ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
told['credentials'] = json.load(urllib.request.urlopen(uri))
told['reached'] = urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/moto-api/').status
print(told)
open('/opt/ml/model/weights', 'w').write('1 2 3')
os.makedirs('/opt/ml/output/data/plots')
open('/opt/ml/output/data/plots/loss.txt', 'w').write('0.5')
"""

SAVE_AT_SIGTERM = """
import signal, sys, time
def save(*_):
    open('/opt/ml/model/saved', 'w').write('in time')
    print('saved'); sys.exit({status})
signal.signal(signal.SIGTERM, save)
print('ready')
while True: time.sleep(0.05)
"""


@pytest.fixture
def ready(cloud, eventually):
    """Give a function that waits until a job has printed `ready` on each host."""

    def wait(job, streams=1):
        def printed():
            return sum("ready" in text for text in lines(cloud, job.name).values()) >= streams

        eventually(printed, timeout=120)
        return job

    return wait


def test_a_job_finds_the_layout_of_the_service(cloud, client, train):
    client("s3").put_object(Bucket="models", Key="data/a/x.csv", Body=b"1")
    client("s3").put_object(Bucket="models", Key="data/y.csv", Body=b"2")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://models/data"}}
    channel = {"ChannelName": "train", "DataSource": source, "ContentType": "text/csv"}
    job = train(LOOK, InputDataConfig=[channel], Environment={"COLOUR": "blue"})
    job.wait_for("final")
    assert job.reason == ""
    ((stream, (line,)),) = lines(cloud, "exp-1").items()
    told = ast.literal_eval(line)
    assert stream.startswith("algo-1-1")
    assert told["arguments"] == ["train"]
    assert told["here"] == "algo-1"
    assert told["environment"]["COLOUR"] == "blue"
    assert told["environment"]["TRAINING_JOB_NAME"] == "exp-1"
    assert told["resources"]["hosts"] == ["algo-1"]
    assert told["resources"]["current_instance_type"] == "ml.m5.large"
    assert told["channels"]["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    data = [name.removeprefix("/opt/ml/input/data/train/") for name in told["data"]]
    assert data == ["", "a", "a/x.csv", "y.csv"]
    assert told["credentials"]["RoleArn"].endswith(":role/trainer")
    assert told["reached"] == 200


def test_a_completed_job_leaves_its_output_where_the_service_does(cloud, sagemaker, train):
    train(LOOK).wait_for("final")
    described = sagemaker.describe_training_job(TrainingJobName="exp-1")
    assert described["TrainingJobStatus"] == "Completed"
    assert described["ModelArtifacts"] == {
        "S3ModelArtifacts": "s3://models/out/exp-1/output/model.tar.gz"
    }
    past = [each["Status"] for each in described["SecondaryStatusTransitions"]]
    assert past == ["Starting", "Pending", "Downloading", "Training", "Uploading", "Completed"]
    assert output(cloud, "exp-1") == {"weights": b"1 2 3"}
    assert output(cloud, "exp-1", "output.tar.gz") == {"plots/loss.txt": b"0.5"}
    assert described["BillableTimeInSeconds"] == described["TrainingTimeInSeconds"] >= 1


def test_without_compression_the_files_lie_one_by_one(cloud, train):
    config = {"S3OutputPath": "s3://models/out", "CompressionType": "NONE"}
    job = train(LOOK, OutputDataConfig=config).wait_for("final")
    assert job.model == "s3://models/out/exp-1/output/model/"
    assert keys(cloud, "out/exp-1") == [
        "out/exp-1/output/data/plots/loss.txt",
        "out/exp-1/output/model/weights",
    ]


def test_a_failed_job_gives_its_reason_and_its_data(cloud, train):
    code = "open('/opt/ml/output/failure', 'w').write('KeyError: label ' + 'x' * 2000)\n"
    code += "open('/opt/ml/output/data/half', 'w').write('1')\nraise SystemExit(3)"
    job = train(code).wait_for("final")
    assert job.status == job.secondary == "Failed"
    assert job.reason.startswith("AlgorithmError: KeyError: label xxx")
    assert job.reason.endswith(", exit code: 3")
    assert len(job.reason) == 1024
    assert keys(cloud, "out/exp-1") == ["out/exp-1/output/output.tar.gz"]


def test_stop_lets_a_job_save_what_it_has(cloud, sagemaker, train, ready):
    job = ready(train(SAVE_AT_SIGTERM.format(status=0)))
    sagemaker.stop_training_job(TrainingJobName="exp-1")
    assert sagemaker.describe_training_job(TrainingJobName="exp-1")["TrainingJobStatus"] in (
        "Stopping",
        "Stopped",
    )
    job.wait_for("final")
    assert job.status == job.secondary == "Stopped"
    assert output(cloud, "exp-1") == {"saved": b"in time"}
    past = [transition.status for transition in job.transitions]
    assert past[-3:] == ["Stopping", "Uploading", "Stopped"]


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(cloud, sagemaker, train, ready):
    cloud.grace = 1.0
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('ready')\n"
    job = ready(train(code + "while True: time.sleep(1)"))
    sagemaker.stop_training_job(TrainingJobName="exp-1")
    job.wait_for("final")
    assert job.status == "Stopped"


def test_max_runtime_stops_a_job(cloud, train):
    condition = {"MaxRuntimeInSeconds": 2}
    job = train(SAVE_AT_SIGTERM.format(status=0), StoppingCondition=condition)
    job.wait_for("final")
    assert (job.status, job.secondary) == ("Stopped", "MaxRuntimeExceeded")
    assert output(cloud, "exp-1") == {"saved": b"in time"}


def test_a_spot_job_goes_on_from_its_checkpoint(cloud, train, ready):
    cloud.checkpoint_interval = 0.2
    code = """
import os, time
place = '/opt/ml/checkpoints/epoch'
epoch = int(open(place).read()) if os.path.exists(place) else 0
print('from', epoch)
while epoch < 3:
    epoch += 1
    open(place, 'w').write(str(epoch))
    if epoch == 2:
        print('ready')
        time.sleep(600)
open('/opt/ml/model/epochs', 'w').write(str(epoch))
"""
    job = ready(train(code, **SPOT, **CHECKPOINTS))
    cloud.grace = 1.0
    cloud.interrupt("exp-1")
    job.wait_for("final")
    assert (job.status, job.attempt) == ("Completed", 2)
    assert "Interrupted" in [transition.status for transition in job.transitions]
    printed = [text[0] for text in lines(cloud, "exp-1").values()]
    assert sorted(printed) == ["from 0", "from 2"]
    assert output(cloud, "exp-1") == {"epochs": b"3"}
    description = job.description()
    assert description["BillableTimeInSeconds"] < description["TrainingTimeInSeconds"]


def test_two_hosts_find_each_other_by_name(cloud, train):
    code = """
import json, os, socket, time
here = json.load(open('/opt/ml/input/config/resourceconfig.json'))['current_host']
if here == 'algo-1':
    with socket.create_server(('', 7777)) as server:
        server.settimeout(60)
        print(server.accept()[0].recv(9).decode())
else:
    deadline = time.time() + 60
    while True:
        try: socket.create_connection(('algo-1', 7777)).sendall(here.encode()); break
        except OSError:
            if time.time() > deadline: raise
            time.sleep(0.1)
open('/opt/ml/model/of-' + here, 'w').write(here)
"""
    job = train(code, **TWO).wait_for("final")
    assert job.reason == ""
    printed = {stream[:6]: text for stream, text in lines(cloud, "exp-1").items()}
    assert printed == {"algo-1": ["algo-2"], "algo-2": []}
    assert output(cloud, "exp-1") == {"of-algo-1": b"algo-1", "of-algo-2": b"algo-2"}


def test_a_host_that_fails_ends_the_others(cloud, train):
    code = """
import json, time
here = json.load(open('/opt/ml/input/config/resourceconfig.json'))['current_host']
if here == 'algo-2': raise SystemExit(7)
time.sleep(600)
"""
    cloud.grace = 1.0
    job = train(code, **TWO).wait_for("final")
    assert job.reason == "AlgorithmError: , exit code: 7"


@pytest.mark.parametrize(
    ("isolated", "told"), [(True, ["False", "unreachable"]), (False, ["True", "reached"])]
)
def test_isolation_leaves_neither_network_nor_credentials(cloud, aws_engine, train, isolated, told):
    bridge = aws_engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    code = f"""
import os, socket
print('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' in os.environ)
try: socket.create_connection(('{bridge}', {cloud.port}), 10)
except OSError as error: print('unreachable')
else: print('reached')
"""
    train(code, EnableNetworkIsolation=isolated).wait_for("final")
    assert list(lines(cloud, "exp-1").values()) == [told]


def test_a_channel_without_objects_fails_the_job(train):
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://models/nothing/"}}
    channel = {"ChannelName": "train", "DataSource": source}
    job = train("print(1)", InputDataConfig=[channel]).wait_for("final")
    assert job.status == "Failed"
    assert job.reason.startswith("ClientError: Data download failed:No S3 objects found under")


def test_a_service_that_breaks_down_retries_as_often_as_it_may(cloud, train, ready):
    code = "import time\nprint('ready')\ntime.sleep(600)"
    job = ready(train(code, RetryStrategy={"MaximumRetryAttempts": 1}))
    cloud.break_down("exp-1")
    job.wait_for("Restarting")
    ready(job, streams=2)
    cloud.break_down("exp-1")
    job.wait_for("final")
    assert (job.status, job.attempt) == ("Failed", 2)
    assert job.reason == "InternalServerError: We encountered an internal error. Please try again."


def test_lines_become_metrics(runner, train):
    algorithm = {
        "TrainingImage": runner,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
    }
    job = train("print('loss=0.5')\nprint('loss=0.25')", AlgorithmSpecification=algorithm)
    job.wait_for("final")
    assert [each["Value"] for each in job.description()["FinalMetricDataList"]] == [0.25]
