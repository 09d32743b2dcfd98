"""A registry that fails at each request of a push in turn: success or a clear error."""

from __future__ import annotations

import shutil
import threading

import pytest

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.models import Login
from fahr_core.paths import cache_folder
from fahr_docker.append import append_code
from fahr_docker.image_config import ConfigChanges
from fahr_docker.registry import Patience
from made_images import files_of, push_image
from made_layers import layer_of
from real_registry import PASSWORD, QUICK, SECOND_USERNAME, USERNAME

# HEAD env, HEAD code, GET manifest, GET configuration, twice POST and PUT, PUT manifest.
REQUESTS = 9
CHANGES = ConfigChanges(env={"A": "2"})
CUTS = ("cut before", "cut body", "cut after", "cut answer")
BUSY = ("429", "500", "502", "503")
HASTY = Patience(first_delay=0.01, longest_delay=0.02, answer=0.4, attempts=3)


class Push:
    """The push of one code after another, each from a machine that remembers nothing."""

    def __init__(self, registry, through, faulty, folder):
        self.registry, self.through, self.faulty, self.folder = registry, through, faulty, folder
        self.number = 0
        push_image(registry, "env-1")

    def run(self, **options):
        self.number += 1
        self.code = b"print(%d)\n" % self.number
        shutil.rmtree(cache_folder(), ignore_errors=True)
        with self.through(**options) as client:
            return append_code(
                client, "env-1", layer_of(self.folder, {"train.py": self.code}), CHANGES
            )

    def failure_of(self, **options):
        try:
            self.run(**options)
        except ServiceError as error:
            return error
        return None

    def check_made(self, image):
        assert self.registry.head_manifest(image.tag) == image.digest
        self.check_whole(image.digest)

    def check_whole(self, target):
        files = files_of(self.registry, target)
        assert files["opt/fahr/code/train.py"][1] == self.code
        assert files["etc/base"][1] == b"base"

    def check_nothing_half_made(self, before):
        for tag in set(self.registry.tags()) - before:
            self.check_whole(tag)


@pytest.fixture
def push(registry, through, faulty, tmp_path):
    return Push(registry, through, faulty, tmp_path)


def test_a_push_is_as_many_requests_as_are_made_to_fail(push, faulty):
    push.run()
    assert len(faulty.seen) == REQUESTS


@pytest.mark.parametrize("fault", [*CUTS, *BUSY, "damage", "damage answer"])
def test_one_failure_at_any_request_is_got_over(push, faulty, fault):
    for request in range(1, REQUESTS + 1):
        faulty.once(request, fault)
        image = push.run()
        push.check_made(image)
        assert len(faulty.seen) >= REQUESTS


def test_one_request_without_an_answer_is_got_over(push, faulty):
    for request in range(1, REQUESTS + 1):
        faulty.once(request, "slow")
        push.check_made(push.run(patience=HASTY))


@pytest.mark.parametrize("fault", [*CUTS, *BUSY])
def test_a_registry_that_fails_for_good_is_a_clear_error(push, faulty, fault, registry):
    for request in range(1, REQUESTS + 1):
        before = set(registry.tags())
        faulty.always_from(request, fault)
        error = push.failure_of(patience=HASTY)
        if fault != "cut answer":  # an answer without a body is whole before it is cut
            assert faulty.host in error.message
        assert PASSWORD not in str(error)
        push.check_nothing_half_made(before)


def test_a_registry_that_falls_silent_is_a_clear_error(push, faulty, registry):
    patience = Patience(first_delay=0.01, answer=0.2, attempts=2)
    for request in (1, 3, 5, REQUESTS):
        before = set(registry.tags())
        faulty.always_from(request, "slow")
        with pytest.raises(ServiceError, match="takes too long"):
            push.run(patience=patience)
        push.check_nothing_half_made(before)


def test_what_is_damaged_each_time_is_never_tagged(push, faulty, registry):
    faulty.begin()
    faulty.choose = lambda number, method, path: "damage" if method == "PUT" else None
    before = set(registry.tags())
    with pytest.raises(FahrError):
        push.run(patience=HASTY)
    assert set(registry.tags()) == before


def test_a_login_that_expires_at_any_request_is_asked_for_again(push, faulty):
    for request in range(1, REQUESTS + 1):
        names = iter([USERNAME, SECOND_USERNAME, USERNAME])
        faulty.once(request, "401")
        image = push.run(login=lambda names=names: Login(faulty.host, next(names), PASSWORD))
        push.check_made(image)
        assert next(names) == USERNAME  # asked twice, no more


def test_a_login_that_is_refused_for_good_is_a_clear_error(push, faulty, registry):
    for request in range(1, REQUESTS + 1):
        before = set(registry.tags())
        faulty.always_from(request, "401")
        with pytest.raises(AccessError, match=r"refuses the login for test/.*\n.*is wrong"):
            push.run()
        assert set(registry.tags()) == before


def test_two_pushes_of_one_code_at_once_are_one_image(push, registry, through, tmp_path):
    layer = layer_of(tmp_path, {"train.py": b"both"})
    made, together = [], threading.Barrier(2)

    def run():
        with through() as client:
            together.wait()
            made.append(append_code(client, "env-1", layer, CHANGES))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = made
    assert first.digest == second.digest == registry.head_manifest(first.tag)
    push.code = b"both"
    push.check_made(first)


def test_a_pause_that_is_asked_for_is_kept_or_told(push, faulty):
    faulty.retry_after = "3600"
    faulty.once(1, "429")
    with pytest.raises(ServiceError, match=r"cannot answer now \(429\); try again in 3600 s"):
        push.run(patience=QUICK)
    faulty.retry_after = "0"
    faulty.once(1, "429")
    push.check_made(push.run())


def test_a_full_disk_is_told_and_nothing_is_tagged(push, registry, monkeypatch, tmp_path):
    push.run()
    before = set(registry.tags())
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    layer = layer_of(tmp_path, {"train.py": b"new"})
    monkeypatch.setattr("fahr_docker.layer.cache_folder", lambda: blocked / "cache")
    with pytest.raises(FahrError, match="cannot write to"):
        append_code(registry, "env-1", layer, CHANGES)
    assert set(registry.tags()) == before
