"""PostgreSQL shows a clinic's rows to that clinic alone, whatever the code forgets: raw SQL asks it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from queue import Queue

import pytest
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from pacs.models import Patient, Study
from tenants import entry
from tenants.models import guards
from tenants.scope import NoScope, TenantModel
from tests.conftest import make_clinic
from tests.tenants.conftest import Holding, hold
from tests.tenants.rows import make_study

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def north() -> Holding:
    return hold(make_clinic("north", "alice"))


@pytest.fixture
def south() -> Holding:
    return hold(make_clinic("south", "charlie"))


def seen() -> list[uuid.UUID]:
    """Return the studies that the database shows to a statement without any filter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM pacs_study ORDER BY study_uid")
        return [row[0] for row in cursor.fetchall()]


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
            assert seen() == [held.study.pk]
        assert setting() == ""
        assert seen() == []


def test_a_transaction_sees_its_clinic(north: Holding, south: Holding) -> None:
    with entry.enter(north.clinic.tenant), transaction.atomic():
        assert seen() == seen() == [north.study.pk]
    with entry.enter(south.clinic.tenant), transaction.atomic():
        assert seen() == [south.study.pk]
    assert seen() == []


def test_reads_share_one_transaction(north: Holding) -> None:
    with entry.enter(north.clinic.tenant), entry.reading(), connection.cursor() as cursor:
        cursor.execute("SELECT txid_current()")
        first = cursor.fetchone()
        assert seen() == [north.study.pk]
        cursor.execute("SELECT txid_current()")
        assert cursor.fetchone() == first
    assert not connection.in_atomic_block


def test_a_rolled_back_savepoint_keeps_the_clinic(north: Holding, south: Holding) -> None:
    with transaction.atomic():
        with entry.enter(north.clinic.tenant):
            assert seen() == [north.study.pk]
        with entry.enter(south.clinic.tenant):
            with pytest.raises(RuntimeError), transaction.atomic():
                assert seen() == [south.study.pk]
                raise RuntimeError
            assert seen() == [south.study.pk]
        assert seen() == []


def test_a_scope_that_ended_inside_a_rolled_back_savepoint_is_gone(north: Holding, south: Holding) -> None:
    with entry.enter(north.clinic.tenant), transaction.atomic():
        with pytest.raises(RuntimeError), transaction.atomic():
            with entry.enter(south.clinic.tenant):
                assert seen() == [south.study.pk]
            raise RuntimeError
        assert seen() == [north.study.pk]


def test_a_failed_statement_in_another_scope_leaves_the_outer_one_whole(
    north: Holding, south: Holding
) -> None:
    with entry.enter(north.clinic.tenant), transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(), entry.enter(south.clinic.tenant):
            make_study(south.study.study_uid)
        assert seen() == [north.study.pk]


def test_a_failed_statement_without_outer_scope_can_be_rolled_back(north: Holding) -> None:
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(), entry.enter(north.clinic.tenant):
            make_study(north.study.study_uid)
        assert seen() == []


def test_an_exception_ends_transaction_and_clinic(north: Holding, south: Holding) -> None:
    with pytest.raises(RuntimeError), entry.enter(north.clinic.tenant), transaction.atomic():
        make_study("lost")
        raise RuntimeError
    assert (setting(), seen()) == ("", [])
    with entry.enter(south.clinic.tenant):
        assert seen() == [south.study.pk]
    with entry.enter(north.clinic.tenant):
        assert seen() == [north.study.pk]


def test_an_autocommit_failure_leaves_the_connection_usable(north: Holding) -> None:
    with entry.enter(north.clinic.tenant):
        with pytest.raises(IntegrityError):
            make_study(north.study.study_uid)
        assert seen() == [north.study.pk]


def test_the_scope_may_change_inside_a_transaction(north: Holding, south: Holding) -> None:
    with transaction.atomic():
        for held in (north, south, north, south):
            with entry.enter(held.clinic.tenant):
                assert seen() == [held.study.pk]
            assert seen() == []


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
    assert seen() == []


def _plainly(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    yield seen()


def _in_a_transaction(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    with transaction.atomic():
        yield seen()
        yield seen()


def _around_a_rolled_back_savepoint(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    with transaction.atomic():
        try:
            with transaction.atomic():
                yield seen()
                raise RuntimeError
        except RuntimeError:
            yield seen()


def _around_an_exception(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    try:
        with transaction.atomic():
            yield seen()
            raise RuntimeError
    except RuntimeError:
        yield seen()


def _around_another_clinic(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    with transaction.atomic():
        yield seen()
        with entry.enter(other.clinic.tenant):
            assert seen() == [other.study.pk]
        yield seen()


def _by_a_server_side_cursor(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    yield list(Study.objects.values_list("pk", flat=True).iterator(chunk_size=1))


WAYS: list[Callable[[Holding, Holding], Iterator[list[uuid.UUID]]]] = [
    _plainly,
    _in_a_transaction,
    _around_a_rolled_back_savepoint,
    _around_an_exception,
    _around_another_clinic,
    _by_a_server_side_cursor,
]


@pytest.mark.parametrize(
    "rounds", [60, pytest.param(800, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_threads_on_pooled_connections_never_cross(north: Holding, south: Holding, rounds: int) -> None:
    """Eight threads take turns on four connections; a round is 16 questions, each with one right answer."""
    pool: Queue[BaseDatabaseWrapper] = Queue()
    for _ in range(4):
        pooled = connections.create_connection("default")
        pooled.inc_thread_sharing()
        pool.put(pooled)
    asked = [0]
    counting = threading.Lock()

    def work(number: int) -> list[str]:
        crossings, questions = [], 0
        for turn in range(rounds):
            held, other = (north, south) if (number + turn) % 2 else (south, north)
            for way in WAYS:
                connections["default"] = pooled = pool.get()
                try:
                    with entry.enter(held.clinic.tenant):
                        answers = list(way(held, other))
                    answers_outside = seen()
                finally:
                    del connections["default"]
                    pool.put(pooled)
                questions += len(answers) + 1
                if any(answer != [held.study.pk] for answer in answers) or answers_outside:
                    crossings.append(way.__name__)
        with counting:
            asked[0] += questions
        return crossings

    with ThreadPoolExecutor(8) as threads:
        crossings = [crossing for found in threads.map(work, range(8)) for crossing in found]
    while not pool.empty():
        pool.get().close()
    assert crossings == []
    assert asked[0] == rounds * 8 * 16
