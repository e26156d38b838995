"""Opt-in: the same promises against Ceph's gateway, which checks signatures and digests as moto does not.

Runs with REAL_S3=1 (Debian 12, apt; 70 MB the first time); REAL_S3_PACKAGES is where unpacked programs are kept.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest

from pacs.storage.s3 import S3Store
from pacs.storage.store import BlobKey
from tests.pacs.storage.conftest import ALICE
from tests.servers.rgw import ACCESS_KEY, SECRET_KEY, ceph_gateway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

collect_ignore_glob = [] if os.environ.get("REAL_S3") == "1" else ["test_*.py"]
PACKAGES = Path(os.environ.get("REAL_S3_PACKAGES", Path(__file__).parents[2] / ".setup/ceph"))


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    PACKAGES.mkdir(parents=True, exist_ok=True)
    with ceph_gateway(PACKAGES, tmp_path_factory.mktemp("ceph")) as endpoint:
        yield endpoint


@pytest.fixture
def client(gateway: str) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=gateway,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


@pytest.fixture
def bucket(client: "S3Client") -> str:
    name = f"blobs-{uuid4()}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def new_store(gateway: str, bucket: str) -> Callable[..., S3Store]:
    def build(secret_key: str = SECRET_KEY) -> S3Store:
        return S3Store(
            bucket=bucket,
            prefix="clinics",
            endpoint=gateway,
            region="us-east-1",
            access_key=ACCESS_KEY,
            secret_key=secret_key,
            create_only="head",  # this gateway ignores If-None-Match
        )

    return build


@pytest.fixture
def store(new_store: Callable[..., S3Store]) -> S3Store:
    return new_store()


@pytest.fixture
def key() -> BlobKey:
    return BlobKey(ALICE, uuid4())
