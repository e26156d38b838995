"""PostgreSQL shows a clinic's rows to that clinic alone, whatever the code forgets: raw SQL asks it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction

from pacs.models import Patient, Study
from tenants import entry
from tenants.models import guards
from tenants.scope import NoScope, TenantModel
from tests.tenants.conftest import Holding
from tests.tenants.rows import make_study, studies_seen_by_raw_sql

pytestmark = pytest.mark.usefixtures("committed")


def setting() -> str:
    """Return the clinic that the database believes in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        return cursor.fetchone()[0] or ""


def test_the_application_is_neither_owner_nor_superuser(north: Holding) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_a_role_with_too_much_power_is_refused() -> None:
    with connections["owner"].cursor() as cursor:
        sentences = list(guards._missing_postgresql(cursor))
    assert "the application's role is a superuser or bypasses row security" in sentences
    assert "table pacs_study is owned by the application's role" in sentences


def test_every_table_of_clinics_is_empty_without_a_scope(north: Holding) -> None:
    with connection.cursor() as cursor:
        for model in TenantModel.__subclasses__():
            cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}"')
            assert cursor.fetchone() == (0,), model
        with entry.enter(north.clinic.tenant):
            cursor.execute("SELECT count(*) FROM pacs_study")
            assert cursor.fetchone() == (1,)


def test_an_autocommit_statement_sees_its_clinic_and_leaves_nothing_behind(
    north: Holding, south: Holding
) -> None:
    for held in (north, south, north):
        with entry.enter(held.clinic.tenant):
            assert studies_seen_by_raw_sql() == [held.study.pk]
        assert setting() == ""
        assert studies_seen_by_raw_sql() == []


def test_a_transaction_sees_its_clinic(north: Holding, south: Holding) -> None:
    with entry.enter(north.clinic.tenant), transaction.atomic():
        assert studies_seen_by_raw_sql() == studies_seen_by_raw_sql() == [north.study.pk]
    with entry.enter(south.clinic.tenant), transaction.atomic():
        assert studies_seen_by_raw_sql() == [south.study.pk]
    assert studies_seen_by_raw_sql() == []


def test_reads_share_one_transaction(north: Holding) -> None:
    with entry.enter(north.clinic.tenant), entry.reading(), connection.cursor() as cursor:
        cursor.execute("SELECT txid_current()")
        first = cursor.fetchone()
        assert studies_seen_by_raw_sql() == [north.study.pk]
        cursor.execute("SELECT txid_current()")
        assert cursor.fetchone() == first
    assert not connection.in_atomic_block


def test_a_rolled_back_savepoint_keeps_the_clinic(north: Holding, south: Holding) -> None:
    with transaction.atomic():
        with entry.enter(north.clinic.tenant):
            assert studies_seen_by_raw_sql() == [north.study.pk]
        with entry.enter(south.clinic.tenant):
            with pytest.raises(RuntimeError), transaction.atomic():
                assert studies_seen_by_raw_sql() == [south.study.pk]
                raise RuntimeError
            assert studies_seen_by_raw_sql() == [south.study.pk]
        assert studies_seen_by_raw_sql() == []


def test_a_scope_that_ended_inside_a_rolled_back_savepoint_is_gone(north: Holding, south: Holding) -> None:
    with entry.enter(north.clinic.tenant), transaction.atomic():
        with pytest.raises(RuntimeError), transaction.atomic():
            with entry.enter(south.clinic.tenant):
                assert studies_seen_by_raw_sql() == [south.study.pk]
            raise RuntimeError
        assert studies_seen_by_raw_sql() == [north.study.pk]


def test_a_failed_statement_in_another_scope_leaves_the_outer_one_whole(
    north: Holding, south: Holding
) -> None:
    with entry.enter(north.clinic.tenant), transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(), entry.enter(south.clinic.tenant):
            make_study(south.study.study_uid)
        assert studies_seen_by_raw_sql() == [north.study.pk]


def test_a_failed_statement_without_outer_scope_can_be_rolled_back(north: Holding) -> None:
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(), entry.enter(north.clinic.tenant):
            make_study(north.study.study_uid)
        assert studies_seen_by_raw_sql() == []


def test_an_exception_ends_transaction_and_clinic(north: Holding, south: Holding) -> None:
    with pytest.raises(RuntimeError), entry.enter(north.clinic.tenant), transaction.atomic():
        make_study("lost")
        raise RuntimeError
    assert (setting(), studies_seen_by_raw_sql()) == ("", [])
    with entry.enter(south.clinic.tenant):
        assert studies_seen_by_raw_sql() == [south.study.pk]
    with entry.enter(north.clinic.tenant):
        assert studies_seen_by_raw_sql() == [north.study.pk]


def test_an_autocommit_failure_leaves_the_connection_usable(north: Holding) -> None:
    with entry.enter(north.clinic.tenant):
        with pytest.raises(IntegrityError):
            make_study(north.study.study_uid)
        assert studies_seen_by_raw_sql() == [north.study.pk]


def test_the_scope_may_change_inside_a_transaction(north: Holding, south: Holding) -> None:
    with transaction.atomic():
        for held in (north, south, north, south):
            with entry.enter(held.clinic.tenant):
                assert studies_seen_by_raw_sql() == [held.study.pk]
            assert studies_seen_by_raw_sql() == []


@pytest.mark.parametrize("block", [nullcontext, transaction.atomic], ids=["autocommit", "one transaction"])
def test_a_server_side_iterator_reads_its_clinic(
    north: Holding, south: Holding, block: Callable[[], AbstractContextManager[None]]
) -> None:
    for held in (north, south):
        with entry.enter(held.clinic.tenant):
            Patient.objects.bulk_create(Patient(identity=b"%d" % n, has_id=False) for n in range(250))
    with entry.enter(north.clinic.tenant), block():
        rows = list(Patient.objects.order_by("pk").iterator(chunk_size=100))
        assert len(rows) == 251
        assert {row.tenant_id for row in rows} == {north.clinic.tenant.pk}


def test_a_row_of_another_clinic_cannot_be_inserted_even_by_hand(north: Holding, south: Holding) -> None:
    insert = "INSERT INTO tenants_audithead (tenant_id, seq, link) VALUES (%s, 0, '')"
    with entry.enter(north.clinic.tenant), connection.cursor() as cursor:
        with pytest.raises(ProgrammingError):
            cursor.execute(insert, [south.clinic.tenant.pk])
        cursor.execute("UPDATE pacs_study SET description = 'x'")
        assert cursor.rowcount == 1
        with pytest.raises(ProgrammingError):
            cursor.execute("UPDATE pacs_study SET tenant_id = %s", [south.clinic.tenant.pk])
    with connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute(insert, [north.clinic.tenant.pk])


def test_the_application_cannot_switch_row_security_off(north: Holding) -> None:
    for statement in (
        "ALTER TABLE pacs_study DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_only ON pacs_study",
        "SET ROLE cloud_pacs_owner",
        "TRUNCATE pacs_study CASCADE",
    ):
        with connection.cursor() as cursor, pytest.raises(ProgrammingError):
            cursor.execute(statement)
    with connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SET row_security = off")
        cursor.execute("SELECT * FROM pacs_study")


def test_a_lazy_query_after_the_scope_raises_and_the_database_shows_nothing(north: Holding) -> None:
    with entry.enter(north.clinic.tenant):
        studies = Study.objects.all()
    with pytest.raises(NoScope):
        list(studies)
    assert studies_seen_by_raw_sql() == []
