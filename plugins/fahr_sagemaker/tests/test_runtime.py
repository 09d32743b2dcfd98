from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clouds.faults import Fault

from fahr_sagemaker import names, runtime

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the job's /opt/ml, empty."""
    monkeypatch.setattr(runtime, "ML", tmp_path / "ml")
    monkeypatch.setattr(runtime, "_reasons", [])
    for variable in ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"):
        monkeypatch.setenv(variable, "none")  # so that what is set here goes afterwards
        monkeypatch.delenv(variable)
    (tmp_path / "ml").mkdir()
    return tmp_path / "ml"


def test_both_sides_mean_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "ML", Path(names.DEFAULT_ROOT))
    assert runtime.places()["inputs"] == names.INPUT_ROOT
    assert names.SECRETS_VARIABLE in Path(runtime.__file__).read_text()


class TestEnds:
    def test_the_reason_is_where_the_service_takes_it_from(self, inside: Path) -> None:
        runtime.report_failure("ü" * 2000)
        assert (inside / "output" / "failure").read_text("utf-8") == "ü" * 1024

    def test_the_output_of_a_failed_job_goes_where_it_is_uploaded(self, inside: Path) -> None:
        output, data = inside / "model", inside / "output" / "data"
        (output / "rank-1").mkdir(parents=True)
        (output / "rank-1" / "a").write_text("a")
        (output / "scores").write_text("model's")
        data.mkdir(parents=True)
        (data / "scores").write_text("data's")
        runtime.report_failure("why")
        runtime.deliver(str(output))
        there = {
            p.relative_to(data).as_posix(): p.read_text() for p in data.rglob("*") if p.is_file()
        }
        assert there == {
            "rank-1/a": "a",
            "scores": "data's",
            "scores.from-model-1": "model's",
        }

    def test_that_of_any_other_stays(self, inside: Path) -> None:
        (inside / "model").mkdir()
        (inside / "model" / "weights").write_text("w")
        runtime.deliver(str(inside / "model"))
        assert (inside / "model" / "weights").exists()
        assert not (inside / "output").exists()


