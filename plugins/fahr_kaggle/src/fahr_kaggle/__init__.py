"""Training jobs as versions of private Kaggle kernels."""
