"""The index behind the study list in order of arrival (pacs/search/order.py). Of the database alone, as in 0002."""

from django.db import migrations


def create(apps, schema_editor):
    drop(apps, schema_editor)  # what a run that was cut off has left
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(
        f"CREATE INDEX {concurrently}study_by_arrival ON pacs_study (tenant_id, created_at DESC, study_uid DESC) "
        "WHERE binned_at IS NULL"
    )


def drop(apps, schema_editor):
    schema_editor.execute("DROP INDEX IF EXISTS study_by_arrival")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("pacs", "0003_held_file_replaced")]

    operations = [migrations.RunPython(create, drop)]
