"""`manage.py demo`: everything on this machine, with two clinics to look at, until Ctrl-C."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import TypedDict

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from pacs.management.demo import data
from pacs.management.demo.processes import PortTaken, ServiceDied, Services, start_all
from tenants.permissions import system_actor

READY_SECONDS = 60


class Owner(TypedDict):
    """Who signs in."""

    email: str
    password: str
    totp_secret: str | None


class Clinic(TypedDict):
    """A clinic as demo.json has it (DESIGN §4); what is not built yet is null."""

    slug: str
    name: str
    dicomweb: str
    api_key: str
    ae_title: str | None
    owner: Owner


class _Stop(Exception):
    """Somebody asked the demo to end."""


class Command(BaseCommand):
    """Prepares database and demo clinics once, then runs web server, worker and broker in the foreground."""

    help = "Runs the whole product on this machine with two demo clinics, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to prepare alone."""
        parser.add_argument(
            "--prepare-only", action="store_true", help="make database and demo data, then end"
        )

    def handle(self, *args: object, prepare_only: bool, **options: object) -> None:
        """Prepare, start, announce, wait."""
        target = Path(settings.DATA_DIR) / "demo.json"
        clinics = _prepare(target)
        if prepare_only:
            _announce(target, clinics)
            return
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        services = Services(Path(settings.DATA_DIR))
        try:
            start_all(services, port=settings.PORT, given=os.environ)
            _wait_until_ready(services)
            _announce(target, clinics)
            self.stdout.write(self.style.SUCCESS(f"\nReady: {settings.PUBLIC_URL}"))
            for clinic in clinics:
                self.stdout.write(
                    f"  {clinic['name']}: {clinic['owner']['email']} / {clinic['owner']['password']}"
                )
            self.stdout.write(f"  Keys for machines: {target}\n  Ctrl-C ends it.")
            while True:
                services.watch()
                time.sleep(1)
        except _Stop:
            self.stdout.write("Ending …")
        except PortTaken as error:
            raise CommandError(f"Port {error} is taken. Choose another: PORT=8001 make demo") from error
        except ServiceDied as error:
            raise CommandError(
                f"{error} ended by itself; see {settings.DATA_DIR}/logs/{error}.log"
            ) from error
        finally:
            services.stop()


def _prepare(target: Path) -> list[Clinic]:
    call_command("prepare")
    kept = _kept(target)
    if not kept:
        actor, now = system_actor("demo"), timezone.now()
        made = [
            data.clinic(actor, slug=slug, name=name, email=email, now=now)
            for slug, name, email in data.CLINICS
        ]
        kept = [_described(access) for access in made]
    call_command("check", databases=["default"], fail_level="ERROR", stdout=StringIO())
    connections.close_all()
    return kept


def _kept(target: Path) -> list[Clinic]:
    """Return the clinics that an earlier start announced: their passwords stand nowhere else.

    The file is put aside meanwhile, for its presence says that the demo is ready.
    """
    aside = target.with_suffix(".kept")
    if target.exists():
        target.replace(aside)
    try:
        found: list[Clinic] = json.loads(aside.read_text(encoding="utf-8"))["clinics"]
    except (OSError, ValueError, KeyError):
        return []
    return found


def _described(access: data.Access) -> Clinic:
    return {
        "slug": access.slug,
        "name": access.name,
        "dicomweb": "",
        "api_key": access.api_key,
        "ae_title": None,
        "owner": {"email": access.email, "password": access.password, "totp_secret": None},
    }


def _announce(target: Path, clinics: Sequence[Clinic]) -> None:
    """Write demo.json in one step, readable by its owner alone."""
    for clinic in clinics:
        clinic["dicomweb"] = f"{settings.PUBLIC_URL}/c/{clinic['slug']}/dicom-web"
    content = {"url": settings.PUBLIC_URL, "dicom": None, "clinics": list(clinics), "provider": None}
    draft = target.with_suffix(".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    draft.replace(target)


def _wait_until_ready(services: Services) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        services.watch()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.PORT}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise CommandError("the web server did not answer in time")


def _stop(signum: int, frame: FrameType | None) -> None:
    raise _Stop
