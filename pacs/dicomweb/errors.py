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
from pacs.dicomweb.query import BadQuery
from pacs.search.bounded import TooBroad
from tenants.authentication import ClinicRequest

P = ParamSpec("P")
View = Callable[Concatenate[ClinicRequest, P], HttpResponseBase]


class NotAcceptable(Exception):
    """None of the forms that the client accepts can be made."""


@dataclass(frozen=True)
class Answer:
    """A status and what it tells a person. A sentence may hold `{error}`: what the exception says itself."""

    status: int
    sentence: Promise


ANSWERS: dict[type[Exception], Answer] = {
    BadQuery: Answer(400, gettext_lazy("The search cannot be made: {error}.")),
    NotFound: Answer(404, gettext_lazy("There is no such object here.")),
    NotAcceptable: Answer(406, gettext_lazy("None of the accepted media types can be sent.")),
    TooBroad: Answer(
        413, gettext_lazy("The search is too broad. Narrow it by patient, date or accession number.")
    ),
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
    return plain(found.status, str(found.sentence).format(error=error))


def plain(status: int, sentence: str) -> HttpResponse:
    """Return a status with one sentence for a person."""
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
