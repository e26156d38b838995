"""STOW-RS: what comes in is stored, once, and each instance is answered (PS3.18 §10.5)."""

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from django.test import Client
from pydicom import Dataset

from pacs.models import Blob, HeldFile, Instance, Outbox, Patient, Series, Study, UsageCounter
from pacs.storage.placement import primary_store
from pacs.storage.sealed import SealedReader
from pacs.storage.store import BlobKey
from tenants import entry
from tenants.models import AuditEvent
from tests.conftest import Clinic
from tests.dicom_files import image, written

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

pytestmark = pytest.mark.db
BOUNDARY = "one-two-three"


def body(*files: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(head + data + b"\r\n" for data in files) + f"--{BOUNDARY}--\r\n".encode()


def send(client: Client, clinic: Clinic, content: bytes, *, study: str = "") -> "_MonkeyPatchedWSGIResponse":
    path = f"{clinic.root}/dicom-web/studies" + (f"/{study}" if study else "")
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    return client.generic("POST", path, content, content_type=kind)


def rows(clinic: Clinic) -> dict[str, int]:
    models = (Patient, Study, Series, Instance, Blob, Outbox, HeldFile)
    with entry.enter(clinic.tenant):
        counts = {model.__name__: model.objects.count() for model in models}
        counts["stored"] = len(list(primary_store().keys(clinic.tenant.id)))
    return counts


def renamed(ds: Dataset, name: str) -> Dataset:
    ds.PatientName = name
    return ds


def test_an_image_is_stored_bit_for_bit(modality: Client, clinic: Clinic) -> None:
    data = written(image())
    answer = send(modality, clinic, body(data))
    assert answer.status_code == 200
    with entry.enter(clinic.tenant):
        row = Instance.objects.select_related("blob").get()
        assert b"".join(SealedReader(row.blob).whole()) == data
    assert [item["00081155"]["Value"][0] for item in answer.json()["00081199"]["Value"]] == [row.sop_uid]


def test_a_request_leaves_rows_outbox_and_one_event(modality: Client, clinic: Clinic) -> None:
    send(modality, clinic, body(*(written(image(number=number)) for number in (1, 2, 3))))
    counts = rows(clinic)
    assert counts == {
        "Patient": 1, "Study": 1, "Series": 1, "Instance": 3, "Blob": 3, "Outbox": 4, "HeldFile": 0, "stored": 3,
    }  # fmt: skip
    with entry.enter(clinic.tenant):
        event = AuditEvent.objects.get(subtype="instances-stored")
        assert b'"counts":{"stored":3,"studies":1}' in bytes(event.canonical)
        usage = UsageCounter.objects.get()
        assert (usage.instance_count, usage.study_count) == (3, 1)
        assert usage.plain_bytes == sum(Instance.objects.values_list("plain_size", flat=True))
        assert Study.objects.get().instance_count == 3


def test_no_event_tells_a_patient_or_uid_in_plain(modality: Client, clinic: Clinic) -> None:
    ds = renamed(image(), "Sentinel^Person")
    send(modality, clinic, body(written(ds)))
    with entry.enter(clinic.tenant):
        for event in AuditEvent.objects.all():
            assert b"Sentinel" not in bytes(event.canonical)
            assert ds.StudyInstanceUID.encode() not in bytes(event.canonical)


def test_the_same_image_again_is_success_and_nothing_new(modality: Client, clinic: Clinic) -> None:
    data = written(image())
    send(modality, clinic, body(data))
    before = rows(clinic)
    answer = send(modality, clinic, body(data, data))
    assert answer.status_code == 200
    assert [item["00081196"]["Value"] for item in answer.json()["00081199"]["Value"]] == [[0xB010], [0xB010]]
    assert rows(clinic) == before


def test_one_image_twice_in_a_request_is_stored_once(modality: Client, clinic: Clinic) -> None:
    data = written(image())
    answer = send(modality, clinic, body(data, data))
    assert answer.status_code == 200
    assert (rows(clinic)["Instance"], rows(clinic)["stored"]) == (1, 1)


def test_another_image_of_the_same_uid_is_refused_and_held(modality: Client, clinic: Clinic) -> None:
    send(modality, clinic, body(written(image())))
    other = written(renamed(image(), "Other^Person"))
    answer = send(modality, clinic, body(other))
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0x0111]
    with entry.enter(clinic.tenant):
        held = HeldFile.objects.select_related("blob").get()
        assert held.blob is not None
        assert held.reason == "conflict"
        assert held.facts["differing"] == [
            {"attribute": "PatientName", "stored": str(image().PatientName), "arriving": "Other^Person"}
        ]
        assert b"".join(SealedReader(held.blob).whole()) == other
        assert Study.objects.get().refused_count == 1
    assert rows(clinic)["Instance"] == 1


def test_a_conflict_sent_again_is_held_once(modality: Client, clinic: Clinic) -> None:
    send(modality, clinic, body(written(image())))
    other = body(written(renamed(image(), "Other^Person")))
    send(modality, clinic, other)
    before = rows(clinic)
    send(modality, clinic, other)
    assert rows(clinic) == before
    with entry.enter(clinic.tenant):
        assert HeldFile.objects.get().arrivals == 2


