"""Many study rows at once, shaped like a clinic's archive: few common names, many rare ones, fifteen years of work.

Everything is made up from syllables and a seed; the studies have no series and no images.
"""

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice

from django.conf import settings
from django.db import connections, models, transaction

from pacs.dicom.names import search_name, search_text
from pacs.models import Patient, Study, UsageCounter
from tenants import entry
from tenants.models import Tenant

Row = dict[str, object]
FIRST_DAY, DAYS = date(2011, 1, 1), 15 * 365
MADE_AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MODALITIES = ("CT", "CR", "DX", "US", "MR", "MG", "CT\\SR", "XA", "CT\\PT", "NM", "ECG")
SHARES = (300, 200, 150, 140, 120, 50, 20, 10, 5, 4, 1)
REGIONS = ("Abdomen", "Chest", "Head", "Knee", "Spine", "Pelvis", "Hand", "Shoulder", "Neck", "Ankle")
KINDS = (
    "",
    " with contrast",
    " 2 views",
    " follow-up",
    " AP/LAT",
    " w/o contrast",
    " screening",
    " emergency",
)
SYLLABLES = ("ba", "do", "fi", "gu", "ha", "ka", "le", "mo", "na", "pé", "ri", "são", "ta", "ve", "wi", "zu")


def make_studies(tenant: Tenant, count: int, *, seed: int = 1) -> None:
    """Add so many studies to a clinic, and count them. As the owner on PostgreSQL, who is above row security."""
    chance = random.Random(seed)
    people = _People(chance, max(1, count // 3))
    alias = settings.MIGRATION_DATABASE
    with entry.enter(tenant), transaction.atomic(using=alias), _indexes_built_afterwards(count):
        _write(Patient, (people.row(tenant, number) for number in range(people.count)))
        _write(Study, (_study(tenant, people, chance, number, at=number / count) for number in range(count)))
        counter, _ = UsageCounter.objects.using(alias).get_or_create(tenant=tenant)
        UsageCounter.objects.using(alias).filter(pk=counter.pk).update(
            study_count=models.F("study_count") + count
        )
    with connections[alias].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if _is_postgresql() else "ANALYZE")


@contextmanager
def _indexes_built_afterwards(count: int) -> Iterator[None]:
    """Drop the search's indexes and build them again: for very many rows that is several times faster."""
    if not _is_postgresql() or count < 100_000:
        yield
        return
    with connections[settings.MIGRATION_DATABASE].cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'pacs_study' "
            "AND indexname LIKE 'study%' AND indexdef NOT LIKE 'CREATE UNIQUE%'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index is built while keys wait to be checked
        for _, definition in indexes:
            cursor.execute(definition)


class _People:
    """Persons with names of which a few are common."""

    def __init__(self, chance: random.Random, count: int) -> None:
        self.count = count
        self._family = [_word(chance, 2 + number % 2) for number in range(2000)]
        self._given = [_word(chance, 1 + number % 3) for number in range(400)]
        self._names = [self._name(chance) for _ in range(count)]

    def _name(self, chance: random.Random) -> str:
        family = self._family[int(len(self._family) * chance.random() ** 2)]
        given = self._given[int(len(self._given) * chance.random() ** 2)]
        return f"{family}^{given}"

    def name(self, number: int) -> str:
        return self._names[number]

    def patient_id(self, number: int) -> str:
        return f"PAT{number:07d}"

    def row(self, tenant: Tenant, number: int) -> Row:
        return {
            "tenant_id": tenant.id,
            "id": uuid.uuid5(tenant.id, f"bench person {number}"),
            "identity": number.to_bytes(32, "big"),
            "issuer": "",
            "patient_id": self.patient_id(number),
            "name": self.name(number),
            "birth_date": "",
            "sex": "",
            "has_id": True,
        }


def _word(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choices(SYLLABLES, k=syllables)).title()


def _study(tenant: Tenant, people: _People, chance: random.Random, number: int, *, at: float) -> Row:
    """Return a study; `at` says how far in the years, which come in order and grow busier."""
    person = chance.randrange(people.count)
    description = chance.choice(REGIONS) + chance.choice(KINDS)
    row: Row = {
        "tenant_id": tenant.id,
        "id": uuid.uuid5(tenant.id, f"bench study {number}"),
        "study_uid": f"2.25.{tenant.id.int >> 32}.{number}",
        "person_id": uuid.uuid5(tenant.id, f"bench person {person}"),
        "patient_name": people.name(person),
        "patient_id": people.patient_id(person),
        "birth_date": date(1930 + person % 90, 1 + person % 12, 1 + person % 28),
        "sex": "FM"[person % 2],
        "accession_number": f"ACC{chance.randrange(10**8):08d}",
        "study_id": str(number),
        "study_date": FIRST_DAY + timedelta(days=int(DAYS * at**0.7)),
        "study_time": time(chance.randrange(7, 20), chance.randrange(60), chance.randrange(60)),
        "description": description,
        "referring_physician": people.name(person % 300 % people.count),
        "modalities": f"\\{chance.choices(MODALITIES, SHARES)[0]}\\",
    }
    return row | _derived(row)


def _derived(row: Row) -> Row:
    texts, names = ("patient_id", "accession_number", "description"), ("patient_name", "referring_physician")
    folded = {f"{name}_search": search_text(str(row[name])) for name in texts}
    folded |= {f"{name}_search": _folded_name(str(row[name])) for name in names}
    return folded | {
        "has_mixed_patients": False,
        "issuer": "",
        "attributes": json.dumps(_attributes(row)),
        "series_count": 1,
        "instance_count": 100,
        "refused_count": 0,
        "plain_bytes": 50_000_000,
        "created_at": MADE_AT,
        "last_arrived_at": MADE_AT,
        "binned_at": None,
        "binned_by": "",
    }


@cache
def _folded_name(name: str) -> str:
    return search_name(name)


def _attributes(row: Row) -> Row:
    day, at, born = row["study_date"], row["study_time"], row["birth_date"]
    assert isinstance(day, date)
    assert isinstance(at, time)
    assert isinstance(born, date)
    texts = {
        "00080020": ("DA", f"{day:%Y%m%d}"),
        "00080030": ("TM", f"{at:%H%M%S}"),
        "00080050": ("SH", row["accession_number"]),
        "00081030": ("LO", row["description"]),
        "00100020": ("LO", row["patient_id"]),
        "00100030": ("DA", f"{born:%Y%m%d}"),
        "00100040": ("CS", row["sex"]),
        "0020000D": ("UI", row["study_uid"]),
        "00200010": ("SH", row["study_id"]),
    }
    names = {"00080090": row["referring_physician"], "00100010": row["patient_name"]}
    found: Row = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in texts.items()}
    found.update({tag: {"vr": "PN", "Value": [{"Alphabetic": value}]} for tag, value in names.items()})
    return found


def _write(model: type[models.Model], rows: Iterator[Row]) -> None:
    columns = [field.attname for field in model._meta.concrete_fields if not field.generated]
    values = ([row[column] for column in columns] for row in rows)
    if _is_postgresql():
        _copy(model._meta.db_table, columns, values)
    else:
        _insert(model._meta.db_table, columns, values)


def _is_postgresql() -> bool:
    return connections[settings.MIGRATION_DATABASE].vendor == "postgresql"


def _copy(table: str, columns: Sequence[str], values: Iterator[list[object]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    with (
        connections[settings.MIGRATION_DATABASE].cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy,
    ):
        for row in values:
            copy.write_row(row)


def _insert(table: str, columns: Sequence[str], values: Iterator[list[object]]) -> None:
    names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join(["%s"] * len(columns))
    with connections["default"].cursor() as cursor:
        while chunk := list(islice(values, 1000)):
            cursor.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
                [[_plain(v) for v in row] for row in chunk],
            )


def _plain(value: object) -> str | bytes | int | None:
    """SQLite has no dates and no UUIDs; Django keeps them as text, date-times without their zone."""
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    return value if value is None or isinstance(value, bytes | int) else str(value)
