"""What a person types: each word somewhere in the column, case and accents aside."""

import pytest

from pacs.search.find import Search, find_studies
from tenants import entry
from tenants.permissions import Actor, NotPermitted, Permission
from tests import factories
from tests.conftest import Clinic

pytestmark = pytest.mark.db
ACTOR = Actor("member", "1", "Alice", frozenset({Permission.STUDY_SEARCH}))
NAME, ID, ACCESSION, DESCRIPTION, MODALITIES = 0x00100010, 0x00100020, 0x00080050, 0x00081030, 0x00080061


@pytest.fixture
def joao(clinic: Clinic) -> None:
    factories.make_study(
        clinic.tenant,
        patient_name="Conceição^João^Maria",
        patient_id="AB-12",
        accession_number="X_9",
        description="Tórax  PA",
        modalities=["CT", "SR"],
    )


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (NAME, "joao"),
        (NAME, "CONCEICAO JOÃO"),
        (NAME, "maria conceição"),
        (NAME, "ceic"),
        (NAME, "conceicao^joao"),
        (NAME, ""),
        (ID, "ab-1"),
        (ACCESSION, "x_"),
        (DESCRIPTION, "pa torax"),
    ],
)
def test_it_is_found(joao: None, clinic: Clinic, tag: int, text: str) -> None:
    with entry.enter(clinic.tenant):
        found = find_studies(ACTOR, Search(typed=((tag, text),)))
        assert (len(found.rows), found.total) == (1, 1)


@pytest.mark.parametrize(
    ("tag", "text"),
    [(NAME, "jorge"), (NAME, "joao silva"), (ID, "ab12"), (ACCESSION, "x%"), (DESCRIPTION, "ap")],
)
def test_it_is_not_found(joao: None, clinic: Clinic, tag: int, text: str) -> None:
    with entry.enter(clinic.tenant):
        assert find_studies(ACTOR, Search(typed=((tag, text),))).rows == []


def test_all_that_was_typed_has_to_fit(joao: None, clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        assert len(find_studies(ACTOR, Search(typed=((NAME, "joao"), (ID, "12")))).rows) == 1
        assert find_studies(ACTOR, Search(typed=((NAME, "joao"), (ID, "13")))).rows == []


def test_who_may_not_search_finds_nothing(joao: None, clinic: Clinic) -> None:
    with entry.enter(clinic.tenant), pytest.raises(NotPermitted):
        find_studies(Actor("member", "2", "Bill"), Search())


@pytest.mark.parametrize("text", ["joao", "joão 12", "12 JOÃO", "Conceição, joao, torax x_9"])
def test_the_search_box_looks_into_every_column(joao: None, clinic: Clinic, text: str) -> None:
    with entry.enter(clinic.tenant):
        assert len(find_studies(ACTOR, Search(anywhere=text)).rows) == 1


def test_each_word_of_the_search_box_has_to_be_somewhere(joao: None, clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        found = find_studies(ACTOR, Search(anywhere="joao absent"))
    assert (found.rows, found.total) == ([], 0)
