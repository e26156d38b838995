"""One blob on its way into a bucket: put as new, then looked at again and compared before it counts."""

import base64
import hashlib
import io
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from pacs.storage.s3_connection import S3Connection, blob_error, status_of
from pacs.storage.store import BlobExists, BlobKey, BlobMangled, BlobMissing

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, HeadObjectOutputTypeDef

PART_SIZE = 8 << 20  # up to 78 GiB in the 10,000 parts that S3 allows
_MD5_ETAG = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")
_WRITER = "writer"


class _Where(TypedDict):
    Bucket: str
    Key: str


class _Condition(TypedDict, total=False):
    IfNoneMatch: str


@dataclass
class _Digests:
    """What the server must say of the object if it holds our bytes."""

    sha256: list[bytes] = field(default_factory=list)
    md5: list[bytes] = field(default_factory=list)

    def add(self, data: bytes) -> None:
        self.sha256.append(hashlib.sha256(data).digest())
        self.md5.append(hashlib.md5(data, usedforsecurity=False).digest())

    @property
    def last_checksum(self) -> str:
        return base64.b64encode(self.sha256[-1]).decode()

    @property
    def last_etag(self) -> str:
        return self.md5[-1].hex()

    @property
    def checksum_of_parts(self) -> str:
        whole = hashlib.sha256(b"".join(self.sha256)).digest()
        return base64.b64encode(whole).decode()

    @property
    def etag_of_parts(self) -> str:
        return f"{hashlib.md5(b''.join(self.md5), usedforsecurity=False).hexdigest()}-{len(self.md5)}"


class Upload:
    """Puts a file's bytes under a key that must be free. At most one part of them is in memory at a time."""

    def __init__(self, connection: S3Connection, key: BlobKey, *, if_none_match: bool) -> None:
        self._connection = connection
        self._client = connection.client
        self._key = key
        self._where: _Where = {"Bucket": connection.bucket, "Key": connection.path(key)}
        self._condition: _Condition = {"IfNoneMatch": "*"} if if_none_match else {}
        self._asks_first = not if_none_match
        # Tells our own first attempt, whose answer was lost, from another writer's blob.
        self._token = secrets.token_hex(16)
        self._digests = _Digests()

    def run(self, source: IO[bytes], *, size: int, sha256: bytes) -> None:
        """This will leave exactly these bytes under the key, or raise as ``BlobWriter.commit`` does."""
        try:
            self._put(source, size)
            self._compare(self._head(), size=size, sha256=sha256)
        except BlobMangled:
            self._remove()
            raise
        except (ClientError, BotoCoreError) as error:
            raise blob_error(error) from error

    def _put(self, source: IO[bytes], size: int) -> None:
        in_parts = size > PART_SIZE
        if in_parts or self._asks_first:
            self._refuse_if_taken()
        try:
            if in_parts:
                self._put_parts(source)
            else:
                self._put_whole(source.read())
        except ClientError as error:
            # Taken, or taken by our own attempt whose answer we never saw: the token will tell.
            if status_of(error) != 412 and error.response["Error"].get("Code") != "NoSuchUpload":
                raise

    def _put_whole(self, data: bytes) -> None:
        self._digests.add(data)
        self._client.put_object(
            **self._where,
            **self._condition,
            **self._connection.write_parameters(self._where["Key"]),
            Body=io.BytesIO(data),  # bytes would be copied into one message with the headers
            Metadata={_WRITER: self._token},
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=self._digests.last_checksum,
        )

    def _put_parts(self, source: IO[bytes]) -> None:
        upload_id = self._client.create_multipart_upload(
            **self._where,
            **self._connection.write_parameters(self._where["Key"]),
            Metadata={_WRITER: self._token},
            ChecksumAlgorithm="SHA256",
        )["UploadId"]
        with ExitStack() as undo:
            undo.callback(self._abandon, upload_id)
            parts = list(self._each_part(source, upload_id))
            self._client.complete_multipart_upload(
                **self._where, **self._condition, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
            undo.pop_all()

    def _each_part(self, source: IO[bytes], upload_id: str) -> "Iterator[CompletedPartTypeDef]":
        number = 0
        while data := source.read(PART_SIZE):
            number += 1
            self._digests.add(data)
            answer = self._client.upload_part(
                **self._where,
                UploadId=upload_id,
                PartNumber=number,
                Body=io.BytesIO(data),  # bytes would be copied into one message with the headers
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=self._digests.last_checksum,
            )
            yield {
                "PartNumber": number,
                "ETag": answer["ETag"],
                "ChecksumSHA256": self._digests.last_checksum,
            }

    def _abandon(self, upload_id: str) -> None:
        with suppress(ClientError, BotoCoreError):
            self._client.abort_multipart_upload(**self._where, UploadId=upload_id)

    def _refuse_if_taken(self) -> None:
        try:
            self._client.head_object(**self._where)
        except ClientError as error:
            if status_of(error) != 404:
                raise
            return
        raise BlobExists(self._key)

    def _head(self) -> "HeadObjectOutputTypeDef":
        try:
            return self._client.head_object(**self._where, ChecksumMode="ENABLED")
        except ClientError as error:
            if isinstance(blob_error(error, self._key), BlobMissing):
                raise BlobMangled("answered stored, but is not there") from error
            raise

    def _compare(self, head: "HeadObjectOutputTypeDef", *, size: int, sha256: bytes) -> None:
        if head["Metadata"].get(_WRITER) != self._token:
            raise BlobExists(self._key)
        in_parts = size > PART_SIZE
        checksum = self._digests.checksum_of_parts if in_parts else self._digests.last_checksum
        etag = self._digests.etag_of_parts if in_parts else self._digests.last_etag
        if head["ContentLength"] != size:
            raise BlobMangled("size")
        # The number of parts after a dash is left out by some servers.
        if head.get("ChecksumSHA256", checksum).partition("-")[0] != checksum:
            raise BlobMangled("checksum")
        if not _is_md5(head):
            self._read_back(sha256)
        elif head["ETag"].strip('"') != etag:
            raise BlobMangled("etag")

    def _read_back(self, sha256: bytes) -> None:
        digest = hashlib.sha256()
        for chunk in self._client.get_object(**self._where)["Body"].iter_chunks(1 << 20):
            digest.update(chunk)
        if digest.digest() != sha256:
            raise BlobMangled("bytes read back")

    def _remove(self) -> None:
        with suppress(ClientError, BotoCoreError):
            self._client.delete_object(**self._where)


def _is_md5(head: "HeadObjectOutputTypeDef") -> bool:
    """Whether the entity tag is an MD5: not so under keys of the customer or of a key service."""
    foreign = head.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in head
    return not foreign and _MD5_ETAG.fullmatch(head["ETag"].strip('"')) is not None
