"""Rows as the ingest would have written them, for tests that need no files. Each enters the clinic itself."""

import hashlib
import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from pacs import usage
from pacs.dicom.names import search_name, search_text
from pacs.models import Blob, Instance, Patient, Series, Study
from tenants import entry
from tenants.crypto.envelope import HEADER_SIZE
from tenants.models import Tenant
from tenants.scope import current_tenant_id

ARRIVED_AT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_numbers = itertools.count(1)

Attributes = Mapping[str, object]


def new_uid() -> str:
    """Return a UID that no other row of the test run has."""
    return f"2.25.{next(_numbers)}{uuid.uuid4().int}"[:64]


def element(vr: str, *values: object) -> dict[str, object]:
    """Return one attribute in the DICOM JSON Model."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def make_study(
    tenant: Tenant,
    *,
    study_uid: str = "",
    patient_name: str = "DOE^JANE",
    patient_id: str = "P1",
    issuer: str = "",
    birth_date: date | None = date(1970, 1, 2),
    sex: str = "F",
    accession_number: str = "A1",
    study_id: str = "S1",
    study_date: date | None = date(2026, 11, 20),
    study_time: time | None = time(10, 30),
    description: str = "CT HEAD",
    referring_physician: str = "HOUSE^GREGORY",
    modalities: Sequence[str] = (),
    attributes: Attributes | None = None,
    binned_at: datetime | None = None,
) -> Study:
    """Store a study; series that are made in it change its counts and modalities."""
    uid = study_uid or new_uid()
    texts = {
        "00080020": element("DA", *([f"{study_date:%Y%m%d}"] if study_date else [])),
        "00080030": element("TM", *([f"{study_time:%H%M%S}"] if study_time else [])),
        "00080050": element("SH", accession_number),
        "00080090": _name(referring_physician),
        "00081030": element("LO", description),
        "00100010": _name(patient_name),
        "00100020": element("LO", patient_id),
        "00100030": element("DA", *([f"{birth_date:%Y%m%d}"] if birth_date else [])),
        "00100040": element("CS", sex),
        "0020000D": element("UI", uid),
        "00200010": element("SH", study_id),
    }
    with entry.enter(tenant):
        study = Study.objects.create(
            study_uid=uid,
            person=_person(issuer, patient_id, patient_name, birth_date, sex),
            patient_name=patient_name,
            patient_name_search=search_name(patient_name),
            patient_id=patient_id,
            patient_id_search=search_text(patient_id),
            issuer=issuer,
            birth_date=birth_date,
            sex=sex,
            accession_number=accession_number,
            accession_number_search=search_text(accession_number),
            study_id=study_id,
            study_date=study_date,
            study_time=study_time,
            description=description,
            description_search=search_text(description),
            referring_physician=referring_physician,
            referring_physician_search=search_name(referring_physician),
            modalities="\\" + "\\".join(sorted(modalities)) + "\\" if modalities else "",
            attributes={name: value for name, value in texts.items() if "Value" in value}
            | dict(attributes or {}),
            created_at=ARRIVED_AT,
            last_arrived_at=ARRIVED_AT,
            binned_at=binned_at,
        )
        usage.add(studies=0 if binned_at else 1)
    return study


def make_series(
    study: Study,
    *,
    series_uid: str = "",
    modality: str = "CT",
    series_number: int | None = 1,
    description: str = "AXIAL",
    body_part: str = "HEAD",
    attributes: Attributes | None = None,
    binned_at: datetime | None = None,
) -> Series:
    """Store an empty series of a study."""
    uid = series_uid or new_uid()
    texts = {
        "00080060": element("CS", modality),
        "0008103E": element("LO", description),
        "00180015": element("CS", body_part),
        "0020000E": element("UI", uid),
        "00200011": element("IS", series_number),
    }
    with entry.enter(study.tenant_id):
        series = Series.objects.create(
            study=study,
            series_uid=uid,
            modality=modality,
            series_number=series_number,
            description=description,
            body_part=body_part,
            attributes=texts | dict(attributes or {}),
            created_at=ARRIVED_AT,
            last_arrived_at=ARRIVED_AT,
            binned_at=binned_at,
        )
        _recount(study)
    return series


def make_instance(
    series: Series,
    *,
    sop_uid: str = "",
    sop_class_uid: str = CT_IMAGE,
    transfer_syntax_uid: str = EXPLICIT_LITTLE_ENDIAN,
    instance_number: int | None = 1,
    rows: int | None = 512,
    columns: int | None = 512,
    number_of_frames: int | None = None,
    bits_allocated: int | None = 16,
    plain_size: int = 500_000,
    attributes: Attributes | None = None,
) -> Instance:
    """Store an instance of a series, with the row of a blob that no store holds."""
    uid = sop_uid or new_uid()
    texts = {
        "00080016": element("UI", sop_class_uid),
        "00080018": element("UI", uid),
        "00200013": element("IS", instance_number),
        "00280010": element("US", rows),
        "00280011": element("US", columns),
        "00280100": element("US", bits_allocated),
    }
    if number_of_frames is not None:
        texts["00280008"] = element("IS", number_of_frames)
    with entry.enter(series.tenant_id):
        instance = Instance.objects.create(
            study=series.study,
            series=series,
            sop_uid=uid,
            sop_class_uid=sop_class_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            instance_number=instance_number,
            rows=rows,
            columns=columns,
            number_of_frames=number_of_frames,
            bits_allocated=bits_allocated,
            attributes=texts | dict(attributes or {}),
            blob=make_blob(plain_size=plain_size),
            plain_size=plain_size,
            dataset_sha256=hashlib.sha256(uid.encode()).digest(),
            layout=b"",
            frame_index=b"",
            created_at=ARRIVED_AT,
        )
        series.instance_count += 1
        series.plain_bytes += plain_size
        series.save(update_fields=["instance_count", "plain_bytes"])
        _recount(series.study)
        usage.add(plain_bytes=plain_size, instances=1)
    return instance


def make_blob(*, plain_size: int = 1000, kind: int = Blob.Kind.INSTANCE) -> Blob:
    """Store the row of a blob in the entered clinic."""
    return Blob.objects.create(
        kind=kind,
        plain_size=plain_size,
        sealed_size=plain_size + HEADER_SIZE + 100,
        sealed_sha256=bytes(32),
        header=bytes(HEADER_SIZE),
        created_at=ARRIVED_AT,
    )


def _recount(study: Study) -> None:
    usage.recount(study)
    study.save(update_fields=usage.COUNTED)


def _name(name: str) -> dict[str, object]:
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), name.split("="), strict=False)
    return element("PN", *([{group: text for group, text in groups if text}] if name else []))


def _person(issuer: str, patient_id: str, name: str, birth_date: date | None, sex: str) -> Patient:
    parts = (issuer, patient_id, search_name(name), str(birth_date), sex) if patient_id else (new_uid(),)
    identity = hashlib.sha256("\0".join(parts).encode()).digest()
    person, _ = Patient.objects.get_or_create(
        tenant_id=current_tenant_id(),
        identity=identity,
        defaults={
            "issuer": issuer,
            "patient_id": patient_id,
            "name": name,
            "birth_date": f"{birth_date:%Y%m%d}" if birth_date else "",
            "sex": sex,
            "has_id": bool(patient_id),
        },
    )
    return person
