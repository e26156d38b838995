"""Who a study is of: clinic, issuer and ID, with agreeing name, birth date and sex (case and accents aside).

An empty ID makes a person of the study's own. Whatever disagrees makes a separate person, never a merged one: the
identity is a hash of all five in normal form, so there is nothing to decide and nothing to race for.
"""

import hashlib
import uuid

from pacs.dicom.index import Columns
from pacs.dicom.names import name_groups, search_text, words
from pacs.models import Patient
from tenants.scope import current_tenant_id

_NAMING_COMPONENTS = 3
"""Family, given and middle name; prefixes and suffixes come and go (PS3.5 §6.2.1.1)."""


def person_of(study_uid: str, columns: Columns) -> Patient:
    """Return the person's row, not yet saved; equal persons have equal ids."""
    patient_id = columns.patient_id.strip()
    birth_date = columns.patient_birth_date.isoformat() if columns.patient_birth_date else ""
    if patient_id:
        issuer = columns.issuer_of_patient_id.strip()
        parts = [
            issuer,
            patient_id,
            _naming(columns.patient_name),
            birth_date,
            search_text(columns.patient_sex),
        ]
    else:
        parts = ["study", study_uid]
    identity = hashlib.sha256("\0".join(parts).encode("utf-8")).digest()
    tenant_id = current_tenant_id()
    return Patient(
        id=uuid.uuid5(tenant_id, "person:" + identity.hex()),
        tenant_id=tenant_id,
        identity=identity,
        issuer=columns.issuer_of_patient_id[:64],
        patient_id=patient_id[:64],
        name=columns.patient_name[:324],
        birth_date=birth_date,
        sex=columns.patient_sex[:16],
        has_id=bool(patient_id),
    )


def _naming(name: str) -> str:
    """Return the words of the first group that is given: alphabetic, else ideographic, else phonetic."""
    group = next((group for group in name_groups(name) if group), "")
    return " ".join(words(" ".join(group.split("^")[:_NAMING_COMPONENTS])))
