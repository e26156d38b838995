"""Indexes of the study search, as pacs/search/conditions.py and order.py ask for them.

They are of the database, not of the model: SQLite has no trigrams and no collation "C", and sorts by code point anyway.
Measured with 1,000,000 studies of a clinic beside 100,000 of another, as the app role (tests/bench/qido.py).
The trigram index begins with the clinic, so that a small one does not read the names of a large one. A short list of
pending entries keeps its reading cheap: every search reads all that is pending.
"""

from django.db import migrations

TEXTS = {
    "study_by_name": "patient_name_search",
    "study_by_patient_id": "patient_id_search",
    "study_by_accession": "accession_number_search",
    "study_by_description": "description_search",
    "study_by_modalities": "modalities",
}
WORDS = [
    "patient_name_search",
    "patient_id_search",
    "accession_number_search",
    "description_search",
    "referring_physician_search",
    "modalities",
]


def _statements(vendor):
    is_postgresql = vendor == "postgresql"
    concurrently = "CONCURRENTLY " if is_postgresql else ""
    last, collation = (" NULLS LAST", ' COLLATE "C"') if is_postgresql else ("", "")
    columns = f"tenant_id, study_date DESC{last}, study_time DESC{last}, study_uid DESC"
    yield f"CREATE INDEX {concurrently}study_newest ON pacs_study ({columns}) WHERE binned_at IS NULL"
    for name, column in TEXTS.items():
        columns = f"tenant_id, {column}{collation}"
        yield f"CREATE INDEX {concurrently}{name} ON pacs_study ({columns}) WHERE binned_at IS NULL"
    if is_postgresql:
        yield "CREATE EXTENSION IF NOT EXISTS pg_trgm"
        yield "CREATE EXTENSION IF NOT EXISTS btree_gin"
        columns = ", ".join(f"{column} gin_trgm_ops" for column in WORDS)
        yield (
            f"CREATE INDEX CONCURRENTLY study_words ON pacs_study USING gin (tenant_id, {columns}) "
            "WITH (gin_pending_list_limit = 256)"
        )


def create(apps, schema_editor):
    for statement in _statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for name in ["study_newest", *TEXTS, "study_words"]:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("pacs", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
