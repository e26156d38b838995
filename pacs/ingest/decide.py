"""What a person decides about a file that was not taken: accept it as the new version, discard it, or try again.

Nothing that was once accepted is lost by a decision: a replaced version becomes a held file itself and can be brought
back, which is to accept it. Every function raises NotPermitted without the right, and AlreadyDecided for a file that
is not there or no longer waits. Locks: the study, then the file.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction

from pacs import access, limits
from pacs.dicom.reasons import Refused
from pacs.dicom.scan import Scan, Scanner
from pacs.events import FILE_ACCEPTED, FILE_DISCARDED, FILE_RETRIED, FILE_TAKEN_BACK
from pacs.ingest.index import Arrival, study_id
from pacs.ingest.outcomes import TRANSIENT, IngestReason, Outcome, Status
from pacs.ingest.receive import Received, receive
from pacs.ingest.settle import settle
from pacs.ingest.versions import Version, replace
from pacs.models import Blob, HeldFile, Instance, Outbox, Study
from pacs.storage.placement import primary_store
from pacs.storage.sealed import SealedReader
from pacs.storage.store import BlobKey
from tenants.audit.record import MINOR_FAILURE, SUCCESS, Subject, record
from tenants.events import Event
from tenants.models import Tenant
from tenants.permissions import Actor
from tenants.scope import current_tenant_id

State = HeldFile.State


class AlreadyDecided(Exception):
    """The file is not there, or somebody decided about it before."""


class WaitsAlready(Exception):
    """The same bytes came again after they were discarded, and wait."""


class WhyNot(StrEnum):
    """Why a file cannot become the new version of an image."""

    NO_CONFLICT = "no-conflict"
    NOTHING_STORED = "nothing-stored"
    OTHER_SERIES = "other-series"
    IN_BIN = "in-bin"
    CHANGED = "changed"
    UNREADABLE = "unreadable"


class CannotReplace(Exception):
    """The file cannot become the new version of an image; carries why."""

    def __init__(self, reason: WhyNot) -> None:
        super().__init__(reason.value)
        self.reason = reason


def accept(actor: Actor, held_id: UUID, *, now: datetime) -> HeldFile:
    """Make a conflicting file, or a replaced one, the content of its image; returns the file of the version that was
    stored so far. Raises CannotReplace, CannotOpen, BlobMissing, StoreUnavailable."""
    held = _file(actor, held_id, State.WAITING, State.REPLACED)
    if held.reason != IngestReason.CONFLICT or held.blob is None:
        raise CannotReplace(WhyNot.NO_CONFLICT)
    version = Version(held, held.blob, _scanned(held.blob))
    known = _stored(version.scan)
    sha256 = SealedReader(known.blob).sha256()
    try:
        with transaction.atomic(durable=True):
            study = Study.objects.select_for_update().get(pk=known.study_id)
            if not Instance.objects.filter(pk=known.pk, blob=known.blob_id, series__binned_at=None).exists():
                raise CannotReplace(WhyNot.CHANGED)
            _move(held, State.ACCEPTED, actor, now, blob=None)
            replaced = _replaced(held, known, sha256, actor, now)
            replace(version, known, study, refused=_waiting(study.study_uid), now=now)
            _record(actor, FILE_ACCEPTED, held, now)
    except IntegrityError as error:
        raise CannotReplace(WhyNot.CHANGED) from error
    return replaced


def discard(actor: Actor, held_id: UUID, *, now: datetime) -> None:
    """Take a file from those that wait; its bytes stay as long as what is in the bin."""
    held = _file(actor, held_id, State.WAITING)
    with transaction.atomic(durable=True):
        study = _locked(held)
        _move(held, State.DISCARDED, actor, now, blob=held.blob)
        _count(study)
        _record(actor, FILE_DISCARDED, held, now)


def take_back(actor: Actor, held_id: UUID, *, now: datetime) -> None:
    """Let a discarded file wait again. Raises WaitsAlready."""
    held = _file(actor, held_id, State.DISCARDED)
    try:
        with transaction.atomic(durable=True):
            study = _locked(held)
            _move(held, State.WAITING, actor, now, blob=held.blob)
            _count(study)
            _record(actor, FILE_TAKEN_BACK, held, now)
    except IntegrityError as error:
        raise WaitsAlready from error


def retry(actor: Actor, held_id: UUID, *, now: datetime) -> Outcome:
    """Let a waiting file arrive again from its sealed bytes; where it is refused again, the reason is renewed.

    Raises QuotaExceeded, and CannotReplace for a file of which nothing was kept.
    """
    held = _file(actor, held_id, State.WAITING)
    if held.blob is None:
        raise CannotReplace(WhyNot.UNREADABLE)
    limits.require_room(Tenant.objects.get(id=current_tenant_id()), held.plain_size)
    outcome = settle([receive(SealedReader(held.blob).whole())], Arrival(actor, now), hold=_drop)[0]
    with transaction.atomic(durable=True):
        study = _locked(held)
        if outcome.status is not Status.REFUSED:
            _move(held, State.ACCEPTED, actor, now, blob=None)
            Outbox.objects.queue_removal([held.blob.id], due_at=now, now=now)
            _count(study)
        elif outcome.reason not in TRANSIENT:
            _renew(held, outcome)
        failed = outcome.status is Status.REFUSED
        _record(actor, FILE_RETRIED, held, now, outcome=MINOR_FAILURE if failed else SUCCESS)
    return outcome


def _file(actor: Actor, held_id: UUID, *states: State) -> HeldFile:
    held = access.held_files(actor).filter(pk=held_id, state__in=states).select_related("blob").first()
    if held is None:
        raise AlreadyDecided
    return held


def _scanned(blob: Blob) -> Scan:
    scanner = Scanner()
    try:
        for chunk in SealedReader(blob).whole():
            scanner.feed(chunk)
        return scanner.finish()
    except Refused as error:
        raise CannotReplace(WhyNot.UNREADABLE) from error


def _stored(scan: Scan) -> Instance:
    """Return the image that a file would replace, which must be of the same study and series."""
    rows = Instance.objects.filter(sop_uid=scan.sop_instance_uid).select_related("blob", "series", "study")
    known = rows.first()
    if known is None:
        raise CannotReplace(WhyNot.NOTHING_STORED)
    if (known.study.study_uid, known.series.series_uid) != (scan.study_uid, scan.series_uid):
        raise CannotReplace(WhyNot.OTHER_SERIES)
    if known.study.binned_at or known.series.binned_at:
        raise CannotReplace(WhyNot.IN_BIN)
    return known


def _replaced(held: HeldFile, known: Instance, sha256: bytes, actor: Actor, now: datetime) -> HeldFile:
    """Keep the version that was stored so far; its image gets another blob in the same transaction."""
    return HeldFile.objects.create(
        reason=IngestReason.CONFLICT,
        facts={"differing": [_turned(one) for one in held.facts.get("differing", [])]},
        sender_kind="archive",
        study_uid=held.study_uid,
        series_uid=held.series_uid,
        sop_uid=held.sop_uid,
        plain_size=known.plain_size,
        plain_sha256=sha256,
        blob=known.blob,
        state=State.REPLACED,
        created_at=known.created_at,
        last_arrived_at=now,
        decided_at=now,
        decided_by=actor.name[:200],
    )


def _turned(difference: dict[str, str]) -> dict[str, str]:
    return difference | {"stored": difference["arriving"], "arriving": difference["stored"]}


def _drop(received: Received, outcome: Outcome, arrival: Arrival, *, is_durable: bool) -> None:
    """Forget the second copy of a file that is held already."""
    if is_durable and received.writer is not None:
        primary_store().delete(BlobKey(current_tenant_id(), received.writer.blob_id))
    else:
        received.drop()


def _locked(held: HeldFile) -> Study | None:
    return Study.objects.select_for_update().filter(pk=study_id(held.study_uid)).first()


def _move(held: HeldFile, state: State, actor: Actor, now: datetime, *, blob: Blob | None) -> None:
    """Change the state if it is still the one that the person saw; raises AlreadyDecided."""
    changed = HeldFile.objects.filter(pk=held.pk, state=held.state).update(
        state=state, blob=blob, decided_at=now, decided_by=actor.name[:200]
    )
    if not changed:
        raise AlreadyDecided


def _renew(held: HeldFile, outcome: Outcome) -> None:
    changed = HeldFile.objects.filter(pk=held.pk, state=held.state).update(
        reason=outcome.reason, facts=dict(outcome.facts)
    )
    if not changed:
        raise AlreadyDecided


def _waiting(study_uid: str) -> int:
    return HeldFile.objects.filter(study_uid=study_uid, state=State.WAITING).count()


def _count(study: Study | None) -> None:
    if study is not None:
        study.refused_count = _waiting(study.study_uid)
        study.save(update_fields=["refused_count"])


def _record(actor: Actor, event: Event, held: HeldFile, now: datetime, *, outcome: int = SUCCESS) -> None:
    subject = Subject("held-file", str(held.pk), {"bytes": held.plain_size})
    details = {"study": held.study_uid, "instance": held.sop_uid}
    record(actor, event, subject, at=now, details=details, outcome=outcome)
