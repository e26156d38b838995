"""The OHIF viewer of a clinic: its page, what it is told, and what it asks about a study."""

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from pacs import access
from pacs.web.viewer_config import STAFF_PAGE_POLICY, Viewer, app_config
from tenants.audit.record import Subject, record
from tenants.authentication import ClinicRequest, clinic_api, clinic_page
from tenants.events import VIEWER_NOTICE_READ
from tenants.models import User
from tenants.permissions import Permission

PHONE_WORDS = ("iPhone", "Android", "Mobile")


@clinic_page(Permission.STUDY_READ, exempt="the images it opens are recorded when they are read")
@never_cache
@require_GET
def page(request: ClinicRequest) -> HttpResponseBase:
    """Return the viewer; first, once for each person, the notice that it is no cleared device."""
    user = request.user
    if isinstance(user, User) and user.viewer_notice_read_at is None:
        return redirect(
            f"{reverse('viewer-notice', args=[request.tenant.slug])}?{request.META['QUERY_STRING']}"
        )
    if _is_phone(request) and "desktop" not in request.GET:
        return render(request, "pacs/viewer_phone.html", {"query": request.META["QUERY_STRING"]})
    answer = HttpResponse(_index_html())
    answer["Content-Security-Policy"] = STAFF_PAGE_POLICY
    patch_vary_headers(answer, ["Cookie", "User-Agent"])
    return answer


@clinic_page(Permission.STUDY_READ, event=VIEWER_NOTICE_READ)
@never_cache
@require_http_methods(["GET", "POST"])
def notice(request: ClinicRequest) -> HttpResponseBase:
    """Show the notice, or keep that the person has read it and lead on to the viewer."""
    viewer = f"{reverse('viewer', args=[request.tenant.slug])}?{request.META['QUERY_STRING']}"
    if not url_has_allowed_host_and_scheme(viewer, {request.get_host()}):
        raise Http404
    if request.method == "GET":
        return render(request, "pacs/viewer_notice.html", {"query": request.META["QUERY_STRING"]})
    now = timezone.now()
    with transaction.atomic(durable=True):
        User.objects.filter(pk=request.actor.id).update(viewer_notice_read_at=now)
        record(request.actor, VIEWER_NOTICE_READ, Subject("user", request.actor.id), at=now)
    return redirect(viewer)


@clinic_page(Permission.STUDY_READ, exempt="tells the viewer where it runs, nothing of a patient")
@never_cache
@require_GET
def config(request: ClinicRequest) -> HttpResponse:
    """Return `app-config.js` for this clinic and person."""
    root = f"/c/{request.tenant.slug}"
    viewer = Viewer(
        root=root,
        name=request.tenant.name,
        list_url=f"{root}/studies/",
        sign_in_url=f"{reverse('login')}?popup=1",
        csrf_cookie=settings.CSRF_COOKIE_NAME,
        language=get_language() or "en",
        has_accepted_notice=True,
        texts=_texts(),
    )
    return HttpResponse(app_config(viewer), content_type="text/javascript; charset=utf-8")


@clinic_api(Permission.STUDY_READ, exempt="tells two numbers about a study that the reader has open")
@never_cache
@require_GET
def status(request: ClinicRequest) -> HttpResponse:
    """Tell whether a study is still arriving and how many of its images were refused; the viewer asks now and then."""
    study_uid = request.GET.get("study", "")
    if not study_uid:
        return JsonResponse({"arriving": False, "refused": 0})
    try:
        study = access.get_study(request.actor, study_uid)
    except access.NotFound as error:
        raise Http404 from error
    return JsonResponse({"arriving": study.is_arriving(timezone.now()), "refused": study.refused_count})


def _texts() -> dict[str, str]:
    return {
        "signedOut": _("You were signed out"),
        "placeIsKept": _("Sign in again to go on where you were. Nothing on this page is lost."),
        "signInAgain": _("Sign in again"),
        "arriving": _("Images of this study are still arriving."),
        "complete": _("All images have arrived."),
        "refusedOne": _("1 image of this study was refused."),
        "refusedMany": _("{count} images of this study were refused."),
        "reload": _("Load the study again"),
        "dismiss": _("Dismiss"),
    }


def _is_phone(request: HttpRequest) -> bool:
    agent = request.headers.get("User-Agent", "")
    return request.headers.get("Sec-CH-UA-Mobile") == "?1" or any(word in agent for word in PHONE_WORDS)


@cache
def _index_html() -> bytes:
    """Return the viewer's page as the asset build left it; raises Http404 where the build was not run."""
    manifest = finders.find("assets.json")
    if manifest is None:
        raise Http404("the viewer was not built: run make")
    described = json.loads(Path(manifest).read_text(encoding="utf-8"))
    index: str = described["ohif"]["index"]
    return (Path(manifest).parent / index).read_bytes()
