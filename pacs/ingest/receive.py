"""One file on its way in: sealed while it is scanned, so no plain byte of it ever rests anywhere.

Nothing is believed and nothing is durable here; `settle.py` decides what becomes of the file.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.scan import Scan, Scanner
from pacs.ingest.outcomes import IngestReason, Outcome, Status
from pacs.storage.sealed import SealedWriter
from tenants.crypto.envelope import Kind

_NOT_KEPT = frozenset({Reason.EMPTY, Reason.NOT_DICOM})


@dataclass(frozen=True)
class Received:
    """A whole file: sealed, not yet durable. Exactly one of `scan` and `refusal` is set.

    `writer` is None where the bytes are not worth keeping: they are no DICOM, or their end never came.
    """

    size: int
    writer: SealedWriter | None
    scan: Scan | None
    refusal: Outcome | None

    def drop(self) -> None:
        """Forget the bytes."""
        if self.writer is not None:
            self.writer.abort()


def receive(chunks: Iterable[bytes]) -> Received:
    """Take a whole file; where the chunks break off with an error, nothing of it is left. Raises StoreUnavailable."""
    incoming = Incoming()
    try:
        for chunk in chunks:
            incoming.feed(chunk)
        return incoming.finish()
    except BaseException:
        incoming.drop()
        raise


class Incoming:
    """Takes the bytes of one file as they come. Raises StoreUnavailable when the store cannot take them."""

    def __init__(self) -> None:
        self._writer: SealedWriter | None = SealedWriter(Kind.INSTANCE)
        self._scanner = Scanner()
        self._refused: Refused | None = None
        self._is_too_large = False
        self._size = 0
        self._limit: int = settings.INSTANCE_LIMIT_BYTES

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; what a refused file still sends is kept for a person, up to the limit."""
        self._size += len(chunk)
        if self._size > self._limit:
            self._is_too_large = True
            self.drop()
        if self._writer is None:
            return
        self._writer.write(chunk)
        if self._refused is None:
            self._scan(chunk)
        if self._refused is not None and self._refused.reason in _NOT_KEPT:
            self.drop()

    def finish(self) -> Received:
        """Return what is known of the file now that its end has come."""
        scan = None
        if self._refused is None and not self._is_too_large:
            try:
                scan = self._scanner.finish()
            except Refused as error:
                self._refused = error
        if self._refused is not None and self._refused.reason in _NOT_KEPT:
            self.drop()
        if self._writer is not None:
            self._writer.finish()
        return Received(self._size, self._writer, scan, self._refusal())

    def drop(self) -> None:
        """Forget the bytes that came so far."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None

    def _scan(self, chunk: bytes) -> None:
        try:
            self._scanner.feed(chunk)
        except Refused as error:
            self._refused = error

    def _refusal(self) -> Outcome | None:
        if self._is_too_large:
            return Outcome(Status.REFUSED, reason=IngestReason.TOO_LARGE, facts={"limit": self._limit})
        if self._refused is None:
            return None
        claimed = self._scanner.claimed()
        return Outcome(
            Status.REFUSED,
            sop_class_uid=claimed.sop_class_uid,
            sop_uid=claimed.sop_instance_uid,
            study_uid=claimed.study_uid,
            series_uid=claimed.series_uid,
            reason=self._refused.reason,
            facts=dict(self._refused.facts),
        )
