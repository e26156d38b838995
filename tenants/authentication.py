"""The doors of a clinic: who is asking, in which clinic, with which right. Every route carries a decorator.

Answers (DESIGN §3.5): no or bad credentials 401 for every slug, existing or not (pages lead to the sign-in);
another clinic's or absent 404, alike; one's own clinic without the right 403, saying whom to ask.
"""

import base64
import binascii
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from tenants import api_keys, entry
from tenants.events import Event
from tenants.models import Membership, Tenant, User
from tenants.permissions import Actor, Permission, of_roles, of_scopes, require

P = ParamSpec("P")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class ClinicRequest(HttpRequest):
    """A request inside a clinic, as `clinic_page` and `clinic_api` promise it."""

    tenant: Tenant
    actor: Actor


ClinicView = Callable[Concatenate[ClinicRequest, P], HttpResponseBase]
R = TypeVar("R", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Door:
    """What a route asks of its visitor and which event it leaves; read by the rule tests."""

    kind: str
    permission: Permission | None = None
    event: Event | None = None
    exempt: str = ""


def public(*, exempt: str) -> Callable[[R], R]:
    """Mark a route that anybody may open; `exempt` says why it leaves no event."""

    def mark(view: R) -> R:
        view.door = Door(kind="public", exempt=exempt)  # type: ignore[attr-defined]  # read by the rule tests
        return view

    return mark


def person_page(*, event: Event | None = None, exempt: str = "") -> Callable[[R], R]:
    """Mark and guard a page of a signed-in person's own account."""

    def guard(view: R) -> R:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            return view(request, *args, **kwargs)

        guarded.door = Door(kind="person", event=event, exempt=exempt)  # type: ignore[attr-defined]  # as above
        return guarded  # type: ignore[return-value]  # wraps keeps the signature

    return guard


def clinic_page(
    permission: Permission | None, *, event: Event | None = None, exempt: str = ""
) -> Callable[[ClinicView[P]], Callable[..., HttpResponseBase]]:
    """Guard a page of a clinic: a signed-in member with the right, inside the clinic's scope."""
    door = Door(kind="page", permission=permission, event=event, exempt=exempt)
    return functools.partial(_guard, door)


def clinic_api(
    permission: Permission, *, event: Event | None = None, exempt: str = ""
) -> Callable[[ClinicView[P]], Callable[..., HttpResponseBase]]:
    """Guard a machine's route: an API key (Bearer, or Basic's password) or the browser session."""
    door = Door(kind="api", permission=permission, event=event, exempt=exempt)
    return functools.partial(_guard, door)


def _guard(door: Door, view: ClinicView[P]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def guarded(request: ClinicRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        secret = _api_key(request) if door.kind == "api" else None
        if secret is None and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path()) if door.kind == "page" else unauthorised()
        tenant = _clinic(slug, int(timezone.now().timestamp()))
        actor = _key_actor(request, tenant, secret) if secret is not None else _member(request, tenant)
        if actor is None:
            if secret is not None:
                return unauthorised()
            raise Http404
        if door.kind == "api" and secret is None and not _is_same_origin(request):
            raise PermissionDenied("cross-origin")
        if tenant is None:
            raise Http404
        request.tenant, request.actor = tenant, actor
        with entry.enter(tenant), timezone.override(tenant.time_zone):
            if door.permission is not None:
                require(actor, door.permission)
            return view(request, *args, **kwargs)

    guarded.door = door  # type: ignore[attr-defined]  # read by the rule tests
    guarded.csrf_exempt = door.kind == "api"  # type: ignore[attr-defined]  # machines: see _is_same_origin
    return guarded


def unauthorised() -> HttpResponse:
    """Return the one answer to missing and bad credentials."""
    answer = HttpResponse(
        "Sign in, or send an API key.\n", status=401, content_type="text/plain; charset=utf-8"
    )
    answer["WWW-Authenticate"] = 'Bearer realm="dicom-web", Basic realm="dicom-web", charset="UTF-8"'
    return answer


def forget() -> None:
    """Drop the clinics that this process remembers; other processes do within a second."""
    _clinic.cache_clear()


@functools.lru_cache(maxsize=1000)
def _clinic(slug: str, second: int) -> Tenant | None:
    """Return the clinic as it was in this second: image requests come by hundreds."""
    return Tenant.objects.clinics().filter(slug=slug).first()


def _key_actor(request: HttpRequest, tenant: Tenant | None, secret: str) -> Actor | None:
    if tenant is None:
        return None
    with entry.enter(tenant):
        key = api_keys.find(secret, now=timezone.now())
    if key is None:
        return None
    return _actor(request, "api-key", str(key.id), key.name, of_scopes(key.scopes))


def _member(request: HttpRequest, tenant: Tenant | None) -> Actor | None:
    user = request.user
    if tenant is None or not isinstance(user, User):
        return None
    membership = Membership.objects.filter(tenant=tenant, user=user).prefetch_related("roles").first()
    if membership is None or not membership.holds_at(timezone.now()):
        return None
    rights = of_roles(row.role for row in membership.roles.all())
    return _actor(request, "member", str(user.id), user.name, rights)


def _actor(request: HttpRequest, kind: str, id: str, name: str, rights: frozenset[Permission]) -> Actor:
    return Actor(
        kind=kind,
        id=id,
        name=name,
        permissions=rights,
        address=request.META.get("REMOTE_ADDR", ""),
        agent=request.headers.get("User-Agent", ""),
    )


def _api_key(request: HttpRequest) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password


def _is_same_origin(request: HttpRequest) -> bool:
    """Return whether a cookie request may change something: browsers tell the origin of a forged one."""
    if request.method in SAFE_METHODS:
        return True
    origin = request.headers.get("Origin", "")
    if origin:
        return origin == f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Sec-Fetch-Site") == "same-origin"
