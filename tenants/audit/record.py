"""Recording an act in its own transaction (reference audit-format).

The head row is locked by the last statements before commit, so writers of one clinic queue for it only
briefly; call `record` last, once for each request.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import transaction

from tenants import entry
from tenants.audit import chain
from tenants.crypto.envelope import Kind, seal_bytes
from tenants.events import Event
from tenants.models import AuditEvent, AuditHead
from tenants.permissions import Actor
from tenants.scope import current_tenant_id

SUCCESS, MINOR_FAILURE, SERIOUS_FAILURE, MAJOR_FAILURE = 0, 4, 8, 12
"""Outcomes as PS3.15 A.5.3.1 numbers them."""


@dataclass(frozen=True)
class Subject:
    """What was acted on. `id` is ours, never a DICOM UID; counts are numbers of things by kind."""

    kind: str
    id: str
    counts: Mapping[str, int] = field(default_factory=dict)


def record(
    actor: Actor,
    event: Event,
    subject: Subject,
    *,
    at: datetime,
    details: Mapping[str, object] | None = None,
    outcome: int = SUCCESS,
) -> None:
    """Append one event to the current clinic's chain, by the last statements of the act's transaction.

    `details` may hold patient data: they are sealed under the clinic's key before they are hashed.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit event belongs to the transaction of its act")
    tenant_id = current_tenant_id()
    sealed = _seal(details) if details else ""
    head = AuditHead.objects.select_for_update().get()
    seq = head.seq + 1
    canonical = chain.canonical(
        {
            "v": 1,
            "tenant": str(tenant_id),
            "seq": seq,
            "at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "actor": {"kind": actor.kind, "id": actor.id, "on_behalf_of": None},
            "from": {"address": actor.address, "agent": _agent_hash(actor.agent)},
            "event": event.code,
            "subtype": event.subtype,
            "action": event.action,
            "outcome": outcome,
            "subject": {"kind": subject.kind, "id": subject.id, "counts": dict(subject.counts)},
            "details": sealed,
        }
    )
    link = chain.next_link(bytes(head.link), chain.leaf(canonical))
    AuditEvent.objects.create(
        seq=seq,
        at=at,
        subtype=event.subtype,
        actor_id=actor.id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        canonical=canonical,
        link=link,
    )
    AuditHead.objects.filter(pk=head.pk).update(seq=seq, link=link)


def start_chain() -> None:
    """Create the current clinic's empty chain; called once, when the clinic is made."""
    AuditHead.objects.create(seq=0, link=chain.first_link(current_tenant_id()))


def _seal(details: Mapping[str, object]) -> str:
    sealed, _ = seal_bytes(
        chain.canonical(details), keyring=entry.keyring(), object_id=uuid.uuid4(), kind=Kind.METADATA
    )
    return base64.b64encode(sealed).decode("ascii")


def _agent_hash(agent: str) -> str:
    return hashlib.sha256(agent.encode("utf-8", "replace")).hexdigest() if agent else ""
