from __future__ import annotations

import pytest

from fahr_core.errors import UsageError
from fahr_gcp.machines import Machine, choose_machine, gpu_words, machine_faults


def chosen(machine=None, accelerator=None, count=None, gpu=None, *, gpu_image=False):
    return choose_machine(machine, accelerator, count, gpu, gpu_image=gpu_image)


T4 = {"accelerator": "NVIDIA_TESLA_T4", "count": 1}


@pytest.mark.parametrize(
    ("given", "gpu_image", "found"),
    [
        ({}, False, Machine(type="n1-standard-4")),
        ({}, True, Machine(type="n1-standard-4", **T4)),
        ({"gpu": "any"}, False, Machine(type="n1-standard-4", **T4)),
        ({"gpu": "T4"}, True, Machine(type="n1-standard-4", **T4)),
        ({"gpu": "NVIDIA_TESLA_T4"}, True, Machine(type="n1-standard-4", **T4)),
        ({"gpu": "nvidia-tesla-t4"}, True, Machine(type="n1-standard-4", **T4)),
        ({"gpu": "l4"}, True, Machine(type="g2-standard-4", accelerator="NVIDIA_L4", count=1)),
        (
            {"gpu": "A100", "count": 4},
            True,
            Machine(type="a2-highgpu-4g", accelerator="NVIDIA_TESLA_A100", count=4),
        ),
        (
            {"machine": "g2-standard-24"},
            True,
            Machine(type="g2-standard-24", accelerator="NVIDIA_L4", count=2),
        ),
        (
            {"machine": "n1-highmem-8", "accelerator": "NVIDIA_TESLA_V100", "count": 2},
            True,
            Machine(type="n1-highmem-8", accelerator="NVIDIA_TESLA_V100", count=2),
        ),
        ({"machine": "n1-highmem-8", "gpu": "any"}, True, Machine(type="n1-highmem-8", **T4)),
        ({"machine": "n1-highmem-8"}, False, Machine(type="n1-highmem-8")),
        ({"machine": "z9-future-8"}, False, Machine(type="z9-future-8")),
    ],
)
def test_the_machine_for_a_job(given, gpu_image, found):
    assert chosen(**given, gpu_image=gpu_image) == found


@pytest.mark.parametrize(
    ("given", "gpu_image", "told"),
    [
        ({"machine": "n1-standard-4"}, True, "the image is made for GPUs, and n1-standard-4"),
        ({"machine": "e2-standard-4", "gpu": "any"}, False, "--gpu=any, but e2-standard-4"),
        ({"gpu": "K80"}, True, "no GPU called K80"),
        ({"count": 2}, False, "accelerator_count is given without accelerator_type"),
        ({"accelerator": "NVIDIA_L4", "gpu": "T4"}, True, "accelerator_type is NVIDIA_L4"),
        ({"machine": "g2-standard-4", "gpu": "T4"}, True, "g2-standard-4 has 1 x NVIDIA_L4"),
    ],
)
def test_what_contradicts_is_refused(given, gpu_image, told):
    with pytest.raises(UsageError, match=told):
        chosen(**given, gpu_image=gpu_image)


@pytest.mark.parametrize(
    ("machine", "accelerator", "count", "told"),
    [
        ("n1-standard-4", "NVIDIA_TESLA_T4", 3, "comes by 1, 2, 4"),
        (None, "NVIDIA_TESLA_V100", 3, "comes by 1, 2, 4, 8"),
        ("n1-standard-4", "NVIDIA_L4", 1, "machine_type=g2-standard-4"),
        ("g2-standard-4", "NVIDIA_TESLA_T4", 1, "has 1 x NVIDIA_L4, not 1 x NVIDIA_TESLA_T4"),
        ("g2-standard-24", "NVIDIA_L4", 1, "has 2 x NVIDIA_L4"),
        ("e2-standard-4", "NVIDIA_TESLA_T4", 1, "takes no NVIDIA_TESLA_T4"),
        (None, "NVIDIA_L4", 3, "no machine has 3 x NVIDIA_L4"),
        (None, "TPU_V3", 8, "accelerator_type TPU_V3: fahr makes no image for TPUs"),
        ("cloud-tpu", None, None, "machine_type cloud-tpu: fahr makes no image for TPUs"),
        ("ct5lp-hightpu-4t", None, None, "machine_type ct5lp-hightpu-4t: fahr makes no image"),
        ("ct6e-standard-8t", "TPU_V6E", 8, "accelerator_type TPU_V6E: fahr makes no image"),
        ("tpu7x-standard-4t", None, None, "machine_type tpu7x-standard-4t: fahr makes no image"),
    ],
)
def test_what_does_not_go_together(machine, accelerator, count, told):
    (fault,) = machine_faults(machine, accelerator, count)
    assert told in fault


@pytest.mark.parametrize(
    ("machine", "accelerator", "count"),
    [
        ("n1-standard-4", "NVIDIA_TESLA_T4", 4),
        ("g2-standard-24", "NVIDIA_L4", 2),
        ("g2-standard-24", "NVIDIA_L4", None),
        (None, "NVIDIA_H100_80GB", 8),
        ("n1-standard-4", "NVIDIA_FUTURE", 1),
        (None, None, None),
        (None, None, 2),
    ],
)
def test_what_goes_together(machine, accelerator, count):
    assert machine_faults(machine, accelerator, count) == []


def test_a_machine_knows_whether_it_has_a_gpu():
    assert Machine(type="g2-standard-4").has_gpu
    assert Machine(type="n1-standard-4", **T4).has_gpu
    assert not Machine(type="n1-standard-4").has_gpu


def test_an_accelerator_has_a_word():
    assert gpu_words("NVIDIA_A100_80GB") == "A100-80GB"
    assert gpu_words("NVIDIA_FUTURE") == "NVIDIA_FUTURE"
