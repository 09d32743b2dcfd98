"""Machine types and what accelerators fit them, as far as tests need some.

Source: "Configure compute resources for custom training" (Vertex AI documentation).
"""

from __future__ import annotations

import re

#: How many of an accelerator a machine of the N1 family takes.
N1 = {
    "NVIDIA_TESLA_P100": (1, 2, 4),
    "NVIDIA_TESLA_V100": (1, 2, 4, 8),
    "NVIDIA_TESLA_P4": (1, 2, 4),
    "NVIDIA_TESLA_T4": (1, 2, 4),
}
#: Machines that come with their accelerators: which, and how many.
BUILT_IN = {
    **{f"a2-highgpu-{n}g": ("NVIDIA_TESLA_A100", n) for n in (1, 2, 4, 8)},
    "a2-megagpu-16g": ("NVIDIA_TESLA_A100", 16),
    **{f"a2-ultragpu-{n}g": ("NVIDIA_A100_80GB", n) for n in (1, 2, 4, 8)},
    **{f"a3-highgpu-{n}g": ("NVIDIA_H100_80GB", n) for n in (1, 2, 4, 8)},
    "a3-megagpu-8g": ("NVIDIA_H100_MEGA_80GB", 8),
    "a3-ultragpu-8g": ("NVIDIA_H200_141GB", 8),
    "a4-highgpu-8g": ("NVIDIA_B200", 8),
    **{f"g2-standard-{n}": ("NVIDIA_L4", 1) for n in (4, 8, 12, 16, 32)},
    "g2-standard-24": ("NVIDIA_L4", 2),
    "g2-standard-48": ("NVIDIA_L4", 4),
    "g2-standard-96": ("NVIDIA_L4", 8),
}
PLAIN = re.compile(
    r"(?:n1-(?:standard|highmem|highcpu)|(?:e2|n2|n2d|n4)-(?:standard|highmem|highcpu)"
    r"|c2-standard|c2d-(?:standard|highcpu|highmem)|c3-(?:standard|highcpu|highmem)"
    r"|m1-(?:ultramem|megamem))-(\d+)"
)
#: In which regions an accelerator is to be had; elsewhere: none of these.
REGIONS = {
    "NVIDIA_TESLA_T4": ("us-central1", "us-east1", "europe-west4", "europe-west1", "asia-east1"),
    "NVIDIA_TESLA_V100": ("us-central1", "europe-west4", "asia-east1"),
    "NVIDIA_TESLA_P100": ("us-central1", "us-east1", "europe-west1", "asia-east1"),
    "NVIDIA_TESLA_P4": ("us-central1", "europe-west4"),
    "NVIDIA_TESLA_A100": ("us-central1", "europe-west4"),
    "NVIDIA_A100_80GB": ("us-central1", "europe-west4"),
    "NVIDIA_L4": ("us-central1", "us-east1", "europe-west4", "europe-west1", "asia-east1"),
    "NVIDIA_H100_80GB": ("us-central1", "europe-west4"),
}
SMALLEST = {"n1": 4, "e2": 4, "n2": 4, "n2d": 4}


def is_known(machine: str) -> bool:
    """Tell whether the service has a machine type."""
    if machine in BUILT_IN:
        return True
    if not (found := PLAIN.fullmatch(machine)):
        return False
    return int(found[1]) >= SMALLEST.get(machine.partition("-")[0], 1)


def fits(machine: str, accelerator: str, count: int) -> bool:
    """Tell whether so many of an accelerator fit a machine type."""
    if machine in BUILT_IN:
        return BUILT_IN[machine] == (accelerator, count)
    return machine.startswith("n1-") and count in N1.get(accelerator, ())


def cpus(machine: str) -> int:
    """Give how many processors a plain machine has; 0 for others."""
    found = PLAIN.fullmatch(machine)
    return int(found[1]) if found else 0


def family(machine: str) -> str:
    """Give what the quota of a machine's processors is called after."""
    head = machine.partition("-")[0]
    return "" if head in ("n1", "e2") else f"{head}_"
