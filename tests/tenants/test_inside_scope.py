"""Within a clinic, the rows of another are absent, and none can be written there or moved."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Count

from pacs.models import Instance, Patient, Study
from tenants import entry
from tenants.models import Membership, Tenant
from tenants.scope import NoScope, WrongTenant
from tests.tenants.conftest import Holding
from tests.tenants.rows import instance_values, make_study

pytestmark = pytest.mark.db

ABSENT: dict[str, Callable[[Holding], object]] = {
    "get": lambda held: Study.objects.get(pk=held.study.pk),
    "foreign key": lambda held: held.instance.study,
    "refresh": lambda held: held.study.refresh_from_db(),
}
REFUSED: dict[str, Callable[[Holding], object]] = {
    "save": lambda held: held.study.save(),
    "save some fields": lambda held: held.study.save(update_fields=["description"]),
    "delete": lambda held: held.study.delete(),
    "create": lambda held: Patient.objects.create(tenant=held.clinic.tenant, identity=b"new", has_id=False),
    "create by id": lambda held: Patient.objects.create(
        tenant_id=held.clinic.tenant.pk, identity=b"new", has_id=False
    ),
    "bulk_create": lambda held: Patient.objects.bulk_create(
        [Patient(tenant=held.clinic.tenant, identity=b"new", has_id=False)]
    ),
    "move by update": lambda held: Study.objects.update(tenant=held.clinic.tenant),
    "move by update of the id": lambda held: Study.objects.update(tenant_id=held.clinic.tenant.pk),
    "move by save": lambda held: _moved(Study.objects.get(), held.clinic.tenant).save(),
    "move by bulk_update": lambda held: Study.objects.bulk_update([Study.objects.get()], ["tenant"]),
}


def _moved(study: Study, tenant: Tenant) -> Study:
    study.tenant = tenant
    return study


@pytest.mark.parametrize("read", ABSENT.values(), ids=ABSENT)
def test_a_row_of_another_clinic_is_absent(
    ours: Holding, theirs: Holding, read: Callable[[Holding], object]
) -> None:
    with entry.enter(ours.clinic.tenant), pytest.raises(Study.DoesNotExist):
        read(theirs)
    with entry.enter(theirs.clinic.tenant):
        read(theirs)


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_a_write_into_another_clinic_is_refused(
    ours: Holding, theirs: Holding, write: Callable[[Holding], object]
) -> None:
    theirs.study.description = "new"
    with entry.enter(ours.clinic.tenant), pytest.raises(WrongTenant), transaction.atomic():
        write(theirs)
    for held in (ours, theirs):
        with entry.enter(held.clinic.tenant):
            assert list(Study.objects.values_list("pk", "description")) == [(held.study.pk, "")]
            assert Patient.objects.count() == 1


def test_lists_show_the_entered_clinic_alone(ours: Holding, theirs: Holding) -> None:
    with entry.enter(ours.clinic.tenant):
        assert list(Study.objects.all()) == [ours.study]
        assert list(Instance.objects.filter(study__study_uid__startswith="study of")) == [ours.instance]
        assert not Study.objects.contains(theirs.study)
        assert list(theirs.study.instances.all()) == []


def test_new_rows_belong_to_the_entered_clinic(ours: Holding) -> None:
    with entry.enter(ours.clinic.tenant):
        made = Patient.objects.create(identity=b"1", has_id=False)
        (bulk,) = Patient.objects.bulk_create([Patient(identity=b"2", has_id=False)])
    assert made.tenant_id == bulk.tenant_id == ours.clinic.tenant.pk


@pytest.mark.parametrize("change", ["update", "delete", "bulk_update"])
def test_changes_reach_no_row_of_another_clinic(ours: Holding, theirs: Holding, change: str) -> None:
    theirs.study.description = "new"
    with entry.enter(ours.clinic.tenant):
        aimed = Study.objects.filter(pk=theirs.study.pk)
        if change == "update":
            assert aimed.update(description="new") == 0
        elif change == "delete":
            assert aimed.delete()[0] == 0
        else:
            assert Study.objects.bulk_update([theirs.study], ["description"]) == 0
    with entry.enter(theirs.clinic.tenant):
        assert Study.objects.get().description == ""


def test_a_row_cannot_be_carried_over_by_changing_its_clinic(ours: Holding, theirs: Holding) -> None:
    ours.study.tenant = theirs.clinic.tenant
    with entry.enter(theirs.clinic.tenant), pytest.raises(IntegrityError), transaction.atomic():
        ours.study.save()
    with entry.enter(ours.clinic.tenant):
        assert Study.objects.filter(pk=ours.study.pk).exists()
    with entry.enter(theirs.clinic.tenant):
        assert list(Study.objects.all()) == [theirs.study]


def test_joins_and_counts_from_clinics_know_members_alone(ours: Holding, theirs: Holding) -> None:
    with entry.enter(ours.clinic.tenant):
        counted = Tenant.objects.clinics().annotate(members=Count("memberships"))
        assert list(counted.values_list("members", flat=True)) == [1, 1]
        joined = {
            field.name for field in Tenant._meta.get_fields() if field.auto_created and not field.concrete
        }
    assert joined == {"memberships"}
    assert Tenant._meta.get_field("memberships").related_model is Membership


def test_clinics_are_never_deleted(ours: Holding, theirs: Holding) -> None:
    with entry.enter(ours.clinic.tenant):
        with pytest.raises(TypeError):
            theirs.clinic.tenant.delete()
        with pytest.raises(TypeError):
            Tenant.objects.filter(pk=theirs.clinic.tenant.pk).delete()
    assert Tenant.objects.clinics().count() == 2


def test_a_query_of_one_clinic_does_not_run_in_another(ours: Holding, theirs: Holding) -> None:
    with entry.enter(theirs.clinic.tenant):
        foreign = Study.objects.all()
    with entry.enter(ours.clinic.tenant):
        with pytest.raises(WrongTenant):
            list(foreign)
        with pytest.raises(WrongTenant):
            list(Instance.objects.filter(study__in=foreign))


def test_scopes_nest_and_end_with_exceptions(ours: Holding, theirs: Holding) -> None:
    with entry.enter(ours.clinic.tenant):
        with pytest.raises(RuntimeError, match="planned"), entry.enter(theirs.clinic.tenant):
            assert Study.objects.get() == theirs.study
            raise RuntimeError("planned")
        assert Study.objects.get() == ours.study
    with pytest.raises(NoScope):
        Study.objects.exists()


def test_raw_queries_are_refused(ours: Holding) -> None:
    with entry.enter(ours.clinic.tenant), pytest.raises(TypeError):
        Study.objects.raw("SELECT * FROM pacs_study")


def test_two_clinics_may_hold_the_same_study(ours: Holding, theirs: Holding) -> None:
    with entry.enter(theirs.clinic.tenant):
        make_study(ours.study.study_uid)
        assert Study.objects.count() == 2
    with entry.enter(ours.clinic.tenant), pytest.raises(IntegrityError), transaction.atomic():
        make_study(ours.study.study_uid)


def test_a_foreign_id_of_another_clinic_is_refused_by_the_database(ours: Holding, theirs: Holding) -> None:
    """No manager sees the id: PostgreSQL has a composite key, SQLite a trigger."""
    with entry.enter(ours.clinic.tenant):
        series = ours.instance.series
        values = instance_values(series, "new") | {"study_id": theirs.study.pk}
        with pytest.raises(IntegrityError), transaction.atomic():
            Instance.objects.create(**values)
            transaction.get_connection().check_constraints()
        with pytest.raises(IntegrityError), transaction.atomic():
            Instance.objects.update(study=theirs.study.pk)
            transaction.get_connection().check_constraints()
        Instance.objects.create(**instance_values(series, "new"))
        transaction.get_connection().check_constraints()
        assert Instance.objects.filter(study=ours.study).count() == 2
