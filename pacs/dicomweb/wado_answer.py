"""What every WADO-RS answer shares: the choice of its form, ETag and 304, ranges, HEAD, and the headers."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from pacs.dicomweb.errors import NotAcceptable
from pacs.dicomweb.media_types import Offer, choose_with_parameter
from pacs.dicomweb.multipart import length_of, write_parts
from pacs.dicomweb.ranges import Unsatisfiable, asked_span
from pacs.retrieve.bulk import Value
from tenants.authentication import ClinicRequest

CACHING = "private, no-cache"
"""A browser may keep what it got, and asks each time whether it is still good and still allowed."""

Part = tuple[Mapping[str, str], int, Iterable[bytes]]
"""The headers of a part, its size in bytes, and its bytes."""


def chosen(request: ClinicRequest, *choices: Sequence[Offer]) -> Offer:
    """Return the form that the client likes best, out of the first choices that hold one it accepts.

    Raises NotAcceptable.
    """
    for offers in choices:
        wish, accept = request.GET.get("accept", ""), request.headers.get("Accept", "")
        offer = choose_with_parameter(wish, accept, offers)
        if offer is not None:
            return offer
    raise NotAcceptable


def content_type(offer: Offer) -> str:
    """Return the Content-Type of a body, or of a part, in this form."""
    syntax = offer.transfer_syntax
    return f"{offer.media_type}; transfer-syntax={syntax}" if syntax else offer.media_type


def etag_of(*facts: object) -> str:
    """Return a strong entity tag from ids, versions and the form: equal tags promise equal bytes."""
    return f'"{hashlib.blake2b(repr(facts).encode(), digest_size=15).hexdigest()}"'


def is_known(request: ClinicRequest, etag: str) -> bool:
    """Return whether the client has this representation already (RFC 9110 §13.1.2)."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in {tag.removeprefix("W/") for tag in known}


def not_modified(etag: str) -> HttpResponseBase:
    """Return the answer to a client that has it already."""
    return _labelled(HttpResponseNotModified(), etag)


def single(
    request: ClinicRequest, body: Sequence[bytes], *, content_type: str, etag: str
) -> HttpResponseBase:
    """Return a body that is in memory; `body` may come in pieces."""
    response = HttpResponse(body, content_type=content_type)
    response["Content-Length"] = str(sum(map(len, body)))
    return _finished(request, response, etag)


def streamed(
    request: ClinicRequest, chunks: Iterator[bytes], *, content_type: str, etag: str, size: int | None = None
) -> HttpResponseBase:
    """Return a body that is made while it is sent."""
    response = StreamingHttpResponse(chunks, content_type=content_type)
    if size is not None:
        response["Content-Length"] = str(size)
    return _finished(request, response, etag)


def multipart(
    request: ClinicRequest, parts: Sequence[Part], *, media_type: str, etag: str
) -> HttpResponseBase:
    """Return parts of known sizes, each made when its turn comes."""
    boundary = _boundary(etag)
    size = length_of(((headers, size) for headers, size, _ in parts), boundary)
    chunks = write_parts(((headers, body) for headers, _, body in parts), boundary)
    return streamed(request, chunks, content_type=_related(media_type, boundary), etag=etag, size=size)


def multipart_held(
    request: ClinicRequest, parts: Sequence[tuple[Mapping[str, str], bytes]], *, media_type: str, etag: str
) -> HttpResponseBase:
    """Return parts that are in memory."""
    boundary = _boundary(etag)
    body = list(write_parts(((headers, (body,)) for headers, body in parts), boundary))
    return single(request, body, content_type=_related(media_type, boundary), etag=etag)


def multipart_unsized(
    request: ClinicRequest,
    parts: Iterable[tuple[Mapping[str, str], Iterable[bytes]]],
    *,
    media_type: str,
    etag: str,
) -> HttpResponseBase:
    """Return parts whose sizes nobody knows before they are made. There has to be one at least."""
    boundary = _boundary(etag)
    chunks = write_parts(parts, boundary)
    return streamed(request, chunks, content_type=_related(media_type, boundary), etag=etag)


def ranged(request: ClinicRequest, value: Value, *, content_type: str, etag: str) -> HttpResponseBase:
    """Return a value, or the range of it that is asked for."""
    condition = request.headers.get("If-Range", "")
    wish = request.headers.get("Range", "") if condition in ("", etag) else ""
    try:
        span = asked_span(wish, value.size)
    except Unsatisfiable as error:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{error.size}"})
    chunks = value.stream(span.start, span.stop)
    size = span.stop - span.start
    response = streamed(request, chunks, content_type=content_type, etag=etag, size=size)
    response["Accept-Ranges"] = "bytes"
    if span.is_partial:
        response.status_code = 206
        response["Content-Range"] = span.content_range
    return response


def root_of(request: ClinicRequest) -> str:
    """Return the address of the service under which this was asked, as an absolute path without a host."""
    before, service, _ = request.path.partition("/dicom-web")
    return before + service


def _related(media_type: str, boundary: str) -> str:
    return f'multipart/related; type="{media_type}"; boundary={boundary}'


def _boundary(etag: str) -> str:
    """Return a boundary that is the same each time, as a strong tag promises.

    It follows from random ids that were made after the bytes had come, so nobody can have put it into them.
    """
    return hashlib.blake2b(etag.encode(), digest_size=16, person=b"boundary").hexdigest()


def _finished(request: ClinicRequest, response: HttpResponseBase, etag: str) -> HttpResponseBase:
    _labelled(response, etag)
    response["X-Content-Type-Options"] = "nosniff"
    if request.method != "HEAD":
        return response
    response.close()
    return HttpResponse(status=response.status_code, headers=dict(response.items()))


def _labelled(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Cache-Control"] = CACHING
    response["Vary"] = "Accept, Accept-Encoding, Authorization, Cookie"
    return response
