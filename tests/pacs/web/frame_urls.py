"""The places of the navigation, each an empty page in the frame."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import include, path

from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Permission


def _empty_page(permission: Permission) -> Callable[..., HttpResponseBase]:
    @clinic_page(permission, exempt="a test's own page")
    def page(request: ClinicRequest) -> HttpResponseBase:
        return render(request, "base.html")

    return page


PLACES = {
    "studies": Permission.STUDY_SEARCH,
    "upload": Permission.STUDY_STORE,
    "attention": Permission.ATTENTION_DECIDE,
    "bin": Permission.STUDY_DELETE,
}
urlpatterns = [
    *(path(f"c/<slug:slug>/{name}/", _empty_page(right), name=name) for name, right in PLACES.items()),
    path("", include("deploy.urls")),
]
handler404 = "tenants.views.errors.not_found"
