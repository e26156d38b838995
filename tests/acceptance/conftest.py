"""Whole ways through the product: two clinics in real transactions, for all the tests of a module."""

from collections.abc import Iterator

import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tenants import api_keys, authentication, entry
from tests import database
from tests.acceptance.house import House, require_consistent, wait_until_rested
from tests.conftest import Clinic, make_clinic
from tests.servers.live import LiveServer, live_process


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """The clinics; what the module's tests wrote is removed after the last of them."""
    with django_db_blocker.unblock():
        authentication.forget()
        api_keys.forget()
        yield House(make_clinic("north", "alice"), make_clinic("south", "charlie"))
        for connection in connections.all():
            connection.close()
        database.empty()
        entry.forget_keys()


@pytest.fixture(scope="module")
def server(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The web server as a process of its own, serving the clinics of the house."""
    with live_process(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture
def clinic(house: House) -> Clinic:
    """The first of the house."""
    return house.first


@pytest.fixture
def harmless(clinic: Clinic, server: LiveServer) -> Iterator[None]:
    """No test that uses this may cost a worker, or leave anything behind that does not fit together."""
    workers = server.workers()
    yield
    wait_until_rested(clinic)
    assert server.workers() == workers
    require_consistent(clinic)
