"""What becomes of a batch of received files: stored, the same as what is there, or refused and held.

Order (DESIGN §3.1): compare with what is stored, make the new ones durable, then one transaction, then answer.
A crash before the transaction leaves at worst orphan blobs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import IntegrityError

from pacs.dicom.decode_pool import PoolBusy
from pacs.dicom.index import index
from pacs.dicom.scan import Scan
from pacs.ingest import duplicates, held
from pacs.ingest.index import Arrival, Durable, Vanished, index_all, note_same
from pacs.ingest.outcomes import IngestReason, Outcome, Status
from pacs.ingest.receive import Received
from pacs.models import Instance
from pacs.retrieve import decoding
from pacs.storage.placement import primary_store
from pacs.storage.sealed import SealedReader, SealedWriter
from pacs.storage.store import BlobKey
from tenants.scope import current_tenant_id

ROUNDS = 5
"""A round is lost to another arrival of the same image, which the next round then finds stored."""


@dataclass
class _File:
    received: Received
    outcome: Outcome | None = None
    known: Instance | None = None
    is_durable: bool = False

    def decide(self, status: Status, *, reason: str = "", facts: dict[str, object] | None = None) -> Outcome:
        """Set and return what became of the file, with the names it bears."""
        scan = self.scan()
        self.outcome = Outcome(
            status,
            sop_class_uid=scan.sop_class_uid,
            sop_uid=scan.sop_instance_uid,
            study_uid=scan.study_uid,
            series_uid=scan.series_uid,
            reason=reason,
            facts=facts or {},
        )
        return self.outcome

    def scan(self) -> Scan:
        """Return the facts of a well-formed file."""
        if self.received.scan is None:
            raise ValueError("a refused file has no scan")
        return self.received.scan

    def writer(self) -> SealedWriter:
        """Return the sealed bytes of a well-formed file."""
        if self.received.writer is None:
            raise ValueError("a refused file has no writer")
        return self.received.writer


class Hold(Protocol):
    """Takes over a refused file, and leaves none of its bytes behind that nobody answers for."""

    def __call__(
        self, received: Received, outcome: Outcome, arrival: Arrival, *, is_durable: bool
    ) -> None: ...


def settle(
    batch: Sequence[Received], arrival: Arrival, *, only_study: str = "", hold: Hold = held.keep
) -> list[Outcome]:
    """Store a batch; returns one outcome for each file, in order. Stored files are durable when this returns.

    `only_study` is the study that the sender named beside the files (PS3.18 §10.5.1); others are refused. `hold`
    gets what is refused: by default it is kept for a person to decide.
    """
    files = [_look_at(received, only_study) for received in batch]
    try:
        for left in reversed(range(ROUNDS)):
            waiting = [file for file in files if file.outcome is None]
            if not waiting:
                break
            _round(waiting, arrival, is_last=left == 0)
        return [_settled(file, arrival, hold) for file in files]
    finally:
        _clean_up(files)


def _look_at(received: Received, only_study: str) -> _File:
    file = _File(received, received.refusal)
    if received.scan is None:
        return file
    if only_study and received.scan.study_uid != only_study:
        file.decide(Status.REFUSED, reason=IngestReason.OTHER_STUDY)
    return file


def _round(waiting: Sequence[_File], arrival: Arrival, *, is_last: bool) -> None:
    _compare(waiting)
    same = [file for file in waiting if file.known is not None and _is(file, Status.SAME)]
    try:
        _note_same(same, arrival)
    except Vanished:
        for file in same:
            file.outcome = None
        return  # the next round finds out which are still there
    storing = list(_first_of_each([file for file in waiting if file.outcome is None]))
    _make_durable([file for file in storing if not file.is_durable])
    storing = [file for file in storing if file.outcome is None]
    if not storing:
        return
    try:
        index_all([Durable(file.scan(), index(file.scan()), file.writer()) for file in storing], arrival)
    except IntegrityError:
        if is_last:
            raise  # no other arrival explains this
        return  # another arrival was first: the next round finds its rows
    for file in storing:
        file.decide(Status.STORED)


def _compare(waiting: Sequence[_File]) -> None:
    """Decide the files whose SOP Instance UID is stored already."""
    uids = {file.scan().sop_instance_uid for file in waiting}
    found = list(Instance.objects.filter(sop_uid__in=uids).values_list("pk", flat=True))
    if not found:
        return
    rows = Instance.objects.filter(pk__in=found).select_related("blob", "study", "series")
    known = {row.sop_uid: row for row in rows}
    for file in waiting:
        file.known = known.get(file.scan().sop_instance_uid)
        if file.known is None:
            continue
        if duplicates.has_equal_bytes(file.scan(), file.known):
            file.decide(Status.SAME)
        else:
            _compare_content(file, file.known)


def _compare_content(file: _File, known: Instance) -> None:
    """Open both files side by side; the arriving one becomes durable first, for only then it can be read."""
    if not file.is_durable:
        _make_durable([file])
    if file.outcome is not None:
        return
    arriving = SealedReader(file.writer().blob())
    try:
        facts = duplicates.differing(file.scan(), arriving, known, decoding.pool())
    except PoolBusy:
        file.decide(Status.REFUSED, reason=IngestReason.BUSY)
        return
    if facts is None:
        file.decide(Status.SAME)
    else:
        file.decide(Status.REFUSED, reason=IngestReason.CONFLICT, facts=facts)


def _note_same(same: Sequence[_File], arrival: Arrival) -> None:
    if same:
        note_same([file.known for file in same if file.known is not None], arrival)


def _first_of_each(waiting: Iterable[_File]) -> Iterator[_File]:
    """Yield one file for each SOP Instance UID; the others are compared with it in the next round."""
    seen = set()
    for file in waiting:
        uid = file.scan().sop_instance_uid
        if uid not in seen:
            seen.add(uid)
            yield file


def _make_durable(files: Sequence[_File]) -> None:
    outcomes = SealedWriter.commit_all([file.writer() for file in files]) if files else []
    for file, error in zip(files, outcomes, strict=True):
        file.is_durable = error is None
        if error is not None:
            file.decide(Status.REFUSED, reason=IngestReason.STORE_UNAVAILABLE)


def _settled(file: _File, arrival: Arrival, hold: Hold) -> Outcome:
    outcome = file.outcome or file.decide(Status.REFUSED, reason=IngestReason.BUSY)
    if outcome.status is Status.REFUSED:
        hold(file.received, outcome, arrival, is_durable=file.is_durable)
    return outcome


def _clean_up(files: Sequence[_File]) -> None:
    """Drop what was not stored; the durable copy of what is stored already is removed.

    Any other durable blob stays, at worst an orphan: an error of the commit does not say that nothing was committed.
    """
    for file in files:
        if not file.is_durable:
            file.received.drop()
        elif _is(file, Status.SAME):
            primary_store().delete(BlobKey(current_tenant_id(), file.writer().blob_id))


def _is(file: _File, status: Status) -> bool:
    return file.outcome is not None and file.outcome.status is status
