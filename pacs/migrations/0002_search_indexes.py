"""Indexes of the study search, as pacs/search/conditions.py and order.py ask for them.

They are of the database, not of the model: SQLite has no trigrams and no collation "C", and sorts by code point anyway.
Measured with 1,000,000 studies of a clinic beside 100,000 of another, as the app role (tests/bench/searching.py):
- `study_newest` is the list itself. It holds the modalities, so that common ones are counted without reading rows.
- `study_by_arrival` is the list by arrival: written once for each study, at its end.
- `study_by_…` serve equality, beginnings and sorting; repeated values make them small.
- `study_words` serves patterns. It begins with the clinic, so that a small one does not read the names of a large one.
  New studies wait in a list which every search reads: 1 MB, some 700 studies, costs it 1 ms, and a new study 0.15 ms.
- Names and descriptions are sampled more finely: whether a pattern is rare or common decides between the indexes.
"""

from django.db import migrations

TEXTS = {
    "study_by_name": "patient_name_search",
    "study_by_patient_id": "patient_id_search",
    "study_by_accession": "accession_number_search",
    "study_by_description": "description_search",
}
WORDS = [
    "patient_name_search",
    "patient_id_search",
    "accession_number_search",
    "description_search",
    "referring_physician_search",
    "modalities",
]
SAMPLED = ["patient_name_search", "description_search", "referring_physician_search"]


def _statements(vendor):
    yield from _postgresql() if vendor == "postgresql" else _sqlite()


def _postgresql():
    newest = "tenant_id, study_date DESC NULLS LAST, study_time DESC NULLS LAST, study_uid DESC"
    yield (
        f"CREATE INDEX CONCURRENTLY study_newest ON pacs_study ({newest}) INCLUDE (modalities) WHERE binned_at IS NULL"
    )
    arrived = "tenant_id, created_at DESC, study_uid DESC"
    yield f"CREATE INDEX CONCURRENTLY study_by_arrival ON pacs_study ({arrived}) WHERE binned_at IS NULL"
    for name, column in TEXTS.items():
        yield (
            f"CREATE INDEX CONCURRENTLY {name} ON pacs_study (tenant_id, {column} COLLATE \"C\") WHERE binned_at IS NULL"
        )
    yield "CREATE EXTENSION IF NOT EXISTS pg_trgm"
    yield "CREATE EXTENSION IF NOT EXISTS btree_gin"
    words = ", ".join(f"{column} gin_trgm_ops" for column in WORDS)
    yield (
        f"CREATE INDEX CONCURRENTLY study_words ON pacs_study USING gin (tenant_id, {words}) "
        "WITH (gin_pending_list_limit = 1024)"
    )
    for column in SAMPLED:
        yield f"ALTER TABLE pacs_study ALTER {column} SET STATISTICS 500"


def _sqlite():
    newest = "tenant_id, study_date DESC, study_time DESC, study_uid DESC, modalities"
    yield f"CREATE INDEX study_newest ON pacs_study ({newest}) WHERE binned_at IS NULL"
    arrived = "tenant_id, created_at DESC, study_uid DESC"
    yield f"CREATE INDEX study_by_arrival ON pacs_study ({arrived}) WHERE binned_at IS NULL"
    for name, column in TEXTS.items():
        yield f"CREATE INDEX {name} ON pacs_study (tenant_id, {column}) WHERE binned_at IS NULL"


def create(apps, schema_editor):
    drop(apps, schema_editor)  # what a run that was cut off has left: building beside others is no transaction
    for statement in _statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for name in ["study_newest", "study_by_arrival", *TEXTS, "study_words"]:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")
    if schema_editor.connection.vendor == "postgresql":
        for column in SAMPLED:
            schema_editor.execute(f"ALTER TABLE pacs_study ALTER {column} SET STATISTICS -1")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("pacs", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
