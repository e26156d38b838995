"""STOW-RS (PS3.18 §10.5): instances in, each sealed while it is read, in batches that are durable together."""

import socket
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from django.conf import settings
from django.http import HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.http import require_POST
from gunicorn.http.errors import ParseException

from pacs import limits
from pacs.dicomweb.media_types import BadMediaType, MediaType
from pacs.dicomweb.multipart import BadMultipart, CutOff, boundary_of, read_parts
from pacs.dicomweb.stow_answer import answer
from pacs.events import INSTANCES_STORED
from pacs.ingest.index import Arrival
from pacs.ingest.outcomes import Outcome, Status
from pacs.ingest.receive import Received, receive
from pacs.ingest.settle import settle
from pacs.storage.store import StoreUnavailable
from pacs.tasks import wake_derive
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

BATCH_FILES = 48
BATCH_BYTES = 64 * 2**20
IDLE_SECONDS = 60
READ_SIZE = 256 * 1024


class RequestTooLarge(Exception):
    """The request sends more than one request may."""


class UnknownType(Exception):
    """The body is of no type that STOW-RS takes."""


class EncodedBody(Exception):
    """The body is packed: images are compressed in themselves, and a few bytes could unpack to any size."""


FAULTS: dict[type[Exception], tuple[int, str]] = {
    limits.QuotaExceeded: (507, "The storage of the clinic is full."),
    UnknownType: (415, 'Send multipart/related; type="application/dicom", or one application/dicom.'),
    EncodedBody: (415, "Send the body as it is, without Content-Encoding."),
    RequestTooLarge: (413, "The request is larger than one request may be: send fewer instances at once."),
    CutOff: (400, "The body ended too early; what came whole before is stored."),
    TimeoutError: (408, "Nothing came for a minute; what came whole before is stored."),
    ConnectionError: (400, "The connection broke; what came whole before is stored."),
    UnreadablePostError: (400, "The connection broke; what came whole before is stored."),
    BadMultipart: (400, "The body is not well-formed multipart; what came whole before is stored."),
    StoreUnavailable: (503, "The storage does not answer; what was not confirmed must be sent again."),
}
"""The one table from what ends a request to its answer; per instance, the answer itself tells."""


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


@clinic_api(Permission.STUDY_STORE, event=INSTANCES_STORED)
@require_POST
def store(request: ClinicRequest, study_uid: str = "") -> HttpResponse:
    """Store the instances of a request; the answer tells of each (PS3.18 §10.5.3)."""
    batches = _Batches(request, study_uid)
    try:
        limits.require_not_full(request.tenant, timezone.now())
        for received in _files(request):
            batches.take(received)
    except tuple(FAULTS) as error:
        batches.settle()
        return _fault(error)
    batches.settle()
    return answer(request, batches.outcomes)


class _Batches:
    """Settles the files of a request together, a few at a time."""

    def __init__(self, request: ClinicRequest, study_uid: str) -> None:
        self.outcomes: list[Outcome] = []
        self._waiting: list[Received] = []
        self._request = request
        self._study_uid = study_uid
        self._is_backfill = request.GET.get("arrival") == "backfill"

    def take(self, received: Received) -> None:
        """Add a file, and settle when there are enough."""
        self._waiting.append(received)
        if len(self._waiting) >= BATCH_FILES or sum(one.size for one in self._waiting) >= BATCH_BYTES:
            self.settle()

    def settle(self) -> None:
        """Store what waits; it is durable when this returns."""
        if not self._waiting:
            return
        arrival = Arrival(self._request.actor, timezone.now(), is_backfill=self._is_backfill)
        outcomes = settle(self._waiting, arrival, only_study=self._study_uid)
        self._waiting.clear()
        self.outcomes += outcomes
        if any(outcome.status is Status.STORED for outcome in outcomes):
            wake_derive()


def _fault(error: Exception) -> HttpResponse:
    kind = next(kind for kind in FAULTS if isinstance(error, kind))
    status, sentence = FAULTS[kind]
    fault = HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 503:
        fault["Retry-After"] = "10"
    if kind is EncodedBody:
        fault["Accept-Encoding"] = "identity"  # RFC 9110 §15.5.16
    return fault


def _files(request: ClinicRequest) -> Iterator[Received]:
    content_type = request.headers.get("Content-Type", "")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise EncodedBody
    read = _reader(request)
    if (kind := _kind_of(content_type)) == "application/dicom":
        yield receive(iter(lambda: read(READ_SIZE), b""))
    elif kind == "multipart/related":
        for part in read_parts(read, boundary_of(content_type)):
            yield receive(part.chunks())
    else:
        raise UnknownType


def _kind_of(content_type: str) -> str:
    """Return the type of the body. Raises UnknownType, also for the multipart form of anything but DICOM files."""
    try:
        kind = MediaType.parse(content_type)
    except BadMediaType as error:
        raise UnknownType from error
    if kind.parameters.get("type", "application/dicom").lower() != "application/dicom":
        raise UnknownType
    return kind.name


def _reader(request: ClinicRequest) -> Callable[[int], bytes]:
    """Return a `read` of the body, within limits; a chunked body is only to be had from the server itself."""
    source = cast(
        _Input,
        request.META["wsgi.input"]
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower()
        else request,
    )
    connection = request.META.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.settimeout(IDLE_SECONDS)
    taken = 0

    def read(size: int) -> bytes:
        nonlocal taken
        data = _read_some(source, size)
        taken += len(data)
        if taken > settings.REQUEST_LIMIT_BYTES:
            raise RequestTooLarge
        return data

    return read


def _read_some(source: _Input, size: int) -> bytes:
    """Return the next bytes. Raises TimeoutError or UnreadablePostError."""
    try:
        return source.read(size)
    except (OSError, ParseException) as error:  # the latter is the web server's own, for chunks that are none
        if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
            raise TimeoutError from error  # Django wraps it
        raise UnreadablePostError from error
