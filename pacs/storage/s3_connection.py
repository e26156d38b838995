"""How we reach a bucket: django-storages' connection, our time limits, our words for its errors."""

import copy
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from storages.backends.s3 import S3Storage

from pacs.storage.store import BlobError, BlobKey, BlobMangled, BlobMissing, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WAITING_HELPS = {408, 409, 412, 425, 429}
_OURS_TO_MEND = (NoCredentialsError, ParamValidationError, PartialCredentialsError)
_WRONG_BYTES = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}


Addressing = Literal["auto", "path", "virtual"]


class WriteParameters(TypedDict, total=False):
    """What of AWS_S3_OBJECT_PARAMETERS makes sense for blobs."""

    ServerSideEncryption: Literal["AES256", "aws:kms"]
    SSEKMSKeyId: str
    StorageClass: Literal["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"]


@dataclass(frozen=True)
class Bucket:
    """Where blobs lie and who we are there. Empty means: as Django's AWS_ settings or the environment say."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    addressing: Addressing = "auto"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)

    def storage_options(self) -> dict[str, str]:
        options = {
            "bucket_name": self.name,
            "location": self.prefix,
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }
        return {name: value for name, value in options.items() if value}


class S3Connection:
    """One bucket with a time limit and a number of attempts. Safe across threads and forks."""

    def __init__(self, bucket: Bucket, *, connect_timeout: float, read_timeout: float, attempts: int) -> None:
        config = Config(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            signature_version="s3v4",
            max_pool_connections=32,
            s3={"addressing_style": bucket.addressing},
            # Older servers refuse checksums they did not ask for; ours are given by hand.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self._storage = S3Storage(client_config=config, **bucket.storage_options())
        self._lock = threading.Lock()
        self._client: tuple[int, S3Client] | None = None
        self.bucket = cast(str, self._storage.bucket_name)

    @property
    def client(self) -> "S3Client":
        """A client for this process: threads may share it, but not its sockets across a fork."""
        with self._lock:
            if self._client is None or self._client[0] != os.getpid():
                fresh = copy.copy(self._storage)  # a copy leaves the connections behind
                self._client = (os.getpid(), fresh.connection.meta.client)
            return self._client[1]

    @property
    def prefix(self) -> str:
        return f"{self._storage.location}/" if self._storage.location else ""

    def path(self, key: BlobKey) -> str:
        return self.prefix + key.path

    def write_parameters(self, path: str) -> WriteParameters:
        """What the operator has set for every new object, such as server-side encryption."""
        return cast(WriteParameters, self._storage.get_object_parameters(path))


def blob_error(error: ClientError | BotoCoreError, key: BlobKey | None = None) -> BlobError:
    """The store's word for what the server, or the way to it, answered. Bears its code, never its text."""
    if not isinstance(error, ClientError):
        return StoreUnavailable(type(error).__name__, permanent=isinstance(error, _OURS_TO_MEND))
    code, status = error.response["Error"].get("Code", ""), status_of(error)
    if key is not None and status == 404 and code != "NoSuchBucket":
        return BlobMissing(key)
    if code in _WRONG_BYTES:
        return BlobMangled(code)
    return StoreUnavailable(code, permanent=400 <= status < 500 and status not in _WAITING_HELPS)


def status_of(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]
