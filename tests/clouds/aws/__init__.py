"""A stand-in for AWS that takes training jobs and really runs them; README.md tells all of it.

Importing this package needs moto and docker, which only the plugins that test against it bring;
so no test lies in this folder, and nothing in the core's tests imports it.
"""

from __future__ import annotations

from tests.clouds.aws.calls import Call
from tests.clouds.aws.cloud import ACCOUNT, REGION, Cloud
from tests.clouds.aws.training_job import TrainingJob
from tests.clouds.faults import Fault

__all__ = ["ACCOUNT", "REGION", "Call", "Cloud", "Fault", "TrainingJob"]
