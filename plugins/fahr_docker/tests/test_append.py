from __future__ import annotations

import json

import pytest

from fahr_core.errors import ServiceError, UsageError
from fahr_core.paths import cache_folder
from fahr_docker.append import append_code
from fahr_docker.image_config import ConfigChanges
from fahr_docker.layer import code_layer, packed
from fahr_docker.registry import Blob
from fahr_docker.staged_tree import LAUNCHER_FOLDER
from made_images import DOCKER, OCI, OCI_INDEX, files_of, push_image, push_index
from made_layers import layer_of, snapshot_of

CHANGES = ConfigChanges(
    entrypoint=("python3", LAUNCHER_FOLDER),
    cmd=("train",),
    env={"A": "2", "B": "3"},
    workdir="/opt/fahr/code",
    labels={"fahr.code": "x"},
)


@pytest.fixture
def layer(tmp_path):
    return layer_of(tmp_path, {"train.py": b"print(1)\n", "run.sh": b"fahr-start\n"})


def config_of(registry, digest):
    return json.loads(registry.read_blob(registry.get_manifest(digest).config.digest))


def test_the_code_is_there_with_the_environment(registry, layer):
    environment = push_image(registry, "env-1", layers=({"etc/base": b"base"}, {"lib": b"x"}))
    image = append_code(registry, "env-1", layer, CHANGES)
    assert image.stored
    assert image.environment_digest == environment
    assert registry.head_manifest(image.tag) == registry.head_manifest(image.digest) == image.digest
    found = files_of(registry, image.digest)
    assert found["etc/base"][1] == b"base"
    assert found["opt/fahr/code/train.py"] == (0o644, b"print(1)\n")
    assert found["opt/fahr/code/run.sh"] == (0o755, b"fahr-start\n")
    assert LAUNCHER_FOLDER[1:] + "/__main__.py" in found


def test_the_configuration_is_the_environments_but_for_the_changes(registry, layer):
    push_image(registry, "env-1")
    told = config_of(registry, append_code(registry, "env-1", layer, CHANGES).digest)
    assert told["config"] == {
        "Env": ["PATH=/usr/bin", "A=2", "B=3"],
        "Entrypoint": ["python3", LAUNCHER_FOLDER],
        "Cmd": ["train"],
        "WorkingDir": "/opt/fahr/code",
        "Labels": {"fahr.code": "x"},
    }
    assert [step["created_by"] for step in told["history"]] == ["by hand", "fahr: code"]
    assert len(told["rootfs"]["diff_ids"]) == 2
    assert told["created"] == "2024-01-02T03:04:05Z"


def test_all_of_it_has_docker_media_types(registry, layer):
    push_image(registry, "env-1", kinds=OCI)
    manifest = registry.get_manifest(append_code(registry, "env-1", layer, CHANGES).digest)
    assert manifest.media_type == DOCKER["manifest"]
    assert manifest.config.media_type == DOCKER["config"]
    assert {layer.media_type for layer in manifest.layers} == {DOCKER["layer"]}


def test_a_plain_layer_stays_plain(registry, layer):
    plain = {**OCI, "layer": "application/vnd.oci.image.layer.v1.tar"}
    push_image(registry, "env-1", kinds=plain, plain=True)
    digest = append_code(registry, "env-1", layer, CHANGES).digest
    base, _ = registry.get_manifest(digest).layers
    assert base.media_type == "application/vnd.docker.image.rootfs.diff.tar"
    assert files_of(registry, digest)["etc/base"][1] == b"base"


def test_zstd_is_refused_with_what_to_do(registry, layer):
    kinds = {**OCI, "layer": "application/vnd.oci.image.layer.v1.tar+zstd"}
    push_image(registry, "env-1", kinds=kinds)
    with pytest.raises(UsageError, match=r"packed as zstd.*\n.*compression=gzip"):
        append_code(registry, "env-1", layer, CHANGES)
    assert registry.tags() == ("env-1",)


