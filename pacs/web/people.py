"""How a patient is shown: the name as people write it, and what makes a person doubtful."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from pacs.models import Patient, Study


def display_name(name: str) -> str:
    """Return a person name (PS3.5 §6.2.1) for reading: `Curie^Marie=居里` becomes `Curie, Marie (居里)`."""
    groups = [_group(group) for group in name.split("=")]
    shown = [group for group in groups if group]
    if not shown:
        return _("No name")
    return shown[0] if len(shown) == 1 else f"{shown[0]} ({', '.join(shown[1:])})"


def doubts(studies: Iterable[Study]) -> Mapping[UUID, list[str]]:
    """Return what a reader should know about the person of each study, by the study's id."""
    rows = list(studies)
    persons = {row.id: row for row in Patient.objects.filter(id__in={study.person_id for study in rows})}
    shared = _shared_ids(persons.values())
    return {study.id: _doubts(study, persons[study.person_id], shared) for study in rows}


def _doubts(study: Study, person: Patient, shared: set[tuple[str, str]]) -> list[str]:
    found = []
    if not person.has_id:
        found.append(_("No patient ID"))
    if (person.issuer, person.patient_id) in shared:
        found.append(_("Another person has this ID"))
    if study.has_mixed_patients:
        found.append(_("Images of different patients"))
    return found


def _shared_ids(persons: Iterable[Patient]) -> set[tuple[str, str]]:
    """Return issuer and ID of those that several persons with studies have, and disagree in name, birth or sex."""
    ids = {person.patient_id for person in persons if person.has_id}
    rows = (
        Patient.objects.filter(patient_id__in=ids, has_id=True)
        .values("issuer", "patient_id")
        .annotate(
            persons=Count("id", distinct=True, filter=Q(studies__binned_at=None, studies__isnull=False))
        )
        .filter(persons__gt=1)
        .order_by("issuer", "patient_id")
    )
    return {(row["issuer"], row["patient_id"]) for row in rows}


def _group(group: str) -> str:
    family, given, middle, prefix, suffix = [*(part.strip() for part in group.split("^")), *[""] * 5][:5]
    forenames = " ".join(part for part in (given, middle) if part)
    return ", ".join(part for part in (family, forenames, prefix, suffix) if part)
