"""STOW-RS (PS3.18 §10.5): instances in, each sealed while it is read, in batches that are durable together."""

import socket
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from pacs import limits
from pacs.dicomweb.multipart import BadMultipart, CutOff, boundary_of, read_parts
from pacs.dicomweb.stow_answer import answer
from pacs.events import INSTANCES_STORED
from pacs.ingest.index import Arrival
from pacs.ingest.outcomes import Outcome, Status
from pacs.ingest.receive import Incoming, Received
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


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


@clinic_api(Permission.STUDY_STORE, event=INSTANCES_STORED)
@require_POST
def store(request: ClinicRequest, study_uid: str = "") -> HttpResponse:
    """Store the instances of a request; the answer tells of each (PS3.18 §10.5.3)."""
    outcomes: list[Outcome] = []
    batch: list[Received] = []
    fault: HttpResponse | None = None
    try:
        limits.require_room(request.tenant)
        for received in _files(request):
            batch.append(received)
            if len(batch) >= BATCH_FILES or sum(one.size for one in batch) >= BATCH_BYTES:
                outcomes += _settle(request, batch, study_uid)
    except limits.QuotaExceeded as error:
        return _plain(507, f"The clinic's storage is full: {error.used} of {error.limit} bytes are used.")
    except _UnknownType:
        return _plain(415, 'Send multipart/related; type="application/dicom", or one application/dicom.')
    except RequestTooLarge:
        fault = _plain(413, f"A request may hold {settings.REQUEST_LIMIT_BYTES} bytes.")
    except (CutOff, TimeoutError, ConnectionError):
        fault = _plain(400, "The body ended too early.")
    except BadMultipart as error:
        fault = _plain(400, f"The body is not well-formed multipart: {error}.")
    except StoreUnavailable:
        fault = _plain(503, "The storage does not answer. Nothing of the file that was being sent is kept.")
        fault["Retry-After"] = "10"
    outcomes += _settle(request, batch, study_uid)
    return fault or answer(request, outcomes)


def _settle(request: ClinicRequest, batch: list[Received], study_uid: str) -> list[Outcome]:
    """Settle what came so far, and empty the batch."""
    if not batch:
        return []
    arrival = Arrival(request.actor, timezone.now(), is_backfill="backfill" in request.GET)
    outcomes = settle(batch, arrival, only_study=study_uid)
    batch.clear()
    if any(outcome.status is Status.STORED for outcome in outcomes):
        wake_derive()
    return outcomes


class _UnknownType(Exception):
    """The body is of no type that STOW-RS takes."""


def _files(request: ClinicRequest) -> Iterator[Received]:
    content_type = request.headers.get("Content-Type", "")
    main = content_type.partition(";")[0].strip().lower()
    read = _reader(request)
    if main == "application/dicom":
        yield _receive(iter(lambda: read(READ_SIZE), b""))
    elif main == "multipart/related":
        for part in read_parts(read, boundary_of(content_type)):
            yield _receive(part.chunks())
    else:
        raise _UnknownType


def _receive(chunks: Iterator[bytes]) -> Received:
    incoming = Incoming()
    try:
        for chunk in chunks:
            incoming.feed(chunk)
        return incoming.finish()
    except BaseException:
        incoming.drop()
        raise


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
        data = source.read(size)
        taken += len(data)
        if taken > settings.REQUEST_LIMIT_BYTES:
            raise RequestTooLarge
        return data

    return read


def _plain(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
