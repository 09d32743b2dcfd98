"""The errors that fahr raises on purpose, as one tree.

::

    FahrError                  exit  code (in --json)
    ├── UsageError             2     usage             arguments or settings to change
    │   ├── SettingsError      2     settings          an unknown key or a wrong value
    │   ├── ArtifactError      2     artifact          no, several or an unusable artifact
    │   ├── EnvironmentFileError  2  environment       an environment file that cannot be used
    │   ├── ParameterError     2     parameter         a parameter that nothing takes
    │   ├── UnknownJob         2     unknown-job       no such job, or several
    │   └── OverwriteError     2     overwrite         a file that is not ours to replace
    ├── DriverError            2     driver            a driver is missing or broken
    ├── AccessError            2     access            credentials, permission or quota
    ├── DiskError              2     disk              full disk, unwritable folder
    ├── ServiceError           3     service           service or network failed: retry
    ├── NotFinished            4     not-finished      the job still runs
    └── JobFailed              1     job-failed        a followed job failed or was stopped

Each error holds the first line of what is shown (what happened, to which thing) and
``hints``: lines to paste, or what was not done.  ``exit_status`` is the status that the
command line ends with.
"""

from __future__ import annotations

__all__ = [
    "AccessError",
    "ArtifactError",
    "DiskError",
    "DriverError",
    "EnvironmentFileError",
    "FahrError",
    "JobFailed",
    "NotFinished",
    "OverwriteError",
    "ParameterError",
    "ServiceError",
    "SettingsError",
    "UnknownJob",
    "UsageError",
]


class FahrError(Exception):
    """Tell what happened, to which thing, and what to do next.

    Args:
        message: One line without a full stop: what, and which.
        hints: Lines shown indented below it; each is a command that works when pasted,
            or says what was not done.
    """

    exit_status = 2
    code = "error"

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints

    def __str__(self) -> str:
        return "\n".join((self.message, *(f"  {hint}" for hint in self.hints)))


class UsageError(FahrError):
    """An argument, option or setting has to change."""

    code = "usage"


class SettingsError(UsageError):
    """A setting is unknown or its value is not allowed."""

    code = "settings"


class ArtifactError(UsageError):
    """The training artifact is missing, ambiguous or unusable."""

    code = "artifact"


class EnvironmentFileError(UsageError):
    """The environment file cannot be read, resolved or installed."""

    code = "environment"


class ParameterError(UsageError):
    """The training artifact takes no such parameter, or not such a value."""

    code = "parameter"


class UnknownJob(UsageError):  # noqa: N818 - reads as the fact that it states
    """No job has this name, or several begin with it."""

    code = "unknown-job"


class OverwriteError(UsageError):
    """A file that fahr did not write, or that was edited since, stands in the way."""

    code = "overwrite"


class DriverError(FahrError):
    """A driver is not installed, cannot be loaded or breaks the plugin contract."""

    code = "driver"


class AccessError(FahrError):
    """Credentials, a permission or a quota is missing."""

    code = "access"


class DiskError(FahrError):
    """A disk is full or a folder cannot be written."""

    code = "disk"


class ServiceError(FahrError):
    """The service or the network failed; the same command may work later."""

    exit_status = 3
    code = "service"


class NotFinished(FahrError):  # noqa: N818 - reads as the fact that it states
    """The job has not ended yet."""

    exit_status = 4
    code = "not-finished"


class JobFailed(FahrError):  # noqa: N818 - reads as the fact that it states
    """A job that was followed or waited for failed or was stopped."""

    exit_status = 1
    code = "job-failed"
