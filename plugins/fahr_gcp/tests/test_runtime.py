from __future__ import annotations

import ast
import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.clouds.faults import Fault

from fahr_gcp import names, runtime
from fahr_gcp.inside import bucket, calls, mirror
from fahr_gcp.inside.calls import ServiceError

PLACE = "gs://models/x/digits-1"


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    """Give the job's own disk, empty; nothing is mounted, and nothing waited for."""
    monkeypatch.setattr(runtime, "TOP", tmp_path / "fahr")
    monkeypatch.setattr(runtime, "_mirror", mirror.Mirror())
    monkeypatch.setattr(bucket, "MOUNTS", tmp_path / "gcs")
    monkeypatch.setattr(mirror, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(calls, "_identity", calls._Token())
    monkeypatch.setattr(calls.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("FAHR_PLACE", PLACE)
    return tmp_path / "fahr"


@pytest.fixture
def at_google(gcp, monkeypatch):
    """Give a project with a bucket, whose metadata server answers."""
    gcp.bucket("models")
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{gcp.port}")
    return gcp


class Mounted:
    """A bucket that is a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, name, content):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def read(self, name):
        return (self.folder / name).read_bytes()

    @property
    def names(self):
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.folder).as_posix() for path in found)


class ByCalls:
    """A bucket of the test cloud."""

    def __init__(self, cloud):
        self._bucket = cloud.buckets["models"]

    def write(self, name, content):
        self._bucket.write(name, content)

    def read(self, name):
        return self._bucket[name].content

    @property
    def names(self):
        return sorted(self._bucket.names)


@pytest.fixture(params=["mounted", "calls"])
def models(request, tmp_path):
    """Give the bucket, mounted or not."""
    if request.param == "mounted":
        return Mounted(tmp_path / "gcs" / "models")
    return ByCalls(request.getfixturevalue("at_google"))


# -- the machine --------------------------------------------------------------------------


def spec(kind, index, **cluster):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize(
    ("kind", "index", "rank"),
    [("workerpool0", 0, 0), ("workerpool1", 0, 1), ("workerpool1", 2, 3), ("workerpool10", 0, 5)],
)
def test_ranks_go_by_pool_and_index(monkeypatch, kind, index, rank):
    cluster = {
        "workerpool10": ["k:2222"],
        "workerpool1": ["b:2222", "c:2222", "d:2222"],
        "workerpool0": ["localhost:2222"],
        "workerpool2": ["e:2222"],
    }
    monkeypatch.setenv("CLUSTER_SPEC", spec(kind, index, **cluster))
    assert runtime.nodes() == {
        "rank": rank,
        "count": 6,
        "master_addr": "localhost",
        "master_port": 2222,
    }


def test_one_machine_needs_no_other(monkeypatch):
    assert runtime.nodes() == {"rank": 0, "count": 1}
    monkeypatch.setenv("CLUSTER_SPEC", spec("workerpool0", 0, workerpool0=["nowhere.invalid:1"]))
    assert runtime.nodes() == {"rank": 0, "count": 1}


def test_a_first_machine_without_an_address_is_told(monkeypatch):
    monkeypatch.setattr(runtime, "NAME_PATIENCE", 0.0)
    cluster = {"workerpool0": ["nowhere.invalid:1"], "workerpool1": ["b:1"]}
    monkeypatch.setenv("CLUSTER_SPEC", spec("workerpool1", 0, **cluster))
    with pytest.raises(ServiceError, match=r"nowhere.invalid has no address"):
        runtime.nodes()


def test_both_sides_mean_the_same(inside):
    text = Path(runtime.__file__).read_text()
    for name in (
        names.PLACE_VARIABLE,
        names.INPUTS_VARIABLE,
        names.INPUT_MODE_VARIABLE,
        names.SECRETS_VARIABLE,
        f"/{names.OUTPUT}/",
        f"/{names.CHECKPOINTS}/",
        f"/{names.failure_object(0).replace('0', '{}')}",
    ):
        assert name in text


def test_what_runs_in_the_job_needs_the_standard_library_alone():
    for path in [Path(runtime.__file__), *Path(bucket.__file__).parent.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {one.name.split(".")[0] for one in node.names} <= sys.stdlib_module_names
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert node.module.split(".")[0] in sys.stdlib_module_names


# -- inputs, output, checkpoints --------------------------------------------------------------


def test_inputs_are_copied_by_their_names(models, inside, monkeypatch):
    models.write("sets/a/x.csv", b"1")
    models.write("sets/y.csv", b"2" * 300_000)
    models.write("sets-of-others/z", b"3")
    inputs = {"all": "gs://models/sets", "one": "gs://models/sets/a/x.csv"}
    monkeypatch.setenv("FAHR_INPUTS", json.dumps(inputs))
    runtime.bring_inputs()
    found = [path for path in (inside / "inputs").rglob("*") if path.is_file()]
    told = {path.relative_to(inside / "inputs").as_posix(): path.stat().st_size for path in found}
    assert told == {"all/a/x.csv": 1, "all/y.csv": 300_000, "one/x.csv": 1}


def test_an_input_that_is_not_there_is_told(models, monkeypatch):
    monkeypatch.setenv("FAHR_INPUTS", json.dumps({"data": "gs://models/nothing"}))
    with pytest.raises(ServiceError, match="input data is empty: nothing is at gs://models"):
        runtime.bring_inputs()


def test_an_object_that_would_lead_out_is_refused(at_google, monkeypatch):
    at_google.buckets["models"].write("sets/../../evil", b"1")
    monkeypatch.setenv("FAHR_INPUTS", json.dumps({"data": "gs://models/sets"}))
    with pytest.raises(ServiceError, match="would lead out of its folder"):
        runtime.bring_inputs()


def test_an_input_is_a_link_where_that_is_asked_for(tmp_path, inside, monkeypatch):
    Mounted(tmp_path / "gcs" / "models").write("sets/x", b"1")
    monkeypatch.setenv("FAHR_INPUTS", json.dumps({"data": "gs://models/sets"}))
    monkeypatch.setenv("FAHR_INPUT_MODE", "mount")
    runtime.bring_inputs()
    runtime.bring_inputs()  # the job starts again on this machine
    assert (inside / "inputs" / "data").is_symlink()
    assert (inside / "inputs" / "data" / "x").read_bytes() == b"1"


def test_checkpoints_come_back_and_all_is_copied_at_the_end(models, inside):
    models.write("x/digits-1/checkpoints/step/1", b"one")
    models.write("x/digits-1/fahr/failure-0.txt", b"of an earlier start")
    told = runtime.places()
    assert (inside / "checkpoints" / "step" / "1").read_bytes() == b"one"
    output = Path(told["output"])
    (output / "rank-1").mkdir(parents=True, exist_ok=True)
    (output / "rank-1" / "é x").write_bytes(b"model")
    (output / "empty").write_bytes(b"")
    (inside / "checkpoints" / "step" / "2").write_bytes(b"two")
    (inside / "checkpoints" / "step" / "1").unlink()
    runtime.deliver(told["output"])
    base = "x/digits-1"
    assert models.names == [
        f"{base}/checkpoints/step/2",
        f"{base}/model/empty",
        f"{base}/model/rank-1/é x",
    ]
    assert models.read(f"{base}/model/rank-1/é x") == b"model"


def test_what_appears_is_copied_while_the_job_runs(models, inside):
    told = runtime.places()
    (inside / "checkpoints" / "state").write_bytes(b"1")
    name, waited = "x/digits-1/checkpoints/state", threading.Event()
    for _ in range(600):
        if name in models.names and models.read(name):  # a mere folder shows it half written
            break
        waited.wait(0.05)
    assert models.read(name) == b"1"
    runtime.deliver(told["output"])


def test_a_file_that_is_being_written_is_left_alone(tmp_path, inside):
    models = Mounted(tmp_path / "gcs" / "models")
    folder = mirror.Folder(inside / "checkpoints", PLACE + "/checkpoints/")
    folder.restore()
    (inside / "checkpoints" / "state").write_bytes(b"1")
    assert folder.copy(False) == []
    (inside / "checkpoints" / "state").write_bytes(b"12")
    assert folder.copy(False) == []
    assert models.names == []
    assert folder.copy(False) == []
    assert models.read("x/digits-1/checkpoints/state") == b"12"


def test_a_mount_that_fails_is_passed_by(at_google, tmp_path, inside):
    mount = Mounted(tmp_path / "gcs" / "models")
    told = runtime.places()
    (mount.folder / "x").mkdir()
    (mount.folder / "x" / "digits-1").write_bytes(b"in the way")
    Path(told["output"]).mkdir(exist_ok=True)
    (Path(told["output"]) / "model.txt").write_bytes(b"weights")
    runtime.deliver(told["output"])
    assert ByCalls(at_google).read("x/digits-1/model/model.txt") == b"weights"


def test_output_that_cannot_be_copied_fails_the_job(at_google, inside):
    told = runtime.places()
    Path(told["output"]).mkdir(exist_ok=True)
    (Path(told["output"]) / "model.txt").write_bytes(b"weights")
    at_google.deny("storage.objects.create")
    with pytest.raises(ServiceError, match=r"1 files could not be copied.*storage.objects.create"):
        runtime.deliver(told["output"])


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.RESET, Fault.THROTTLE, Fault.BROKEN])
@pytest.mark.parametrize("call", ["insert", "get", "list"])
def test_a_fault_of_a_moment_is_not_noticed(at_google, inside, fault, call):
    models = ByCalls(at_google)
    models.write("x/digits-1/checkpoints/1", b"one" * 100)
    at_google.faults.add(f"storage:objects.{call}", fault)
    told = runtime.places()
    Path(told["output"]).mkdir(exist_ok=True)
    (Path(told["output"]) / "model.txt").write_bytes(b"weights")
    runtime.deliver(told["output"])
    assert models.read("x/digits-1/model/model.txt") == b"weights"
    assert (inside / "checkpoints" / "1").read_bytes() == b"one" * 100
    assert [struck for _, struck in at_google.faults.struck] == [fault]


# -- secrets and the reason of a failure ------------------------------------------------------


@pytest.mark.parametrize("token", [True, False])
def test_an_emulator_is_given_a_token_where_there_is_one(at_google, inside, monkeypatch, token):
    seen = []

    class Emulator(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_DELETE = do_POST  # noqa: N815 - http.server's names

        def log_message(self, *told):
            pass

    if not token:
        monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Emulator) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"127.0.0.1:{server.server_port}")
        runtime.places()
        (inside / "output").mkdir(parents=True, exist_ok=True)
        (inside / "output" / "model.txt").write_text("42")
        runtime.deliver("")
        server.shutdown()
    assert len(seen) >= 3  # the failure goes, checkpoints are listed, the model comes
    assert all(bool(one) is token for one in seen)


def test_the_reason_lies_in_the_bucket_by_the_rank(models, monkeypatch):
    cluster = {"workerpool0": ["localhost:1"], "workerpool1": ["b:1"]}
    monkeypatch.setenv("CLUSTER_SPEC", spec("workerpool1", 0, **cluster))
    runtime.report_failure("KeyError: 'ü'")
    assert models.names == ["x/digits-1/fahr/failure-1.txt"]
    assert models.read("x/digits-1/fahr/failure-1.txt").decode() == "KeyError: 'ü'"


def test_secrets_are_read_by_name(at_google, monkeypatch):
    from fahr_gcp.client import Client

    client = Client(at_google.project, at_google.regions[0])
    path = f"v1/projects/{at_google.project}/secrets"
    body = {"replication": {"automatic": {}}}
    client.call("secretmanager", "POST", path, {"secretId": "own"}, body)
    data = base64.b64encode(b'{"TOKEN": "ab", "OTHER": "c"}').decode()
    payload = {"payload": {"data": data}}
    client.call("secretmanager", "POST", f"{path}/own:addVersion", body=payload)
    client.close()
    version = f"projects/{at_google.project}/secrets/own/versions/latest"
    monkeypatch.setenv("FAHR_SECRETS", version)
    assert runtime.secrets(["TOKEN"]) == {"TOKEN": "ab"}
    with pytest.raises(ServiceError, match="holds no MORE"):
        runtime.secrets(["TOKEN", "MORE"])


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "https://storage.googleapis.com"),
        ({"STORAGE_EMULATOR_HOST": "127.0.0.1:1"}, "http://127.0.0.1:1"),
        (
            {"CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": "https://own.p.googleapis.com/storage/v1/"},
            "https://own.p.googleapis.com",
        ),
    ],
)
def test_services_answer_where_the_variables_say(monkeypatch, variables, address):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    from fahr_gcp.endpoints import endpoint

    assert calls.endpoint("storage") == endpoint("storage", "us-central1") == address
