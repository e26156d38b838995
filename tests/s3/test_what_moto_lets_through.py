"""Where a real S3 is stricter than moto."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pacs.storage.s3 import S3Store
from pacs.storage.store import BlobKey, BlobMissing, StoreUnavailable
from tests.pacs.storage.conftest import put

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_wrong_secret_needs_a_person(store: S3Store, new_store: Callable[..., S3Store], key: BlobKey) -> None:
    put(store, key, b"bytes")
    stranger = new_store(secret_key="wrong")
    acts: list[Callable[[], object]] = [
        lambda: put(stranger, key, b"bytes"),
        lambda: stranger.read(key, 0, 1),
        lambda: stranger.delete(key),
        lambda: list(stranger.keys(key.tenant_id)),
    ]
    for act in acts:
        with pytest.raises(StoreUnavailable) as refused:
            act()
        assert refused.value.permanent is True
    assert store.read(key, 0, 10) == b"bytes"


def test_versioned_bucket_keeps_what_was_deleted(
    store: S3Store, client: "S3Client", bucket: str, key: BlobKey
) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(store, key, b"bytes")
    store.delete(key)
    with pytest.raises(BlobMissing):
        store.size(key)
    (version,) = client.list_object_versions(Bucket=bucket)["Versions"]
    assert version["Key"] == f"clinics/{key.path}"