class TestNodes:
    def resources(self, inside: Path, **told: Any) -> None:
        folder = inside / "input" / "config"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resourceconfig.json").write_text(json.dumps(told))

    @pytest.fixture(autouse=True)
    def addresses(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        asked: list[str] = []

        def found(host: str, port: int) -> None:
            asked.append(host)
            if len(asked) < 3:
                raise socket.gaierror("not known yet")

        monkeypatch.setattr(runtime.socket, "getaddrinfo", found)
        monkeypatch.setattr(runtime.time, "sleep", lambda _: None)
        return asked

    def test_one_machine(self, inside: Path, addresses: list[str]) -> None:
        self.resources(inside, current_host="algo-1", hosts=["algo-1"])
        assert runtime.nodes() == {"rank": 0, "count": 1}
        assert addresses == []

    def test_run_by_hand(self) -> None:
        assert runtime.nodes() == {"rank": 0, "count": 1}

    def test_ranks_are_by_number_and_the_first_is_waited_for(
        self, inside: Path, addresses: list[str]
    ) -> None:
        hosts = ["algo-10", "algo-2", "algo-1", *(f"algo-{n}" for n in range(3, 10))]
        for number in range(1, 11):
            self.resources(
                inside,
                current_host=f"algo-{number}",
                hosts=hosts,
                network_interface_name="eth0",
            )
            told = runtime.nodes()
            assert (told["rank"], told["count"]) == (number - 1, 10)
            assert told["master_addr"] == "algo-1"
        assert addresses[:3] == ["algo-1"] * 3
        assert os.environ["NCCL_SOCKET_IFNAME"] == os.environ["GLOO_SOCKET_IFNAME"] == "eth0"

    def test_a_name_that_never_means_anything_is_said(
        self, inside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unknown(host: str, port: int) -> None:
            raise socket.gaierror("not known")

        monkeypatch.setattr(runtime.socket, "getaddrinfo", unknown)
        monkeypatch.setattr(runtime, "NAME_PATIENCE", 0.01)
        self.resources(inside, current_host="algo-2", hosts=["algo-1", "algo-2"])
        with pytest.raises(runtime.ServiceError, match="algo-1 has no address"):
            runtime.nodes()


NAMES = st.text("abcXYZ019/-_.", min_size=1, max_size=20)


@given(key=NAMES, secret=NAMES, token=st.just("") | NAMES, body=st.binary(max_size=50))
def test_requests_are_signed_as_the_sdk_signs_them(
    key: str, secret: str, token: str, body: bytes
) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = "https://secretsmanager.eu-west-1.amazonaws.com/"
    ours = runtime.signed_headers(
        url,
        "secretsmanager",
        "eu-west-1",
        "x.GetSecretValue",
        body,
        runtime.Credentials(key, secret, token),
    )
    request = AWSRequest("POST", url, data=body)
    for name in ("content-type", "host", "x-amz-target"):
        request.headers[name] = ours[name]
    signer = SigV4Auth(Credentials(key, secret, token or None), "secretsmanager", "eu-west-1")
    request.context["timestamp"] = ours["x-amz-date"]
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert ours["authorization"].endswith(f"Signature={signer.signature(text, request)}")


class TestSecrets:
    VALUES: ClassVar = {"TOKEN": "a-b-c", "OTHER": 'quotes " and ünicode'}

    @pytest.fixture(autouse=True)
    def job(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be inside a job of the account, with the credentials that its role lends."""
        token = aws.lend_credentials("arn:aws:iam::123456789012:role/trainer")
        lent = aws.credentials_of(token)
        assert lent
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.lender(lent))
        monkeypatch.setattr(runtime.time, "sleep", lambda _: None)

    def lender(self, lent: dict[str, str]) -> str:
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(lent).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/role"

    @pytest.fixture(autouse=True)
    def ended(self) -> Any:
        yield
        self.server.shutdown()
        self.server.server_close()

    def in_secrets_manager(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        client = cloud.client("secretsmanager", own=True)
        client.create_secret(Name="AmazonSageMaker-fahr-x", SecretString=json.dumps(self.VALUES))
        client.close()
        monkeypatch.setenv("FAHR_SECRETS", "secretsmanager:AmazonSageMaker-fahr-x")

    def in_parameters(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
    ) -> None:
        client = cloud.client("ssm", own=True)
        for name, value in values.items():
            client.put_parameter(Name=f"/fahr/x/{name}", Value=value, Type="SecureString")
        monkeypatch.setenv("FAHR_SECRETS", "ssm:/fahr/x")

    def test_from_secrets_manager(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.in_secrets_manager(aws, monkeypatch)
        assert runtime.secrets(["TOKEN"]) == {"TOKEN": "a-b-c"}
        assert runtime.secrets(["TOKEN", "OTHER"]) == self.VALUES
        assert aws.permissions("job") == {"secretsmanager:GetSecretValue"}

    def test_from_parameters(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        values = {f"NAME_{number}": f"value {number}" for number in range(23)}
        self.in_parameters(aws, monkeypatch, values)
        assert runtime.secrets(list(values)) == values

    def test_one_that_is_not_there(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.in_secrets_manager(aws, monkeypatch)
        with pytest.raises(runtime.ServiceError, match="holds no ABSENT"):
            runtime.secrets(["TOKEN", "ABSENT"])
        monkeypatch.setenv("FAHR_SECRETS", "secretsmanager:never-was")
        with pytest.raises(runtime.ServiceError, match="ResourceNotFoundException"):
            runtime.secrets(["TOKEN"])

    def test_a_missing_permission(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.in_secrets_manager(aws, monkeypatch)
        aws.deny("secretsmanager:GetSecretValue", "job")
        with pytest.raises(runtime.ServiceError, match="AccessDenied") as problem:
            runtime.secrets(["TOKEN"])
        assert "a-b-c" not in str(problem.value)
        assert len(aws.called("secretsmanager:GetSecretValue")) == 1

    @pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.TIMEOUT])
    @pytest.mark.parametrize("call", ["secretsmanager:GetSecretValue", "ssm:GetParameters"])
    def test_a_service_that_fails_for_a_while(
        self, aws: Cloud, monkeypatch: pytest.MonkeyPatch, call: str, fault: Fault
    ) -> None:
        self.in_secrets_manager(aws, monkeypatch)
        if call.startswith("ssm"):
            self.in_parameters(aws, monkeypatch, self.VALUES)
        aws.faults.add(call, fault, times=3, seconds=0.2)
        assert runtime.secrets(["TOKEN"]) == {"TOKEN": "a-b-c"}
        assert len(aws.faults.struck) == (1 if fault is Fault.SLOW else 3)

    def test_a_service_that_does_not_answer(
        self, aws: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.in_secrets_manager(aws, monkeypatch)
        monkeypatch.setattr(runtime, "ANSWER_PATIENCE", 2)
        aws.faults.add("secretsmanager:GetSecretValue", Fault.TIMEOUT, seconds=600)
        assert runtime.secrets(["TOKEN"]) == {"TOKEN": "a-b-c"}

    def test_no_place_and_no_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(runtime.ServiceError, match="no place of secrets"):
            runtime.secrets(["TOKEN"])
        monkeypatch.setenv("FAHR_SECRETS", "secretsmanager:x")
        monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        with pytest.raises(runtime.ServiceError, match="no credentials"):
            runtime.secrets(["TOKEN"])


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://ssm.eu-west-1.amazonaws.com/"),
        ("cn-north-1", "https://ssm.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", "https://ssm.us-gov-west-1.amazonaws.com/"),
    ],
)
def test_the_service_of_the_region_is_asked(
    monkeypatch: pytest.MonkeyPatch, region: str, url: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    assert runtime._endpoint("ssm") == url
