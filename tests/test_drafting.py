from types import SimpleNamespace

import pytest

from fahr_core import drafting
from fahr_core.experiment import Experiment
from fahr_core.models import ImageTarget, TrainInfo
from fahr_core.reporter import Quiet

SETTINGS = SimpleNamespace(core={"envfile": None, "python": None})


@pytest.mark.parametrize(
    ("platform", "wanted"),
    [
        ("aarch64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"),
        (None, "x86_64-unknown-linux-gnu"),
    ],
)
def test_the_target_of_the_image_is_asked_for_where_the_driver_names_no_platform(
    tmp_path, monkeypatch, platform, wanted
):
    asked, told = [], {}

    def image_target(job):
        asked.append(job)
        return ImageTarget(platform="linux/amd64")

    info = TrainInfo(title="t", settings="m:C", platform=platform)
    session = SimpleNamespace(info=info, can=lambda capability: True, image_target=image_target)
    monkeypatch.setattr(drafting, "sample_job", lambda *arguments: "a job")
    monkeypatch.setattr(
        drafting, "resolve_environment", lambda *places, **options: told.update(options)
    )
    experiment = Experiment(tmp_path, "train.py", "script")
    drafting.resolved(session, SETTINGS, experiment, Quiet())
    assert told["platform"] == wanted
    assert asked == ([] if platform else ["a job"])
