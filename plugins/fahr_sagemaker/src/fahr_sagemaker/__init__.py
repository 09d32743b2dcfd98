"""The train driver ``sagemaker``: training jobs on Amazon SageMaker."""
