"""The calls of Kaggle's API by what makes them: the tables of faults are made of these."""

from __future__ import annotations

__all__ = ["CHECKS", "FIT", "KINDS", "LIFE", "LIST", "STOP", "UPLOADS"]

#: What can happen to a call.
KINDS = ("cut", "slow", "limited", "broken", "lost", "torn", "silent")

#: A job from ``fahr fit`` to ``fahr fetch``.
FIT = ("GetKernel", "SaveKernel", "GetKernelSessionStatus", "ListKernelSessionOutput", "Download")
#: Inputs and code that go to a dataset.
UPLOADS = ("GetDatasetStatus", "StartBlobUpload", "Upload", "CreateDataset")
#: What is asked for beside: whose token it is, a competition's rules, the week's quota.
CHECKS = ("IntrospectToken", "GetCompetition", "GetAcceleratorQuotaStatistics")
STOP = ("LogStream", "CancelKernelSession")

#: ``fahr ls --remote``.
LIST = ("ListKernels", "GetKernelSessionStatus")

LIFE = frozenset({*FIT, *UPLOADS, *CHECKS, *STOP, *LIST})
