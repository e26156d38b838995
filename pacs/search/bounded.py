"""No search holds the database for long: one that would is stopped, and its asker told to narrow it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from tenants import entry

SECONDS_AT_MOST = 10.0
_STEPS_BETWEEN_LOOKS = 10_000


class TooBroad(Exception):
    """The search would read too much of the archive."""


@contextmanager
def bounded() -> Iterator[None]:
    """Share one transaction among the reads within, and stop a statement after 10 s. Raises TooBroad."""
    with entry.reading():
        if connection.vendor == "postgresql":
            yield from _on_postgresql()
        else:
            yield from _on_sqlite()


def _on_postgresql() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(SECONDS_AT_MOST * 1000))])
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooBroad from error
        raise


def _on_sqlite() -> Iterator[None]:
    connection.ensure_connection()
    ends_at = time.monotonic() + SECONDS_AT_MOST
    connection.connection.set_progress_handler(lambda: time.monotonic() > ends_at, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except OperationalError as error:
        if "interrupted" in str(error):
            raise TooBroad from error
        raise
    finally:
        connection.connection.set_progress_handler(None, 0)
