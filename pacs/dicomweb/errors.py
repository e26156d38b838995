"""What DICOMweb answers to our exceptions: the one table (PS3.18 §8.5 and the transactions' own)."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from pacs.access import NotFound
from pacs.dicom.decode_pool import PoolBusy
from pacs.dicom.dicom_json import NoSuchValue
from pacs.dicom.frame_format import DecodeFailed, NotRenderable
from pacs.dicom.frames import NoSuchFrame
from pacs.dicom.view import BadParameter
from pacs.dicomweb.query import BadQuery
from pacs.search.bounded import TooBroad
from pacs.storage.store import StoreUnavailable
from tenants.authentication import ClinicRequest
from tenants.crypto.keyring import KeyUnavailable

P = ParamSpec("P")
View = Callable[Concatenate[ClinicRequest, P], HttpResponseBase]


class NotAcceptable(Exception):
    """None of the forms that the client accepts can be made."""


@dataclass(frozen=True)
class Answer:
    """A status and what it tells a person. A sentence may hold `{error}`: what the exception says itself."""

    status: int
    sentence: Promise
    retry_after_seconds: int | None = None


ANSWERS: dict[type[Exception], Answer] = {
    BadQuery: Answer(400, gettext_lazy("The search cannot be made: {error}.")),
    NotFound: Answer(404, gettext_lazy("There is no such object here.")),
    NotAcceptable: Answer(406, gettext_lazy("None of the accepted media types can be sent.")),
    TooBroad: Answer(
        413, gettext_lazy("The search is too broad. Narrow it by patient, date or accession number.")
    ),
    BadParameter: Answer(400, gettext_lazy("The parameter {error} cannot be understood.")),
    NoSuchFrame: Answer(404, gettext_lazy("The instance has no such frame.")),
    NoSuchValue: Answer(404, gettext_lazy("The instance has no such value.")),
    NotRenderable: Answer(406, gettext_lazy("There is no image to draw: {error.reason}.")),
    DecodeFailed: Answer(406, gettext_lazy("The pixels cannot be decoded: {error.reason}.")),
    PoolBusy: Answer(503, gettext_lazy("All decoders are busy. Try again soon."), 5),
    StoreUnavailable: Answer(503, gettext_lazy("The storage does not answer. Try again soon."), 10),
    KeyUnavailable: Answer(503, gettext_lazy("The clinic's key is not available."), 60),
}


def answered(view: View[P]) -> View[P]:
    """Turn the exceptions of the table into answers; all others are unknown, and a plain 500."""

    @functools.wraps(view)
    def guarded(request: ClinicRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except tuple(ANSWERS) as error:
            return answer_to(error)

    return guarded


def answer_to(error: Exception) -> HttpResponse:
    """Return the answer to an exception of the table."""
    found = next(answer for kind, answer in ANSWERS.items() if isinstance(error, kind))
    response = plain(found.status, str(found.sentence).format(error=error))
    if found.retry_after_seconds is not None:
        response["Retry-After"] = str(found.retry_after_seconds)
    return response


def plain(status: int, sentence: str) -> HttpResponse:
    """Return a status with one sentence for a person."""
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
