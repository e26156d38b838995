"""Plain answers to what goes wrong. Each unknown error has an id that the log knows too."""

import logging
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tenants.authentication import public

log = logging.getLogger(__name__)


@public(exempt="an error page")
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what does not exist and what belongs to others alike."""
    return _answer(request, 404, _("This page does not exist, or it belongs to another clinic."))


@public(exempt="an error page")
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that another site made in somebody's name."""
    return _answer(request, 403, _("This request came from another site and was refused."))


@public(exempt="an error page")
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an unknown error with an id to tell to support."""
    error_id = uuid.uuid4().hex[:12]
    log.error("unknown error", extra={"event": "server-error", "error_id": error_id})
    sentence = _("Something went wrong on our side. Error id: %(id)s") % {"id": error_id}
    return _answer(request, 500, sentence, page="tenants/server_error.html")


def _answer(
    request: HttpRequest, status: int, sentence: str, page: str = "tenants/error.html"
) -> HttpResponse:
    if "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
    return render(request, page, {"sentence": sentence}, status=status)
