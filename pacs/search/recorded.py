"""A search is an act on patient data: its event holds what was asked, sealed, and how much was shown."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from pacs.events import SEARCHED
from tenants.audit.record import Subject, record
from tenants.permissions import Actor


def note_search(
    actor: Actor, *, level: str, asked: Iterable[tuple[str, str]], shown: int, now: datetime
) -> None:
    """Record a search before its results are given away. Not inside a transaction: it commits its own."""
    details = {"level": level, "asked": [[name, value] for name, value in asked]}
    with transaction.atomic(durable=True):
        record(actor, SEARCHED, Subject("search", "", {"shown": shown}), at=now, details=details)
