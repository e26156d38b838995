"""The stores that Django's STORAGES names."""

from pathlib import Path

import pytest
from django.core.files.storage import InvalidStorageError
from pytest_django import Settings

from pacs.storage.addresses import storage_settings
from pacs.storage.disk import DiskStore
from pacs.storage.placement import primary_store, stores
from pacs.storage.s3 import S3Store
from pacs.storage.store import BlobKey

from .conftest import put


def test_primary_store_is_made_once_from_settings(settings: Settings, tmp_path: Path, key: BlobKey) -> None:
    settings.STORAGES = {"primary": storage_settings(f"file://{tmp_path}/primary")}
    assert isinstance(primary_store(), DiskStore)
    assert primary_store() is primary_store()
    put(primary_store(), key, b"bytes")
    assert (tmp_path / "primary" / key.path).read_bytes() == b"bytes"


def test_backup_is_there_where_it_is_configured(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = {"primary": storage_settings(f"file://{tmp_path}/primary")}
    assert list(stores()) == ["primary"]
    settings.STORAGES = settings.STORAGES | {"backup": storage_settings("s3://k:s@bucket?region=sa-east-1")}
    assert {name: type(store) for name, store in stores().items()} == {
        "primary": DiskStore,
        "backup": S3Store,
    }


def test_no_primary_store_is_a_wrong_configuration(settings: Settings) -> None:
    settings.STORAGES = {}
    with pytest.raises(InvalidStorageError):
        primary_store()
