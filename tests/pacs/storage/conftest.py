"""Stores to test: one on a disk, one in moto's S3, each empty."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from pacs.storage.disk import DiskStore
from pacs.storage.s3 import S3Store
from pacs.storage.store import BlobKey, BlobStore
from tests.servers.moto_s3 import client_of, moto_s3

ALICE = UUID("a11ce000-0000-4000-8000-000000000001")
CHARLIE = UUID("c4a411e0-0000-4000-8000-000000000002")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_s3(tmp_path_factory.mktemp("moto")) as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    """A new, empty bucket; its name."""
    name = f"blobs-{uuid4()}"
    client_of(s3_endpoint).create_bucket(Bucket=name)
    return name


@pytest.fixture
def new_s3_store(bucket: str, s3_endpoint: str) -> Callable[..., S3Store]:
    def build(**options: object) -> S3Store:
        given = {"endpoint": s3_endpoint, "region": "us-east-1", "access_key": "test", "secret_key": "test"}
        return S3Store(bucket=bucket, prefix="clinics", **(given | options))  # type: ignore[arg-type] # options vary

    return build


@pytest.fixture(params=["disk", "s3", "s3 asking first"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "disk":
        return DiskStore(tmp_path / "store")
    build: Callable[..., S3Store] = request.getfixturevalue("new_s3_store")
    return build(create_only="head" if request.param == "s3 asking first" else "condition")


@pytest.fixture
def key() -> BlobKey:
    return BlobKey(ALICE, uuid4())


def put(store: BlobStore, key: BlobKey, data: bytes) -> None:
    writer = store.create(key)
    writer.write(data)
    writer.commit(hashlib.sha256(data).digest())
