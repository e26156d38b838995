"""The searches that must be fast are served by the indexes made for them, also below row security."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from pacs import access
from pacs.dicom.tags import Level
from pacs.dicomweb.query import parse_query
from pacs.search.conditions import conditions
from pacs.search.order import Order, ordering
from tenants import entry
from tenants.models import guards
from tenants.permissions import Actor, Permission
from tests import database
from tests.bench.make_studies import make_studies
from tests.conftest import Clinic, make_clinic

pytestmark = pytest.mark.db
ACTOR = Actor("member", "1", "Alice", frozenset({Permission.STUDY_SEARCH}))


@pytest.fixture(scope="module")
def archive(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Clinic]:
    """A clinic with so many studies that the planner has to choose, beside another."""
    with django_db_blocker.unblock():
        clinic = make_clinic("north", "alice")
        make_studies(clinic.tenant, 6000)
        make_studies(make_clinic("south", "charlie").tenant, 2000)
        yield clinic
        for each in connections.all():
            each.close()
        database.empty()
        entry.forget_keys()


def _plan(clinic: Clinic, parameters: dict[str, str]) -> str:
    query = parse_query(parameters.items())
    with entry.enter(clinic.tenant):
        rows = access.studies(ACTOR).filter(conditions(Level.STUDY, query.criteria, is_fuzzy=False).where)
        return rows.order_by().explain()


def _page_plan(clinic: Clinic, parameters: dict[str, str], order: Order = Order.NEWEST) -> str:
    query = parse_query(parameters.items())
    with entry.enter(clinic.tenant):
        rows = access.studies(ACTOR).filter(conditions(Level.STUDY, query.criteria, is_fuzzy=False).where)
        return rows.order_by(*ordering(order.keys)).values("study_uid")[:50].explain()


@pytest.mark.parametrize(
    ("order", "index"), [(Order.NEWEST, "study_newest"), (Order.ARRIVED, "study_by_arrival")]
)
def test_the_list_follows_its_index(archive: Clinic, order: Order, index: str) -> None:
    plan = _page_plan(archive, {}, order)
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_dates_bound_the_list(archive: Clinic) -> None:
    plan = _page_plan(archive, {"StudyDate": "20240101-20240131"})
    assert "study_newest" in plan
    assert "study_date >=" in plan or "study_date>?" in plan


@pytest.mark.parametrize(
    ("parameters", "index", "column"),
    [
        ({"PatientName": "doe^john"}, "study_by_name", "patient_name_search"),
        ({"PatientName": "doejo*"}, "study_by_name", "patient_name_search"),
        ({"PatientID": "PAT0000001"}, "study_by_patient_id", "patient_id_search"),
        ({"PatientID": "PAT000001*"}, "study_by_patient_id", "patient_id_search"),
        ({"AccessionNumber": "ACC00000001"}, "study_by_accession", "accession_number_search"),
        ({"StudyDescription": "nowhere*"}, "study_by_description", "description_search"),
    ],
)
def test_values_and_beginnings_are_looked_up(
    archive: Clinic, parameters: dict[str, str], index: str, column: str
) -> None:
    plan = _plan(archive, parameters)
    assert index in plan
    if connection.vendor == "postgresql":
        bounds = [line for line in plan.splitlines() if "Index Cond" in line]
        assert bounds
        assert all(column in line and "tenant_id" in line for line in bounds)
    else:
        assert f"{column}=?" in plan or f"{column}>?" in plan


def test_patterns_are_looked_up_below_row_security(archive: Clinic) -> None:
    plan = _plan(archive, {"PatientName": "*xyz*", "ModalitiesInStudy": "ECG"})
    if connection.vendor == "postgresql":
        [bound] = [line for line in plan.splitlines() if "Index Cond" in line]
        assert "study_words" in plan
        assert "tenant_id" in bound
        assert "'%xyz%'" in bound
        assert "ECG" in bound
    else:
        assert "tenant_id=?" in plan


def test_the_check_is_content(archive: Clinic) -> None:
    assert guards.slow(connection) == []
