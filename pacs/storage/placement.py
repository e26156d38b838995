"""Which stores there are, from Django's STORAGES; one object each per process."""

from typing import cast

from django.conf import settings
from django.core.files.storage import storages

from pacs.storage.store import BlobStore

_NAMES = ("primary", "backup")


def primary_store() -> BlobStore:
    """This will return the store that an upload is durable in before it is answered.

    Raises Django's InvalidStorageError where none is configured.
    """
    return _store("primary")


def stores() -> dict[str, BlobStore]:
    """This will return every configured store by its name: ``primary``, and ``backup`` where there is one."""
    return {name: _store(name) for name in _NAMES if name in settings.STORAGES}


def _store(name: str) -> BlobStore:
    # Django makes the object once per process from BACKEND and OPTIONS; its type is Storage on paper only.
    return cast(BlobStore, storages[name])
