"""Accelerators."""

import pytest

from fahr_core.errors import UsageError
from fahr_kaggle.machine import choose, shown

NOTHING = {"enable_gpu": False, "enable_tpu": False, "machine_shape": None}


@pytest.mark.parametrize(
    ("gpu", "settings", "kind", "shape"),
    [
        (None, {}, "cpu", None),
        ("any", {}, "gpu", "NvidiaTeslaT4"),
        ("T4", {}, "gpu", "NvidiaTeslaT4"),
        ("NvidiaL4", {}, "gpu", "NvidiaL4"),
        (None, {"enable_gpu": True}, "gpu", "NvidiaTeslaT4"),
        (None, {"enable_tpu": True}, "tpu", "TpuV5E8"),
        (None, {"machine_shape": "TpuV5E8"}, "tpu", "TpuV5E8"),
        ("any", {"machine_shape": "NvidiaL4"}, "gpu", "NvidiaL4"),
    ],
)
def test_what_is_asked_for_is_chosen(gpu, settings, kind, shape):
    machine = choose(gpu, **(NOTHING | settings))
    assert (machine.kind, machine.shape) == (kind, shape)


@pytest.mark.parametrize(
    ("gpu", "settings", "message"),
    [
        ("any", {"enable_tpu": True}, "not both"),
        ("P100", {}, "has no P100 any more"),
        (None, {"machine_shape": "NvidiaTeslaP100"}, "any more"),
        ("any", {"machine_shape": "TpuV5E8"}, "is no GPU"),
    ],
)
def test_what_cannot_be_is_refused(gpu, settings, message):
    with pytest.raises(UsageError, match=message):
        choose(gpu, **(NOTHING | settings))


def test_accounts_and_machines_have_lanes_of_their_own():
    gpu = choose("any", **NOTHING)
    assert gpu.lane("anna").limit == 2
    assert choose(None, **NOTHING).lane("anna").limit == 5
    names = {
        gpu.lane("anna").name,
        gpu.lane("bert").name,
        choose(None, **NOTHING).lane("anna").name,
    }
    assert len(names) == 3


def test_machines_have_names_for_people():
    shapes = ("NvidiaTeslaT4", "NvidiaL4", None)
    assert [shown(shape) for shape in shapes] == ["GPU T4 x2", "NvidiaL4", "CPU"]
