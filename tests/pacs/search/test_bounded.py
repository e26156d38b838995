"""A search that would hold the database for long is stopped."""

import pytest
from django.db import connection

from pacs.search import bounded
from pacs.search.bounded import TooBroad
from tenants import entry
from tests.conftest import make_clinic

pytestmark = pytest.mark.db

ENDLESS = (
    "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 1000000000) "
    "SELECT count(*) FROM counted"
)


def test_a_long_statement_is_stopped(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "SECONDS_AT_MOST", 0.2)
    clinic = make_clinic("north", "alice")
    with (
        entry.enter(clinic.tenant),
        pytest.raises(TooBroad),
        bounded.bounded(),
        connection.cursor() as cursor,
    ):
        cursor.execute(ENDLESS)


def test_the_bound_ends_with_the_search(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "SECONDS_AT_MOST", 0.2)
    clinic = make_clinic("north", "alice")
    with entry.enter(clinic.tenant):
        with bounded.bounded(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with connection.cursor() as cursor:
            cursor.execute(ENDLESS.replace("1000000000", "1500000"))
            assert cursor.fetchone() == (1_500_000,)
