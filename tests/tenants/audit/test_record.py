"""Events as they are written: gapless, chained, final, and with nothing of a patient in plain bytes."""

import base64
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from tenants import entry
from tenants.audit import chain
from tenants.audit.record import MINOR_FAILURE, Subject, record
from tenants.crypto.envelope import open_bytes
from tenants.events import API_KEY_ISSUED, Event
from tenants.models import AuditEvent, AuditHead, Tenant
from tenants.permissions import Actor
from tests.conftest import NOW, Clinic, make_clinic
from tests.settings import USES_POSTGRESQL

pytestmark = pytest.mark.db

ACTOR = Actor(kind="member", id="7", name="Alice", address="127.0.0.1", agent="Browser/1")
OPENED = Event("study-opened", 110103, "R")
HOSTILE = 'Doe^Jane\r\n{"v":1,"seq":99}\x00\u2028","tenant":"x'


def write(subject_id: str = "s", **more: object) -> None:
    with transaction.atomic():
        record(ACTOR, OPENED, Subject("study", subject_id, {"instances": 2}), at=NOW, **more)  # type: ignore[arg-type]  # details alone


def rows() -> list[chain.Row]:
    return [
        chain.Row(row.seq, bytes(row.canonical), bytes(row.link))
        for row in AuditEvent.objects.order_by("seq")
    ]


def verified(tenant: Tenant) -> int:
    """Verify the whole chain against its head; return its length."""
    head, end = AuditHead.objects.get(), chain.verify(rows(), tenant=tenant.pk)
    assert (head.seq, bytes(head.link)) == (end.seq, end.link)
    return end.seq


