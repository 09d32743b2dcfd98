"""A client for registries of images: Docker's and OCI's protocol over HTTP.

``reference.py`` reads names, ``client.py`` is the door; behind it ``service.py`` asks one
repository (``auth.py`` logs in, ``exchange.py`` sends), ``manifests.py`` and ``blobs.py`` know
what is asked.
"""

from fahr_docker.registry.blobs import Blob
from fahr_docker.registry.client import Registry
from fahr_docker.registry.exchange import Patience
from fahr_docker.registry.manifests import Descriptor, Manifest, MissingBlobs
from fahr_docker.registry.reference import Reference, parse_reference

__all__ = [
    "Blob",
    "Descriptor",
    "Manifest",
    "MissingBlobs",
    "Patience",
    "Reference",
    "Registry",
    "parse_reference",
]
