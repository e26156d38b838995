"""The study list: searched, filtered and paged by its address alone, in whole or, for htmx, in part."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from pacs.events import SEARCHED
from pacs.search.bounded import TooBroad
from pacs.search.recorded import note_search
from pacs.web import filters, notices
from pacs.web.listing import Page, page_of
from pacs.web.rights import rights
from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Permission


@clinic_page(Permission.STUDY_SEARCH, event=SEARCHED)
@never_cache
@require_safe
def studies(request: ClinicRequest) -> HttpResponse:
    """Show the studies that the address asks for."""
    form = filters.FilterForm(request.GET)
    now = timezone.now()
    context: dict[str, object] = {
        "form": form,
        "more_fields": [form[name] for name in filters.TYPED],
        "modalities": filters.COMMON_MODALITIES,
        "is_fragment": _wants_fragment(request),
    }
    if form.is_valid():
        asked = filters.read(form, today=timezone.localdate(now))
        context |= {"asked": asked, "page": (page := _page(request, asked)), "is_too_broad": page is None}
    else:
        page = None
    shown = len(page.rows) if page else 0
    note_search(request.actor, level="study list", asked=_parameters(request), shown=shown, now=now)
    if context["is_fragment"]:
        template = "pacs/studies_results.html"
    else:
        template, context["notice"] = "pacs/studies.html", notices.take(request)
    context |= rights(request)
    answer = render(request, template, context, status=_status(form, context))
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _page(request: ClinicRequest, asked: filters.Asked) -> Page | None:
    """Return the page, or None where the search reads too much."""
    try:
        return page_of(request.actor, asked, now=timezone.now())
    except TooBroad:
        return None


def _status(form: filters.FilterForm, context: dict[str, object]) -> int:
    """htmx shows no answer that is called an error."""
    return 200 if form.is_valid() or context["is_fragment"] else 400


def _parameters(request: ClinicRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values]


def _wants_fragment(request: ClinicRequest) -> bool:
    """Return whether htmx asks for the results alone; going back in the history it wants the whole page."""
    htmx = getattr(request, "htmx", None)
    return isinstance(htmx, HtmxDetails) and bool(htmx) and not htmx.history_restore_request
