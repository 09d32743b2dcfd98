from __future__ import annotations

import pytest

from fahr_core.errors import UsageError
from fahr_sagemaker.instances import choose_instance, gpu_of, has_gpu, known_instances


@pytest.mark.parametrize(
    ("given", "gpu", "gpu_image", "chosen"),
    [
        (None, None, False, "ml.m5.large"),
        (None, None, True, "ml.g4dn.xlarge"),
        (None, "any", True, "ml.g4dn.xlarge"),
        (None, "A10G", True, "ml.g5.xlarge"),
        (None, "a100-80gb", True, "ml.p4de.24xlarge"),
        (None, "NVIDIA H100", True, "ml.p5.4xlarge"),
        (None, "ml.g6.4xlarge", True, "ml.g6.4xlarge"),
        ("ml.m6i.large", None, False, "ml.m6i.large"),
        ("ml.p3.2xlarge", "V100", True, "ml.p3.2xlarge"),
        ("ml.g9.xlarge", "any", True, "ml.g9.xlarge"),
    ],
)
def test_the_machine_that_is_chosen(given, gpu, gpu_image, chosen):
    assert choose_instance(given, gpu, gpu_image=gpu_image) == chosen


@pytest.mark.parametrize(
    ("given", "gpu", "gpu_image", "told"),
    [
        ("ml.m5.large", None, True, "ml.m5.large has none"),
        ("ml.m5.large", "any", True, "ml.m5.large has none"),
        ("ml.nope.large", None, True, "'ml.nope.large' is no machine that this boto3 knows"),
        ("ml.g4dn.xlarge", "A100", True, "ml.g4dn.xlarge has T4"),
        ("ml.g5.xlarge", "ml.g6.xlarge", True, "give one of them"),
        ("m5.large", None, False, "no machine of SageMaker's"),
        (None, "RTX", True, "no GPU called RTX: T4"),
    ],
)
def test_a_mismatch_is_refused_with_what_fits(given, gpu, gpu_image, told):
    with pytest.raises(UsageError, match=told) as refused:
        choose_instance(given, gpu, gpu_image=gpu_image)
    assert refused.value.hints or "give one" in told


def test_which_machines_have_a_gpu():
    assert [has_gpu(f"ml.{kind}.xlarge") for kind in ("g5", "p3", "m5", "trn1", "c7i-flex")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert gpu_of("ml.p6-b200.48xlarge") == "B200"
    assert gpu_of("ml.m5.large") is None


def test_every_machine_of_the_table_is_one_that_the_service_has():
    import botocore.session

    model = botocore.session.get_session().get_service_model("sagemaker")
    there = set(model.shape_for("TrainingInstanceType").enum)
    assert set(known_instances()) <= there
