"""Blobs in an S3 bucket: create-only, checksummed, and looked at again before they count as stored.

Configuration and connection are those of django-storages. Its file object is not used: it fetches a whole
object before it seeks.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import IO, Literal
from uuid import UUID

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from pacs.storage.s3_connection import Addressing, Bucket, S3Connection, blob_error, status_of
from pacs.storage.s3_upload import Upload
from pacs.storage.store import (
    BlobError,
    BlobKey,
    BlobMangled,
    BlobWriter,
    NotABlobPath,
    StoreUnavailable,
    WriterHasEnded,
)

_CHUNK = 4 << 20
_UPLOADS_AT_ONCE = 8
_BROKEN_BODY = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)


class S3Store:
    """A BlobStore in one bucket of Amazon S3 or a server that speaks like it.

    Times are in seconds. A read waits at most ``read_timeout`` for the next byte and is tried twice, so that
    a reader can turn to the other copy soon; a write waits ``write_timeout`` and is tried three times.
    ``create_only``: *condition* sends If-None-Match, by which the server refuses a key that is taken; *head*
    is for servers which ignore that (Ceph's gateway 16): it asks first, and parallel writers of one key can
    outrun it. ``spool``: the folder where sealed bytes wait for their digest, the system's own if empty.
    """

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str = "",
        endpoint: str = "",
        region: str = "",
        addressing: Addressing = "auto",
        access_key: str = "",
        secret_key: str = "",
        connect_timeout: float = 2.0,
        read_timeout: float = 2.0,
        write_timeout: float = 30.0,
        create_only: Literal["condition", "head"] = "condition",
        spool: str = "",
    ) -> None:
        where = Bucket(bucket, prefix, endpoint, region, addressing, access_key, secret_key)
        self._reads = S3Connection(
            where, connect_timeout=connect_timeout, read_timeout=read_timeout, attempts=2
        )
        self._writes = S3Connection(
            where, connect_timeout=connect_timeout, read_timeout=write_timeout, attempts=3
        )
        self._sends_condition = {"condition": True, "head": False}[create_only]
        self._spool = spool or None

    def create(self, key: BlobKey) -> "S3Writer":
        try:
            return S3Writer(self, key, self._spool)
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error

    def commit_all(self, writers: Sequence[tuple[BlobWriter, bytes]]) -> list[BlobError | None]:
        own = [(_own(writer), sha256) for writer, sha256 in writers]
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as uploads:
            return list(uploads.map(lambda pair: self._outcome_of_upload(*pair), own))

    def read(self, key: BlobKey, offset: int, length: int) -> bytes:
        if offset < 0 or length < 1:
            raise ValueError
        with _translated(key):
            try:
                return self._read_range(key, offset, length)
            except _BodyBroke:
                return self._read_range(key, offset, length)

    def stream(self, key: BlobKey) -> Iterator[bytes]:
        offset = 0
        while chunk := self.read(key, offset, _CHUNK):
            yield chunk
            offset += len(chunk)
            if len(chunk) < _CHUNK:
                return

    def size(self, key: BlobKey) -> int:
        with _translated(key):
            return self._reads.client.head_object(Bucket=self._reads.bucket, Key=self._reads.path(key))[
                "ContentLength"
            ]

    def delete(self, key: BlobKey) -> None:
        with _translated():
            self._writes.client.delete_object(Bucket=self._writes.bucket, Key=self._writes.path(key))

    def keys(self, tenant_id: UUID) -> Iterator[BlobKey]:
        prefix = self._reads.prefix
        pages = self._reads.client.get_paginator("list_objects_v2")
        with _translated():
            for page in pages.paginate(Bucket=self._reads.bucket, Prefix=f"{prefix}{tenant_id}/"):
                for entry in page.get("Contents", ()):
                    with suppress(NotABlobPath):
                        yield BlobKey.from_path(entry["Key"].removeprefix(prefix))

    def _read_range(self, key: BlobKey, offset: int, length: int) -> bytes:
        try:
            answer = self._reads.client.get_object(
                Bucket=self._reads.bucket,
                Key=self._reads.path(key),
                Range=f"bytes={offset}-{offset + length - 1}",
            )
        except ClientError as error:
            if status_of(error) == 416:
                return b""
            raise
        if not answer.get("ContentRange", "").startswith(f"bytes {offset}-"):
            answer["Body"].close()
            raise StoreUnavailable("range not honoured", permanent=True)
        try:
            return answer["Body"].read()
        except _BROKEN_BODY as error:
            raise _BodyBroke(error=error) from error

    def _outcome_of_upload(self, writer: "S3Writer", sha256: bytes) -> BlobError | None:
        upload = Upload(self._writes, writer.key, if_none_match=self._sends_condition)
        try:
            with writer.spooled(sha256) as (source, size):
                upload.run(source, size=size, sha256=sha256)
        except BlobError as error:
            return error
        return None


class S3Writer:
    """A BlobWriter which spools sealed bytes to a nameless temporary file until their digest is known."""

    def __init__(self, store: S3Store, key: BlobKey, folder: str | None) -> None:
        self._spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by commit or abort)
        self._store = store
        self._digest = hashlib.sha256()
        self.key = key

    def write(self, data: bytes | memoryview) -> None:
        self.refuse_if_ended()
        try:
            self._spool.write(data)
        except OSError as error:
            self.abort()
            raise StoreUnavailable.from_os(error) from error
        self._digest.update(data)

    def commit(self, sha256: bytes) -> None:
        (outcome,) = self._store.commit_all([(self, sha256)])
        if outcome is not None:
            raise outcome

    def abort(self) -> None:
        with suppress(OSError):  # closing flushes, which a full disk refuses
            self._spool.close()

    @contextmanager
    def spooled(self, sha256: bytes) -> Iterator[tuple[IO[bytes], int]]:
        """This will lend the spooled bytes from their start, with their number, and end the writer.

        Raises BlobMangled if they do not have the digest, StoreUnavailable if they cannot be read.
        """
        try:
            if self._digest.digest() != sha256:
                raise BlobMangled("digest of written bytes")
            size = self._spool.tell()
            self._spool.seek(0)
            yield self._spool, size
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error
        finally:
            self.abort()

    def refuse_if_ended(self) -> None:
        """Raises WriterHasEnded after commit or abort."""
        if self._spool.closed:
            raise WriterHasEnded


class _BodyBroke(BotoCoreError):
    """The connection was lost within a body, where botocore's own attempts do not reach."""

    fmt = "{error}"


def _own(writer: BlobWriter) -> S3Writer:
    if not isinstance(writer, S3Writer):
        raise TypeError(writer)
    writer.refuse_if_ended()
    return writer


@contextmanager
def _translated(key: BlobKey | None = None) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise blob_error(error, key) from error
