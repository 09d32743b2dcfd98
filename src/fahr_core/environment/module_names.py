"""Modules whose names are not those of their distributions."""

from __future__ import annotations

__all__ = ["OTHERWISE", "SHARED", "usual_distribution"]

#: Modules whose distribution has another name, the usual one first.
OTHERWISE = {
    "attr": ("attrs",),
    "bs4": ("beautifulsoup4",),
    "cartopy": ("cartopy",),
    "cv2": ("opencv-python-headless", "opencv-python", "opencv-contrib-python",
            "opencv-contrib-python-headless"),
    "Crypto": ("pycryptodome", "pycrypto"),
    "dateutil": ("python-dateutil",),
    "docx": ("python-docx",),
    "dotenv": ("python-dotenv",),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "fitz": ("pymupdf",),
    "flax": ("flax",),
    "git": ("gitpython",),
    "grpc": ("grpcio",),
    "haiku": ("dm-haiku",),
    "hydra": ("hydra-core",),
    "IPython": ("ipython",),
    "jwt": ("pyjwt",),
    "lightning_fabric": ("lightning-fabric", "lightning"),
    "Levenshtein": ("levenshtein", "python-levenshtein"),
    "magic": ("python-magic",),
    "mpl_toolkits": ("matplotlib",),
    "mysql": ("mysql-connector-python",),
    "MySQLdb": ("mysqlclient",),
    "OpenSSL": ("pyopenssl",),
    "osgeo": ("gdal",),
    "PIL": ("pillow", "pillow-simd"),
    "pkg_resources": ("setuptools",),
    "psycopg2": ("psycopg2-binary", "psycopg2"),
    "pylab": ("matplotlib",),
    "pythoncom": ("pywin32",),
    "pytorch_lightning": ("pytorch-lightning", "lightning"),
    "serial": ("pyserial",),
    "sentence_transformers": ("sentence-transformers",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn", "scikit-learn-intelex"),
    "skopt": ("scikit-optimize",),
    "snappy": ("python-snappy",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly",
                   "intel-tensorflow"),
    "tensorboard": ("tensorboard", "tensorflow"),
    "keras": ("keras", "tensorflow"),
    "tf_keras": ("tf-keras",),
    "umap": ("umap-learn",),
    "usb": ("pyusb",),
    "win32api": ("pywin32",),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "yaml": ("pyyaml",),
    "zmq": ("pyzmq",),
    "_distutils_hack": ("setuptools",),
}  # fmt: skip
#: Top-level names that many distributions share, by the beginnings of their names.
SHARED = {
    "google": ("google-", "protobuf", "googleapis-"),
    "azure": ("azure-",),
    "zope": ("zope-",),
    "ruamel": ("ruamel-",),
    "backports": ("backports-",),
    "nvidia": ("nvidia-",),
    "jaraco": ("jaraco-",),
    "opentelemetry": ("opentelemetry-",),
    "sphinxcontrib": ("sphinxcontrib-",),
}


def usual_distribution(module: str) -> str:
    """Give the distribution that most likely provides a top-level module."""
    return OTHERWISE.get(module, (module.replace("_", "-"),))[0]
