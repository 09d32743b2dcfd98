"""How hypothesis looks for examples, for the tests of the core and of every plugin."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine is no failure, and the fixtures that tests of many examples share are folders
# and homes; what has failed can be repeated from its report alone.
settings.register_profile(
    "shared",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("shared")
