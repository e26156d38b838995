"""The clinic's navigation: what the person may open, and how much waits for a decision."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from pacs import access
from pacs.models import HeldFile
from tenants.permissions import Actor, Permission
from tenants.scope import entered_tenant_id


@dataclass(frozen=True)
class Entry:
    """One place of the navigation."""

    name: str
    label: str
    address: str
    is_current: bool


def navigation(request: HttpRequest) -> dict[str, object]:
    """Return the places of the clinic that the person may open; a template context processor.

    Empty outside a clinic, and on error pages, which are drawn after the clinic's scope has closed.
    """
    actor, tenant = getattr(request, "actor", None), getattr(request, "tenant", None)
    if actor is None or tenant is None or entered_tenant_id() is None:
        return {}
    here = request.resolver_match.url_name if request.resolver_match else None
    return {
        "navigation": [
            Entry(name, label, address, is_current=name == here)
            for name, label, permission in _places()
            if actor.may(permission) and (address := _address(name, tenant.slug))
        ],
        "waiting_count": SimpleLazyObject(lambda: _waiting(actor)),
    }


def _places() -> list[tuple[str, str, Permission]]:
    return [
        ("studies", _("Studies"), Permission.STUDY_SEARCH),
        ("upload", _("Upload"), Permission.STUDY_STORE),
        ("attention", _("Needs attention"), Permission.ATTENTION_DECIDE),
        ("bin", _("Bin"), Permission.STUDY_DELETE),
    ]


def _address(name: str, slug: str) -> str:
    try:
        return reverse(name, kwargs={"slug": slug})
    except NoReverseMatch:
        return ""


def _waiting(actor: Actor) -> int:
    return access.held_files(actor).filter(state=HeldFile.State.WAITING).count()