def test_of_an_index_the_platforms_image_is_taken(registry, layer):
    images = {
        "unknown/unknown": push_image(registry, None, layers=({"no": b""},)),
        "linux/arm64/v8": push_image(
            registry, None, layers=({"arm": b""},), architecture="arm64", config={"variant": "v8"}
        ),
        "linux/amd64": push_image(registry, None, layers=({"amd": b""},)),
    }
    assert push_index(registry, "env-1", images) != images["linux/amd64"]
    amd = append_code(registry, "env-1", layer, CHANGES)
    arm = append_code(registry, "env-1", layer, CHANGES, platform="linux/arm64")
    assert "amd" in files_of(registry, amd.digest)
    assert "arm" in files_of(registry, arm.digest)
    assert amd.tag != arm.tag
    with pytest.raises(UsageError, match=r"linux/s390x \(only linux/amd64, linux/arm64/v8\)"):
        append_code(registry, "env-1", layer, CHANGES, platform="linux/s390x")


def test_an_image_for_another_platform_is_refused(registry, layer):
    push_image(registry, "env-1", architecture="arm64")
    with pytest.raises(UsageError, match="is for linux/arm64, not for linux/amd64"):
        append_code(registry, "env-1", layer, CHANGES)


def test_unchanged_costs_one_request(through, registry, faulty, layer):
    push_image(registry, "env-1")
    client = through()
    first = append_code(client, "env-1", layer, CHANGES)
    faulty.begin()
    again = append_code(through(), "env-1", layer, CHANGES)
    assert faulty.seen == [f"HEAD /v2/{registry.name.partition('/')[2]}/manifests/{first.tag}"]
    assert faulty.connections == 1
    assert (again.digest, again.stored) == (first.digest, False)


def test_an_edit_costs_six_requests_and_nothing_of_the_environment(
    through, registry, faulty, tmp_path
):
    push_image(registry, "env-1", layers=({"big": bytes(10**6)},))
    client = through()
    append_code(client, "env-1", layer_of(tmp_path, {"train.py": b"1"}), CHANGES)
    faulty.begin()
    append_code(client, "env-1", layer_of(tmp_path, {"train.py": b"2"}), CHANGES)
    methods = [line.split()[0] for line in faulty.seen]
    assert sorted(methods) == ["HEAD", "POST", "POST", "PUT", "PUT", "PUT"]
    assert methods[0] == "HEAD"
    assert "manifests" in faulty.seen[-1]


def test_the_environment_is_added_to_and_never_an_earlier_code(registry, tmp_path):
    push_image(registry, "env-1")
    both = layer_of(tmp_path, {"train.py": b"", "old.py": b""})
    append_code(registry, "env-1", both, CHANGES)
    image = append_code(registry, "env-1", layer_of(tmp_path, {"train.py": b""}), CHANGES)
    assert "opt/fahr/code/old.py" not in files_of(registry, image.digest)


def test_the_tag_depends_on_each_of_its_parts(registry, tmp_path, layer):
    push_image(registry, "env-1")
    push_image(registry, "env-2", layers=({"other": b""},))
    other = layer_of(tmp_path, {"train.py": b"print(2)\n"})
    made = [
        append_code(registry, "env-1", layer, CHANGES),
        append_code(registry, "env-2", layer, CHANGES),
        append_code(registry, "env-1", other, CHANGES),
        append_code(registry, "env-1", layer, ConfigChanges(env={"A": "2"})),
    ]
    assert len({image.tag for image in made}) == len({image.digest for image in made}) == 4


def test_two_machines_make_the_same_image(registry, layer, monkeypatch, tmp_path):
    environment = push_image(registry, "env-1")
    first = append_code(registry, "env-1", layer, CHANGES)
    assert registry.delete(first.digest)
    assert registry.head_manifest(first.tag) is None
    monkeypatch.setenv("FAHR_HOME", str(tmp_path / "elsewhere"))
    snapshot_of({"train.py": b"print(1)\n", "run.sh": b"fahr-start\n"})
    second = append_code(registry, environment, layer, CHANGES)
    assert (second.tag, second.digest, second.stored) == (first.tag, first.digest, True)


