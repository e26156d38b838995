"""WADO-RS for metadata (PS3.18 §10.4.1.1.2): in the DICOM JSON Model, or each instance as XML."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from django.http.response import HttpResponseBase
from django.utils import timezone

from pacs import access
from pacs.dicom.dicom_json import JsonObject
from pacs.dicom.native_model import native_model
from pacs.dicomweb import wado_answer as answer
from pacs.dicomweb.errors import answered
from pacs.dicomweb.media_types import Offer
from pacs.events import STUDY_OPENED
from pacs.models import Series, Study
from pacs.retrieve import reading
from pacs.retrieve.metadata import SeriesMetadata, instance_object
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

JSON, PLAIN_JSON, XML = "application/dicom+json", "application/json", "application/dicom+xml"
OFFERS = [Offer(JSON), Offer(PLAIN_JSON), Offer(XML, is_multipart=True)]
_QUICKLY, _GZIP = 1, 31


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def study(request: ClinicRequest, study_uid: str) -> HttpResponseBase:
    """Return the metadata of every instance of a study."""
    found = access.get_study(request.actor, study_uid)
    return _of_series(request, found, access.series_of(request.actor, found))


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def series(request: ClinicRequest, study_uid: str, series_uid: str) -> HttpResponseBase:
    """Return the metadata of every instance of a series."""
    found = access.get_series(request.actor, study_uid, series_uid)
    return _of_series(request, found.study, [found])


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def instance(request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str) -> HttpResponseBase:
    """Return the metadata of one instance."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    offer, etag = _form(request, "instance", row.blob_id)
    reading.note(request.actor, row.study, now=timezone.now(), size=0)
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    model = instance_object(row, answer.root_of(request))
    if offer.is_multipart:
        return _as_xml(request, [model], etag)
    text = json.dumps([model], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return answer.single(request, [text], content_type=offer.media_type, etag=etag)


def _of_series(request: ClinicRequest, found: Study, rows: Sequence[Series]) -> HttpResponseBase:
    if not rows:
        raise access.NotFound
    offer, etag = _form(request, "series", [(row.pk, row.version) for row in rows])
    reading.note(request.actor, found, now=timezone.now(), size=0)
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    sources = [SeriesMetadata(request.actor, row) for row in rows]
    root = answer.root_of(request)
    if offer.is_multipart:
        return _as_xml(request, chain.from_iterable(source.objects(root) for source in sources), etag)
    text = _array(source.text(root) for source in sources)
    accepts_gzip = _accepts_gzip(request)
    chunks = _compressed(text) if accepts_gzip else text
    response = answer.streamed(request, chunks, content_type=offer.media_type, etag=etag)
    if accepts_gzip:
        response["Content-Encoding"] = "gzip"
    return response


def _form(request: ClinicRequest, *facts: object) -> tuple[Offer, str]:
    """Return the form that is wanted, and the tag of the metadata in it, with the addresses of this root."""
    offer = answer.chosen(request, OFFERS)
    return offer, answer.etag_of("metadata", *facts, offer, answer.root_of(request), _accepts_gzip(request))


def _array(texts: Iterable[Iterator[bytes]]) -> Iterator[bytes]:
    """Yield one JSON array from the lines of several series."""
    before = b"[\n"
    for text in texts:
        for piece in text:
            if piece:
                yield before + piece
                before = b""
        before = before or b",\n"
    yield b"[]" if before == b"[\n" else b"]"


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(_QUICKLY, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if compressed := compressor.compress(chunk):
            yield compressed
    yield compressor.flush()


def _accepts_gzip(request: ClinicRequest) -> bool:
    codings = [
        coding.replace(" ", "").lower() for coding in request.headers.get("Accept-Encoding", "").split(",")
    ]
    return any(
        name in ("gzip", "*") and not weight.startswith("q=0.0") and weight not in ("q=0", "q=0.")
        for name, _, weight in (coding.partition(";") for coding in codings)
    )


def _as_xml(request: ClinicRequest, models: Iterable[JsonObject], etag: str) -> HttpResponseBase:
    parts = (({"Content-Type": XML}, (native_model(model),)) for model in models)
    return answer.multipart_unsized(request, parts, media_type=XML, etag=etag)
