"""The product's settings with a fast password hasher and scratch places; the database is real, nothing is faked.

PostgreSQL is used where `TEST_POSTGRES_URL` (a superuser; default: the one on this machine) answers, else SQLite.
`TEST_DATABASE=sqlite` asks for SQLite.
"""

import os
import tempfile
from pathlib import Path

import psycopg

_scratch = Path(tempfile.mkdtemp(prefix="cloud-pacs-tests-"))
os.environ.setdefault("DATA_DIR", str(_scratch))
os.environ.setdefault("LOG_LEVEL", "CRITICAL")
# Playwright keeps an event loop in the thread of the tests, whose database work is none of its business.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
TEST_POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
TEST_DATABASE_NAME = f"cloud_pacs_test_{os.getpid() if _worker == 'main' else os.getppid()}_{_worker}"


def _postgresql_answers() -> bool:
    if os.environ.get("TEST_DATABASE") == "sqlite":
        return False
    try:
        psycopg.connect(TEST_POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


USES_POSTGRESQL = _postgresql_answers()
if USES_POSTGRESQL:
    _place = TEST_POSTGRES_URL.rpartition("@")[2].partition("/")[0]
    os.environ["DATABASE_URL"] = f"postgresql://cloud_pacs_app:app@{_place}/{TEST_DATABASE_NAME}"
    os.environ["DATABASE_OWNER_URL"] = f"postgresql://cloud_pacs_owner:owner@{_place}/{TEST_DATABASE_NAME}"
else:
    os.environ["DATABASE_URL"] = f"sqlite:///{os.environ['DATA_DIR']}/db-{_worker}.sqlite3"
    os.environ.pop("DATABASE_OWNER_URL", None)

from deploy.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BROKER_URL = "memory://"