def test_a_missing_environment_is_an_error_and_leaves_no_tag(registry, layer):
    with pytest.raises(ServiceError, match=r"environment's image .*:env-1 is not in the registry"):
        append_code(registry, "env-1", layer, CHANGES)
    assert registry.tags() == ()


def test_an_environment_made_anew_is_found_again(registry, tmp_path):
    old = push_image(registry, "env-1", layers=({"old": b""},))
    append_code(registry, "env-1", layer_of(tmp_path, {"train.py": b"1"}), CHANGES)
    assert registry.delete(old)
    new = push_image(registry, "env-1", layers=({"new": b""},))
    for file in (cache_folder() / "images").iterdir():
        if b"manifest" in file.read_bytes():
            file.unlink()
    image = append_code(registry, "env-1", layer_of(tmp_path, {"train.py": b"2"}), CHANGES)
    assert image.environment_digest == new
    assert "new" in files_of(registry, image.digest)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"manifest": 1}'])
def test_a_damaged_cache_does_no_harm(registry, tmp_path, damage):
    push_image(registry, "env-1")
    append_code(registry, "env-1", layer_of(tmp_path, {"train.py": b"1"}), CHANGES)
    for file in (cache_folder() / "images").iterdir():
        file.write_bytes(damage)
    layer = layer_of(tmp_path, {"train.py": b"2"})
    assert append_code(registry, "env-1", layer, CHANGES).stored


def test_a_damaged_environment_is_refused(registry, layer):
    push_image(registry, "env-1", config={"rootfs": {"type": "layers", "diff_ids": []}})
    with pytest.raises(ServiceError, match=r"the configuration of .* is damaged"):
        append_code(registry, "env-1", layer, CHANGES)
    assert registry.tags() == ("env-1",)


def test_a_full_stack_of_layers_is_refused(registry, layer):
    push_image(registry, "env-1", layers=({"same": b""},) * 127)
    with pytest.raises(UsageError, match="has 127 layers"):
        append_code(registry, "env-1", layer, CHANGES)


def test_an_image_without_history_gets_one_that_engines_accept(registry, layer):
    push_image(registry, "env-1", layers=({"a": b""}, {"b": b""}), config={"history": []})
    told = config_of(registry, append_code(registry, "env-1", layer, CHANGES).digest)
    assert len(told["history"]) == len(told["rootfs"]["diff_ids"]) == 3


def test_an_entrypoint_alone_takes_the_command_away(registry, layer):
    push_image(registry, "env-1")
    changes = ConfigChanges(entrypoint=("x",))
    told = config_of(registry, append_code(registry, "env-1", layer, changes).digest)
    assert "Cmd" not in told["config"]


def test_of_a_layer_that_is_there_nothing_is_sent_again(through, registry, faulty, layer):
    push_image(registry, "env-1")
    push_image(registry, "env-2", layers=({"other": b""},))
    client = through()
    with packed(layer) as blob:
        append_code(client, "env-1", layer, CHANGES)
        faulty.begin()
        append_code(client, "env-2", layer, CHANGES)
    assert faulty.bytes_in < blob.size


def test_an_index_without_any_image_is_told(registry, layer):
    content = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
    registry.put_manifest("env-1", content, OCI_INDEX)
    with pytest.raises(UsageError, match="only none"):
        append_code(registry, "env-1", code_layer(()), CHANGES)


def test_layers_that_the_registry_lost_are_told(registry, layer, real_registry):
    push_image(registry, "env-1")
    repository = registry.name.partition("/")[2]
    links = real_registry.folder / f"data/docker/registry/v2/repositories/{repository}/_layers"
    for link in links.glob("sha256/*/link"):
        link.unlink()
    with pytest.raises(ServiceError, match=r"lost layers|not in the registry|has no content"):
        append_code(registry, "env-1", layer, CHANGES)
    assert registry.tags() == ("env-1",)
    assert registry.upload_blob(Blob.of(b"usable after all"))
