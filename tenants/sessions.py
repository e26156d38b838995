"""Signing in and out. Every try is in the provider's chain, for an address alone belongs to no clinic."""

from datetime import datetime

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest

from tenants import entry, events
from tenants.audit.record import MINOR_FAILURE, Subject, record
from tenants.models import PROVIDER_ID, User
from tenants.permissions import Actor


def sign_in(request: HttpRequest, *, email: str, password: str, now: datetime) -> User | None:
    """Start a session under a new key, or return None; an unknown address takes as long as a bad password."""
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        _note(request, None, events.SIGN_IN_FAILED, now, outcome=MINOR_FAILURE)
        return None
    request.session.cycle_key()  # `login` keeps the key where the same person signs in again
    login(request, user)
    _note(request, user, events.SIGNED_IN, now)
    return user


def sign_out(request: HttpRequest, *, now: datetime) -> None:
    """End the session on the server."""
    if isinstance(request.user, User):
        _note(request, request.user, events.SIGNED_OUT, now)
    logout(request)


def _note(
    request: HttpRequest, user: User | None, event: events.Event, now: datetime, outcome: int = 0
) -> None:
    actor = Actor(
        kind="user",
        id=str(user.id) if user else "",
        name="",
        address=request.META.get("REMOTE_ADDR", ""),
        agent=request.headers.get("User-Agent", ""),
    )
    with entry.enter(PROVIDER_ID), transaction.atomic(durable=True):
        record(actor, event, Subject("user", actor.id), at=now, outcome=outcome)
