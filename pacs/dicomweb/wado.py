"""WADO-RS for whole studies, series and instances (PS3.18 §10.4.1.1.1): as DICOM files, or as one ZIP."""

from collections.abc import Iterator, Sequence

from django.http.response import HttpResponseBase
from django.utils import timezone

from pacs import access
from pacs.dicom.syntaxes import EXPLICIT_LITTLE
from pacs.dicomweb import wado_answer as answer
from pacs.dicomweb.errors import answered
from pacs.dicomweb.media_types import Offer
from pacs.events import STUDY_OPENED
from pacs.models import Study
from pacs.retrieve import files, reading
from pacs.retrieve.archive import zipped
from pacs.retrieve.files import File, Listed
from pacs.retrieve.opened import OpenedInstance
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

DICOM, ZIP = "application/dicom", "application/zip"
EXPLICIT = Offer(DICOM, EXPLICIT_LITTLE, is_multipart=True)


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def study(request: ClinicRequest, study_uid: str) -> HttpResponseBase:
    """Return every instance of a study."""
    found = access.get_study(request.actor, study_uid)
    return _set(request, found, files.listing(request.actor, found))


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def series(request: ClinicRequest, study_uid: str, series_uid: str) -> HttpResponseBase:
    """Return every instance of a series."""
    found = access.get_series(request.actor, study_uid, series_uid)
    return _set(request, found.study, files.listing(request.actor, found.study, found))


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def instance(request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str) -> HttpResponseBase:
    """Return one instance, in a multipart body or alone."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    offer = answer.chosen(request, *_instance_offers(row.transfer_syntax_uid))
    etag = answer.etag_of("instance", row.blob_id, offer)
    reading.note(request.actor, row.study, now=timezone.now(), size=row.plain_size)
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    opened = OpenedInstance(row)
    is_stored = offer.transfer_syntax == row.transfer_syntax_uid
    file = files.stored_file(opened) if is_stored else files.explicit_file(opened)
    if offer.is_multipart:
        return _multipart_of_one(request, file, etag)
    kind = answer.content_type(offer)
    response = answer.streamed(request, file.chunks, content_type=kind, etag=etag, size=file.size)
    response["Content-Disposition"] = 'attachment; filename="image.dcm"'
    return response


def _instance_offers(stored: str) -> Iterator[Sequence[Offer]]:
    """Yield what an instance can be had as: lossy pixels are decoded only where that is asked for by name."""
    in_syntax = {
        syntax: [Offer(DICOM, syntax, is_multipart=True), Offer(DICOM, syntax)]
        for syntax in (stored, EXPLICIT_LITTLE)
    }
    if not files.may_transcode(stored):
        yield in_syntax[stored]
    elif files.is_lossless(stored):
        yield [*in_syntax[stored], *in_syntax[EXPLICIT_LITTLE]]
    else:
        yield in_syntax[stored]
        yield in_syntax[EXPLICIT_LITTLE]


def _multipart_of_one(request: ClinicRequest, file: File, etag: str) -> HttpResponseBase:
    headers = _headers(file)
    if file.size is None:
        return answer.multipart_unsized(request, [(headers, file.chunks)], media_type=DICOM, etag=etag)
    return answer.multipart(request, [(headers, file.size, file.chunks)], media_type=DICOM, etag=etag)


def _set(request: ClinicRequest, found: Study, listed: Sequence[Listed]) -> HttpResponseBase:
    if not listed:
        raise access.NotFound
    stored = _stored_offer(listed)
    offer = answer.chosen(request, [stored, EXPLICIT, Offer(ZIP)])
    etag = answer.etag_of("set", [one.blob_id for one in listed], offer)
    if offer.media_type == ZIP:
        return _zip(request, found, listed, etag)
    size = sum(one.size for one in listed)
    reading.note(request.actor, found, now=timezone.now(), size=size, reads=len(listed))
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    instances = files.opened(request.tenant.id, [one.id for one in listed])
    if offer == stored:
        chunks = (files.stored_file(one).chunks for one in instances)
        parts = [(_stored_headers(one), one.size, _next_of(chunks)) for one in listed]
        return answer.multipart(request, parts, media_type=DICOM, etag=etag)
    made = (files.explicit_or_stored_file(one) for one in instances)
    pairs = ((_headers(file), file.chunks) for file in made)
    return answer.multipart_unsized(request, pairs, media_type=DICOM, etag=etag)


def _stored_offer(listed: Sequence[Listed]) -> Offer:
    """Return the offer of the files as they are; its transfer syntax has a name if they all share it."""
    syntaxes = {one.transfer_syntax_uid for one in listed}
    return Offer(DICOM, syntaxes.pop() if len(syntaxes) == 1 else "*", is_multipart=True)


def _zip(request: ClinicRequest, found: Study, listed: Sequence[Listed], etag: str) -> HttpResponseBase:
    size = sum(one.size for one in listed)
    reading.note_download(request.actor, found, now=timezone.now(), instances=len(listed), size=size)
    chunks = zipped(request.tenant.id, listed)
    response = answer.streamed(request, chunks, content_type=ZIP, etag=etag)
    response["Content-Disposition"] = 'attachment; filename="study.zip"'
    return response


def _headers(file: File) -> dict[str, str]:
    return {"Content-Type": f"{DICOM}; transfer-syntax={file.transfer_syntax_uid}"}


def _stored_headers(one: Listed) -> dict[str, str]:
    return {"Content-Type": f"{DICOM}; transfer-syntax={one.transfer_syntax_uid}"}


def _next_of(bodies: Iterator[Iterator[bytes]]) -> Iterator[bytes]:
    """Yield the next of several bodies once this one's turn has come."""
    yield from next(bodies)
