"""Files that were not taken but may be images: kept sealed, for a person to accept, retry or discard."""

from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.db.models import F

from pacs.events import FILE_HELD
from pacs.ingest.index import Arrival, study_id
from pacs.ingest.outcomes import TRANSIENT, Outcome
from pacs.ingest.receive import Received
from pacs.models import Blob, HeldFile, Study
from pacs.storage.placement import primary_store
from pacs.storage.sealed import NewBlob, SealedReader, SealedWriter
from pacs.storage.store import BlobKey
from tenants.audit.record import MINOR_FAILURE, Subject, record
from tenants.scope import current_tenant_id

AT_MOST = 10_000
"""Files that may wait for a person in one clinic; beyond, a refused file is answered but not kept."""


def keep(received: Received, outcome: Outcome, arrival: Arrival, *, is_durable: bool) -> None:
    """Keep a refused file, once however often it is sent; otherwise leave none of its bytes behind.

    Nothing is kept of what is no DICOM, and of what was refused for a passing cause.
    """
    writer = received.writer
    if writer is None:
        return
    may_keep = outcome.reason not in TRANSIENT and _waiting() < AT_MOST
    if not is_durable and not (may_keep and SealedWriter.commit_all([writer])[0] is None):
        received.drop()
        return
    if not (may_keep and _insert(writer.blob(), outcome, arrival)):
        primary_store().delete(BlobKey(current_tenant_id(), writer.blob_id))


def _waiting() -> int:
    return HeldFile.objects.filter(state=HeldFile.State.WAITING).count()


def _insert(blob: NewBlob, outcome: Outcome, arrival: Arrival) -> bool:
    """Write the rows; returns False when the same bytes wait already, and counts the new arrival there."""
    sha256 = SealedReader(blob).sha256()
    row = HeldFile(
        reason=outcome.reason,
        facts=dict(outcome.facts),
        sender_kind=arrival.actor.kind,
        sender_name=arrival.actor.name[:200],
        sender_address=arrival.actor.address[:45],
        study_uid=outcome.study_uid[:64],
        series_uid=outcome.series_uid[:64],
        sop_uid=outcome.sop_uid[:64],
        plain_size=blob.plain_size,
        plain_sha256=sha256,
        blob_id=blob.id,
        created_at=arrival.now,
        last_arrived_at=arrival.now,
    )
    try:
        with transaction.atomic(durable=True):
            Blob(created_at=arrival.now, **asdict(blob)).save(force_insert=True)
            row.save(force_insert=True)
            if outcome.study_uid:
                Study.objects.filter(id=study_id(outcome.study_uid)).update(
                    refused_count=F("refused_count") + 1
                )
            subject = Subject("held-file", str(row.id), {"bytes": blob.plain_size})
            record(arrival.actor, FILE_HELD, subject, at=arrival.now, outcome=MINOR_FAILURE)
    except IntegrityError:
        _note_again(sha256, arrival)
        return False
    return True


def _note_again(sha256: bytes, arrival: Arrival) -> None:
    with transaction.atomic(durable=True):
        waiting = (
            HeldFile.objects.select_for_update()
            .filter(plain_sha256=sha256, state=HeldFile.State.WAITING)
            .first()
        )
        if waiting is None:
            return
        HeldFile.objects.filter(pk=waiting.pk).update(arrivals=F("arrivals") + 1, last_arrived_at=arrival.now)
        record(
            arrival.actor,
            FILE_HELD,
            Subject("held-file", str(waiting.pk)),
            at=arrival.now,
            outcome=MINOR_FAILURE,
        )
