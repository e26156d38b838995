"""Routes with each kind of door, and nothing behind them but the names of those who came in."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tenants.authentication import ClinicRequest, clinic_api, clinic_page, person_page, public
from tenants.permissions import Permission


@clinic_api(Permission.STUDY_SEARCH, exempt="a test's own route")
def machine(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(f"{request.tenant.slug} {request.actor.kind} {request.actor.name}")


@clinic_page(Permission.STUDY_SEARCH, exempt="a test's own route")
def page(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(f"{request.tenant.slug} {request.actor.kind} {request.actor.name}")


@clinic_page(None, exempt="a test's own route")
def any_member(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(request.tenant.slug or "")


@person_page(exempt="a test's own route")
def person(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a person")


@public(exempt="a test's own route")
def anybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("anybody")


def unguarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody guards this")


urlpatterns = [
    path("c/<slug:slug>/test-machine", machine),
    path("c/<slug:slug>/test-page", page),
    path("c/<slug:slug>/test-any-member", any_member),
    path("test-person", person),
    path("test-anybody", anybody),
    path("test-unguarded", unguarded),
    path("", include("deploy.urls")),
]
handler404 = "tenants.views.errors.not_found"
handler403 = "tenants.views.errors.forbidden"
handler500 = "tenants.views.errors.server_error"
