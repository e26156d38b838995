"""moto's S3 as a server process. It accepts a body that is not its checksum: others must catch that."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from tests.servers.process import free_port, running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@contextmanager
def moto_s3(folder: Path) -> Iterator[str]:
    """Yields the endpoint of an empty S3. ``folder`` takes its log."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port=port, log=folder / "moto.log"):
        yield f"http://127.0.0.1:{port}"


def client_of(endpoint: str) -> "S3Client":
    """A client beside the product's own, to prepare and to look."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
