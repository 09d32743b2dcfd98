"""The calls of AWS's API that the driver makes, by what makes them: the tables of faults."""

from __future__ import annotations

__all__ = ["AGAIN", "EVERY", "FIT", "LARGE", "LIFE"]

#: Of a fit with inputs, one of them in S3, and a secret.
FIT = (
    "ecr:CreateRepository",
    "ecr:DescribeRepositories",
    "ecr:GetAuthorizationToken",
    "iam:GetRole",
    "s3:HeadBucket",
    "s3:HeadObject",
    "s3:ListObjectsV2",
    "s3:PutObject",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "secretsmanager:CreateSecret",
    "sts:GetCallerIdentity",
)
#: Of one with a large input, and its secret in SSM, besides.
LARGE = (
    "s3:CompleteMultipartUpload",
    "s3:CreateMultipartUpload",
    "s3:UploadPart",
    "ssm:PutParameter",
)
#: Of one whose secret is there already: the answer that said so was lost.
AGAIN = ("secretsmanager:PutSecretValue",)
#: Of the list of jobs, and of a job that is stopped: its end, its secrets, its log, its output.
LIFE = (
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
    "s3:GetObject",
    "s3:ListObjectsV2",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:ListTrainingJobs",
    "sagemaker:StopTrainingJob",
    "secretsmanager:DeleteSecret",
    "ssm:DeleteParameters",
    "ssm:GetParametersByPath",
)
EVERY = frozenset((*FIT, *LARGE, *AGAIN, *LIFE))
