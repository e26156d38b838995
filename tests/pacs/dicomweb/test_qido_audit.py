"""Every search leaves one event: what was asked is sealed, how much was shown is not."""

import base64
import json
from uuid import UUID

import pytest
from django.test import Client

from tenants import entry
from tenants.crypto.envelope import open_bytes
from tenants.models import AuditEvent
from tests import factories
from tests.conftest import Clinic
from tests.pacs.dicomweb.searching import search

pytestmark = pytest.mark.db


def _events(clinic: Clinic) -> list[dict[str, object]]:
    with entry.enter(clinic.tenant):
        rows = AuditEvent.objects.filter(subtype="searched").order_by("seq")
        return [json.loads(bytes(row.canonical)) for row in rows]


def test_a_search_is_an_event(clinic: Clinic, modality: Client) -> None:
    factories.make_study(clinic.tenant)
    search(modality, clinic, PatientName="doe*", limit="1")
    [event] = _events(clinic)
    assert (event["event"], event["action"], event["outcome"]) == (110112, "E", 0)
    assert event["subject"] == {"kind": "search", "id": "", "counts": {"shown": 1}}


def test_what_was_asked_is_sealed(clinic: Clinic, modality: Client) -> None:
    search(modality, clinic, "studies/1.2.3/series", PatientName="doe*")
    [event] = _events(clinic)
    assert "doe" not in json.dumps(event)
    sealed = base64.b64decode(str(event["details"]))
    with entry.enter(clinic.tenant):
        object_id = UUID(bytes=sealed[28:44])
        plain = open_bytes(sealed, keyring=entry.keyring(), tenant_id=clinic.tenant.id, object_id=object_id)
    assert json.loads(plain) == {"level": "series", "asked": [["study", "1.2.3"], ["PatientName", "doe*"]]}


def test_a_refused_search_shows_nothing_and_is_no_event(clinic: Clinic, modality: Client) -> None:
    search(modality, clinic, StudyDate="never")
    assert _events(clinic) == []
