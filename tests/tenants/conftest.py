"""Rows of two clinics: `ours` in the clinic that tests enter, `theirs` in the other."""

from dataclasses import dataclass

import pytest

from pacs.models import Instance, Study
from tenants import entry
from tests.conftest import Clinic, make_clinic
from tests.settings import USES_POSTGRESQL
from tests.tenants.rows import make_instance, make_series, make_study

collect_ignore = [] if USES_POSTGRESQL else ["test_row_security.py", "test_no_crossing.py"]


@dataclass(frozen=True)
class Holding:
    """A clinic with one study of one instance, fetched while the clinic was entered."""

    clinic: Clinic
    study: Study
    instance: Instance


def hold(clinic: Clinic) -> Holding:
    """Give the clinic a study of one instance."""
    slug = clinic.tenant.slug
    with entry.enter(clinic.tenant):
        study = make_study(f"study of {slug}")
        instance = make_instance(make_series(study, f"series of {slug}"), f"image of {slug}")
        return Holding(clinic, Study.objects.get(pk=study.pk), Instance.objects.get(pk=instance.pk))


@pytest.fixture
def ours(clinic: Clinic) -> Holding:
    return hold(clinic)


@pytest.fixture
def theirs(other_clinic: Clinic) -> Holding:
    return hold(other_clinic)


@pytest.fixture
def north(committed: None) -> Holding:
    return hold(make_clinic("north", "alice"))


@pytest.fixture
def south(committed: None) -> Holding:
    return hold(make_clinic("south", "charlie"))
