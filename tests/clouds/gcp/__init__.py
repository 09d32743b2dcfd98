"""A stand-in for Google Cloud that takes custom jobs and really runs them; README.md tells all.

Importing this package needs werkzeug, google-auth and google-crc32c, and running jobs needs
docker: what the plugins that test against it bring.
"""

from __future__ import annotations

from tests.clouds.faults import Fault
from tests.clouds.gcp.asked import Call
from tests.clouds.gcp.cloud import NUMBER, PROJECT, REGION, Cloud
from tests.clouds.gcp.custom_job import CustomJob

__all__ = ["NUMBER", "PROJECT", "REGION", "Call", "Cloud", "CustomJob", "Fault"]