def test_an_event_holds_the_act_in_canonical_form(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        with transaction.atomic():
            record(ACTOR, OPENED, Subject("study", "s", {"instances": 2}), at=NOW, outcome=MINOR_FAILURE)
        row = AuditEvent.objects.latest("seq")
    assert json.loads(bytes(row.canonical)) == {
        "v": 1,
        "tenant": str(clinic.tenant.pk),
        "seq": row.seq,
        "at": "2026-11-22T12:00:00.000000Z",
        "actor": {"kind": "member", "id": "7", "on_behalf_of": None},
        "from": {"address": "127.0.0.1", "agent": hashlib.sha256(b"Browser/1").hexdigest()},
        "event": 110103,
        "subtype": "study-opened",
        "action": "R",
        "outcome": 4,
        "subject": {"kind": "study", "id": "s", "counts": {"instances": 2}},
        "details": "",
    }
    assert chain.canonical(json.loads(bytes(row.canonical))) == bytes(row.canonical)


def test_a_new_clinic_has_a_chain_of_its_own(clinic: Clinic, other_clinic: Clinic) -> None:
    for held in (clinic, other_clinic):
        with entry.enter(held.tenant):
            subtypes = list(AuditEvent.objects.order_by("seq").values_list("subtype", flat=True))
            assert subtypes == ["clinic-created", API_KEY_ISSUED.subtype]
            assert verified(held.tenant) == 2


def test_details_are_sealed(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        write(details={"patient": "Secretperson^Jane", "note": HOSTILE})
        stored = bytes(AuditEvent.objects.latest("seq").canonical)
        sealed = base64.b64decode(json.loads(stored)["details"])
        opened = open_bytes(
            sealed, keyring=entry.keyring(), tenant_id=clinic.tenant.pk, object_id=UUID(bytes=sealed[28:44])
        )
    assert b"Secretperson" not in stored + sealed
    assert base64.b64encode(b"Secretperson")[:12] not in stored
    assert json.loads(opened) == {"patient": "Secretperson^Jane", "note": HOSTILE}


@pytest.mark.parametrize("place", ["subject", "actor", "details", "agent"])
def test_hostile_text_stays_inside_one_event(clinic: Clinic, place: str) -> None:
    actor = Actor(
        kind="member",
        id=HOSTILE[:36] if place == "actor" and not USES_POSTGRESQL else "7",
        name=HOSTILE,
        address="127.0.0.1",
        agent=HOSTILE if place == "agent" else "",
    )
    subject = HOSTILE.replace("\0", "") if place == "subject" else "s"
    with entry.enter(clinic.tenant):
        with transaction.atomic():
            details = {"text": HOSTILE} if place == "details" else None
            record(actor, OPENED, Subject("study", subject), at=NOW, details=details)
        write()
        event = json.loads(rows()[2].event)
        assert (event["seq"], event["tenant"], event["subject"]["id"]) == (3, str(clinic.tenant.pk), subject)
        assert rows()[2].event.count(b"\n") == 0
        assert verified(clinic.tenant) == 4


def test_an_act_that_is_rolled_back_leaves_no_event(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        with pytest.raises(RuntimeError), transaction.atomic():
            write()
            raise RuntimeError
        assert verified(clinic.tenant) == 2
        write()
        assert verified(clinic.tenant) == 3


def test_an_event_outside_a_transaction_is_refused(committed: None) -> None:
    clinic = make_clinic("north", "alice")
    with entry.enter(clinic.tenant):
        with pytest.raises(RuntimeError):
            record(ACTOR, OPENED, Subject("study", "s"), at=NOW)
        assert verified(clinic.tenant) == 2


def test_eight_writers_leave_no_gap(committed: None) -> None:
    clinic = make_clinic("north", "alice")

    def work(number: int) -> None:
        try:
            with entry.enter(clinic.tenant):
                for turn in range(12):
                    if turn % 4 == 3:
                        with pytest.raises(RuntimeError), transaction.atomic():
                            write()
                            raise RuntimeError
                    else:
                        write(f"{number}-{turn}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    with entry.enter(clinic.tenant):
        assert verified(clinic.tenant) == 2 + 8 * 9
        assert AuditEvent.objects.filter(subject_kind="study").values("subject_id").distinct().count() == 72


COLUMNS = "tenant_id, seq, at, subtype, actor_id, subject_kind, subject_id, canonical, link"
CHANGES: dict[str, Callable[[str], tuple[str, list[str | int]]]] = {
    "update": lambda table: (f'UPDATE "{table}" SET subtype = %s', ["x"]),
    "delete": lambda table: (f'DELETE FROM "{table}" WHERE seq = %s', [1]),
}
if USES_POSTGRESQL:
    CHANGES |= {
        "truncate": lambda table: (f'TRUNCATE "{table}"', []),
        "insert on conflict": lambda table: (
            f'INSERT INTO "{table}" ({COLUMNS}) SELECT {COLUMNS} FROM "{table}" '
            f"ON CONFLICT (tenant_id, seq) DO UPDATE SET subtype = %s",
            ["x"],
        ),
        "switch the trigger off": lambda table: (f'ALTER TABLE "{table}" DISABLE TRIGGER append_only', []),
    }
else:
    CHANGES |= {
        "insert or replace": lambda table: (
            f'INSERT OR REPLACE INTO "{table}" (id, {COLUMNS}) SELECT id, {COLUMNS} FROM "{table}"',
            [],
        ),
        "update or replace": lambda table: (f'UPDATE OR REPLACE "{table}" SET seq = %s', [1]),
    }


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_events_cannot_be_changed(
    committed: None, change: Callable[[str], tuple[str, list[str | int]]]
) -> None:
    clinic = make_clinic("north", "alice")
    statement, values = change("tenants_auditevent")
    with entry.enter(clinic.tenant):
        before = rows()
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(statement, values)
        assert rows() == before
        assert verified(clinic.tenant) == 2


def test_models_and_querysets_cannot_change_events_either(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        event = AuditEvent.objects.earliest("seq")
        event.subtype = "x"
        for change in (
            event.save,
            event.delete,
            AuditEvent.objects.all().delete,
            lambda: AuditEvent.objects.update(subtype="x"),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
        assert verified(clinic.tenant) == 2
