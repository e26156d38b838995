"""The product as production has it: gunicorn, worker and broker, on PostgreSQL as a role under row security."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import databases
from tests.bench.client import Server
from tests.servers.process import free_port

DATABASE, OWNER, APPLICATION = "bench_cloud_pacs", "cloud_pacs_owner", "cloud_pacs_app"
_ROOT = Path(__file__).resolve().parents[2]
_READY_WITHIN_SECONDS = 120
_SET_HERE = (
    "BROKER_URL",
    "PRIMARY_STORE_URL",
    "BACKUP_STORE_URL",
    "KEY_PROVIDER_URL",
    "PUBLIC_URL",
    "SECRET_KEY",
)


class NeverReady(RuntimeError):
    """The product ended, or did not announce itself in time."""


@dataclass(frozen=True)
class Clinic:
    """A clinic of the product, seen as a server of its own."""

    slug: str
    server: Server


@dataclass(frozen=True)
class Product:
    """The running product with its two clinics: one that takes the images, one that holds a large archive."""

    clinic: Clinic
    archive: Clinic
    environment: Mapping[str, str]

    def add_studies(self, clinic: Clinic, count: int) -> None:
        """Give a clinic so many more studies, as rows alone."""
        command = [sys.executable, "-m", "tests.bench.add_studies", clinic.slug, str(count)]
        subprocess.run(command, cwd=_ROOT, env=self.environment, check=True)


@contextmanager
def product(folder: Path) -> Iterator[Product]:
    """Yield the running product; its data lie in `folder`."""
    folder.mkdir()
    port = free_port()
    databases.ensure_role(APPLICATION)
    with databases.scratch_database(DATABASE, owner=OWNER):
        databases.let_searches_pass_row_security(DATABASE)
        environment = _environment(folder, port)
        log = folder / "demo.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=_ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            first, second = _clinics(folder / "data" / "demo.json", process)
            yield Product(_clinic(first, process.pid), _clinic(second, process.pid), environment)
        except Exception as error:
            error.add_note(_last_words(folder))
            raise
        finally:
            process.terminate()  # it ends its own children first, which takes a while
            process.wait(60)


def _environment(folder: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in _SET_HERE}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "DATABASE_URL": databases.address(APPLICATION, DATABASE),
        "DATABASE_OWNER_URL": databases.address(OWNER, DATABASE),
    }


def _clinics(announced: Path, process: "subprocess.Popen[bytes]") -> list[dict[str, str]]:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while not announced.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NeverReady
        time.sleep(0.1)
    clinics: list[dict[str, str]] = json.loads(announced.read_text())["clinics"]
    return clinics


def _last_words(folder: Path) -> str:
    """Return how the logs end: they are gone when the failure is read."""
    logs = sorted([*folder.glob("*.log"), *folder.glob("data/logs/*.log")])
    return "\n".join(f"{log.name}: …{log.read_text(errors='replace')[-1000:]}" for log in logs)


def _clinic(described: Mapping[str, str], pid: int) -> Clinic:
    address = urlsplit(described["dicomweb"])
    headers = {"Authorization": f"Bearer {described['api_key']}"}
    return Clinic(described["slug"], Server("ours", address.port or 80, address.path, pid, DATABASE, headers))
