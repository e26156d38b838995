"""Fails closed where a route forgot its door, and turns a missing right into a page that says whom to ask."""

from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tenants.permissions import NotPermitted, holders


class DoorMiddleware:
    """Refuses to run a view without a door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponseBase], *_: object) -> None:
        """Raise ImproperlyConfigured for a view that nobody guards."""
        if not hasattr(view, "door"):
            raise ImproperlyConfigured(f"{view.__module__}.{getattr(view, '__name__', view)} has no door")

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 403 with the roles that hold the right."""
        if not isinstance(error, NotPermitted):
            return None
        roles = [str(role.label) for role in holders(error.permission)]
        accepts_pages = "text/html" in request.headers.get("Accept", "")
        if not accepts_pages:
            return HttpResponse(
                f"This needs the right {error.permission.value}.\n",
                status=403,
                content_type="text/plain; charset=utf-8",
            )
        return render(request, "tenants/not_permitted.html", {"roles": roles}, status=403)