def test_a_truncated_image_is_refused_with_a_reason_and_held(modality: Client, clinic: Clinic) -> None:
    answer = send(modality, clinic, body(written(image())[:-3]))
    assert answer.status_code == 409
    failed = answer.json()["00081198"]["Value"][0]
    assert failed["00081197"]["Value"] == [0xC000]
    assert "cut off" in failed["00000902"]["Value"][0]
    assert (rows(clinic)["Instance"], rows(clinic)["HeldFile"], rows(clinic)["stored"]) == (0, 1, 1)


def test_what_is_no_dicom_is_refused_and_not_kept(modality: Client, clinic: Clinic) -> None:
    answer = send(modality, clinic, body(b"\x89PNG\r\n\x1a\n" + bytes(500)))
    assert answer.status_code == 409
    assert answer.json()["0008119A"]["Value"][0]["00000902"]["Value"] == ["This is not a DICOM file."]
    assert set(rows(clinic).values()) == {0}


def test_a_good_and_a_bad_file_are_answered_apart(modality: Client, clinic: Clinic) -> None:
    answer = send(modality, clinic, body(b"junk", written(image())))
    assert answer.status_code == 202
    assert rows(clinic)["Instance"] == 1


def test_an_image_of_another_study_than_the_path_is_refused(modality: Client, clinic: Clinic) -> None:
    answer = send(modality, clinic, body(written(image())), study="1.2.3")
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    assert rows(clinic)["Instance"] == 0


def test_a_body_without_its_end_keeps_what_came_whole(modality: Client, clinic: Clinic) -> None:
    whole = body(written(image(number=1)), written(image(number=2)))
    answer = send(modality, clinic, whole[:-60])
    assert answer.status_code == 400
    assert (rows(clinic)["Instance"], rows(clinic)["stored"]) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("multipart/related", 400), ("multipart/form-data; boundary=x", 415)],
)
def test_other_bodies_are_refused(modality: Client, clinic: Clinic, kind: str, status: int) -> None:
    answer = modality.generic("POST", f"{clinic.root}/dicom-web/studies", b"x" * 100, content_type=kind)
    assert answer.status_code == status


def test_a_full_clinic_is_told_so(modality: Client, clinic: Clinic) -> None:
    type(clinic.tenant).objects.filter(pk=clinic.tenant.pk).update(storage_limit_bytes=0)
    with entry.enter(clinic.tenant):
        UsageCounter.objects.create(plain_bytes=1)
    assert send(modality, clinic, body(written(image()))).status_code == 507
    assert rows(clinic)["stored"] == 0


def test_a_store_that_fails_answers_failure_and_keeps_nothing(modality: Client, clinic: Clinic) -> None:
    with patch("pacs.storage.disk_writer.os.fdatasync", side_effect=OSError(5, "EIO")):
        answer = send(modality, clinic, body(written(image())))
    assert answer.status_code in (409, 503)
    assert (rows(clinic)["Instance"], rows(clinic)["stored"], rows(clinic)["Blob"]) == (0, 0, 0)


def test_two_clinics_hold_the_same_uid_apart(modality: Client, clinic: Clinic, other_clinic: Clinic) -> None:
    send(modality, clinic, body(written(image())))
    with entry.enter(other_clinic.tenant):
        assert not Instance.objects.exists()


def test_persons_with_one_id_and_other_names_stay_apart(modality: Client, clinic: Clinic) -> None:
    first, second = image(number=1), image(number=2)
    second.StudyInstanceUID, second.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.1"
    second.PatientName = "Somebody^Else"
    send(modality, clinic, body(written(first), written(second)))
    assert rows(clinic)["Patient"] == 2


def test_case_and_accents_do_not_part_a_person(modality: Client, clinic: Clinic) -> None:
    first, second = renamed(image(number=1), "Muller^Jose"), renamed(image(number=2), "MULLER^JOSÉ^^")
    first.SpecificCharacterSet = second.SpecificCharacterSet = "ISO_IR 192"
    second.StudyInstanceUID, second.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.1"
    send(modality, clinic, body(written(first), written(second)))
    assert rows(clinic)["Patient"] == 1


def test_studies_without_an_id_are_persons_of_their_own(modality: Client, clinic: Clinic) -> None:
    first, second = image(number=1), image(number=2)
    first.PatientID = second.PatientID = ""
    second.StudyInstanceUID, second.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.1"
    send(modality, clinic, body(written(first), written(second)))
    with entry.enter(clinic.tenant):
        assert list(Patient.objects.values_list("has_id", flat=True)) == [False, False]


def test_the_blob_key_tells_nothing(modality: Client, clinic: Clinic) -> None:
    ds = image()
    send(modality, clinic, body(written(ds)))
    for key in primary_store().keys(clinic.tenant.id):
        assert ds.SOPInstanceUID not in key.path
        sealed = primary_store().read(BlobKey(key.tenant_id, key.object_id), 0, 10**6)
        assert b"DICM" not in sealed
        assert str(ds.PatientName).encode() not in sealed
