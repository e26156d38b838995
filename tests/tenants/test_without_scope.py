"""Without a clinic entered, nothing of any clinic can be read or written."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import FieldError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Prefetch
from django.http import StreamingHttpResponse

from pacs.models import Blob, Instance, Patient, Series, Study
from tenants import entry
from tenants.models import Tenant
from tenants.scope import NoScope
from tests.tenants.conftest import Holding
from tests.tenants.rows import instance_values

pytestmark = pytest.mark.db

READS: dict[str, Callable[[Holding], object]] = {
    "list": lambda held: list(Study.objects.all()),
    "filter": lambda held: Study.objects.filter(pk=held.study.pk),
    "get": lambda held: Study.objects.get(pk=held.study.pk),
    "exists": lambda held: Study.objects.exists(),
    "exclude exists": lambda held: Study.objects.exclude(study_uid="").exists(),
    "explain": lambda held: Study.objects.explain(),
    "contains": lambda held: Study.objects.contains(held.study),
    "count": lambda held: Study.objects.count(),
    "aggregate": lambda held: Study.objects.aggregate(Count("pk")),
    "in_bulk": lambda held: Study.objects.in_bulk(),
    "iterator": lambda held: list(Study.objects.iterator()),
    "raw": lambda held: list(Study.objects.raw("SELECT * FROM pacs_study")),
    "using": lambda held: list(Study.objects.using("default")),
    "related manager": lambda held: list(held.study.instances.all()),
    "foreign key": lambda held: held.instance.study,
    "refresh": lambda held: held.study.refresh_from_db(),
    "prefetch": lambda held: Prefetch("instances", queryset=Instance.objects.all()),
    "subquery": lambda held: Tenant.objects.filter(Exists(Study.objects.filter(tenant=OuterRef("pk")))),
    "default manager": lambda held: list(Study._default_manager.all()),
    "base manager": lambda held: list(Study._base_manager.all()),
}
WRITES: dict[str, Callable[[Holding], object]] = {
    "create": lambda held: Patient.objects.create(identity=b"new", has_id=False),
    "create with clinic": lambda held: Patient.objects.create(
        tenant=held.clinic.tenant, identity=b"new", has_id=False
    ),
    "bulk_create": lambda held: Patient.objects.bulk_create([Patient(identity=b"new", has_id=False)]),
    "get_or_create": lambda held: Patient.objects.get_or_create(identity=b"new", defaults={"has_id": False}),
    "update": lambda held: Study.objects.update(description="new"),
    "bulk_update": lambda held: Study.objects.bulk_update([held.study], ["description"]),
    "queryset delete": lambda held: Instance.objects.all().delete(),
    "save": lambda held: held.study.save(),
    "save some fields": lambda held: held.study.save(update_fields=["description"]),
    "delete": lambda held: held.instance.delete(),
    "add to a related manager": lambda held: held.study.instances.add(held.instance, bulk=False),
    "create on a related manager": lambda held: held.study.instances.create(sop_uid="new"),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_every_read_raises(ours: Holding, read: Callable[[Holding], object]) -> None:
    with pytest.raises(NoScope):
        read(ours)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_write_raises_and_changes_nothing(ours: Holding, write: Callable[[Holding], object]) -> None:
    ours.study.description = "new"
    with pytest.raises(NoScope), transaction.atomic():
        write(ours)
    with entry.enter(ours.clinic.tenant):
        assert Study.objects.get().description == ""
        assert (Patient.objects.count(), Instance.objects.count()) == (1, 1)


@pytest.mark.parametrize("access", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_with_the_clinic_entered_the_same_is_no_matter_of_scope(
    ours: Holding, access: Callable[[Holding], object]
) -> None:
    with entry.enter(ours.clinic.tenant):
        try:
            with transaction.atomic():
                access(ours)
        except NoScope:
            pytest.fail("the scope was there")
        except Exception:  # noqa: S110  (raw() and half-filled rows are refused for reasons of their own)
            pass


@pytest.mark.parametrize(
    "name", ["study", "studies", "study_set", "blob", "instance", "auditevent", "apikey"]
)
def test_no_join_leads_from_clinics_to_their_rows(ours: Holding, name: str) -> None:
    with pytest.raises(FieldError):
        Tenant.objects.filter(**{f"{name}__pk": ours.study.pk}).exists()
    with pytest.raises(FieldError):
        list(Tenant.objects.annotate(Count(name)))


def test_none_needs_no_scope(db: None) -> None:
    assert list(Study.objects.none()) == []


def test_a_query_dies_with_the_scope_it_was_made_in(ours: Holding) -> None:
    with entry.enter(ours.clinic.tenant):
        studies = Study.objects.all()
        assert list(studies.all()) == [ours.study]
    for late in (studies.exists, studies.count, studies.delete, lambda: list(studies)):
        with pytest.raises(NoScope):
            late()
    with pytest.raises(NoScope):
        studies.update(description="new")


def test_a_new_thread_has_no_scope(ours: Holding) -> None:
    raised: list[type[BaseException]] = []

    def work() -> None:
        try:
            Study.objects.exists()
        except NoScope:
            raised.append(NoScope)

    with entry.enter(ours.clinic.tenant):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert raised == [NoScope]


def test_sync_to_async_keeps_the_scope(ours: Holding) -> None:
    async def count() -> int:
        with entry.enter(ours.clinic.tenant):
            return await sync_to_async(Study.objects.count)()

    assert async_to_sync(count)() == 1


def test_a_scope_around_a_yield_leaks_into_the_consumer_which_is_why_a_rule_forbids_it(ours: Holding) -> None:
    def rows() -> Generator[int, None, None]:
        with entry.enter(ours.clinic.tenant):
            yield 1
            yield 2

    generator = rows()
    next(generator)
    assert Study.objects.exists()
    generator.close()
    with pytest.raises(NoScope):
        Study.objects.exists()


def test_a_streamed_body_runs_after_the_scope_has_closed(ours: Holding) -> None:
    def lines(studies: Iterable[Study]) -> Iterator[str]:
        for study in studies:
            yield study.study_uid

    with entry.enter(ours.clinic.tenant):
        late = StreamingHttpResponse(lines(Study.objects.all()))
        fetched = StreamingHttpResponse(lines(list(Study.objects.all())))
    with pytest.raises(NoScope):
        b"".join(late)
    assert b"".join(fetched) == b"study of north"


def test_rows_of_other_tables_raise_as_well(ours: Holding) -> None:
    for model in (Blob, Series, Patient, Instance):
        with pytest.raises(NoScope):
            model.objects.exists()
    with pytest.raises(NoScope):
        Instance.objects.create(**instance_values(ours.instance.series, "new"))
