"""QIDO-RS (PS3.18 §10.6): searches for studies, series and instances.

Every search also stands below `beside/<study UIDs>`, where it finds the persons of these studies alone. The viewer is
given that root: it asks for priors by the bare Patient ID, which two persons may share.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from pacs.dicom.dicom_json import JsonObject
from pacs.dicom.native_model import native_model
from pacs.dicom.tags import Level
from pacs.dicomweb.errors import NotAcceptable, answered
from pacs.dicomweb.media_types import Offer, choose_with_parameter
from pacs.dicomweb.multipart import new_boundary, write_parts
from pacs.dicomweb.query import Query, parse_query
from pacs.events import SEARCHED
from pacs.models import Instance, Series, Study
from pacs.search.columns import SERIES_UID, STUDY_UID
from pacs.search.criteria import Criterion, Exact
from pacs.search.find import Found, Search, find_instances, find_series, find_studies, narrow_to_person
from pacs.search.recorded import note_search
from pacs.search.results import Fields, answer
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Actor, Permission

JSON, PLAIN_JSON, XML = "application/dicom+json", "application/json", "application/dicom+xml"
OFFERS = [Offer(JSON), Offer(PLAIN_JSON), Offer(XML, is_multipart=True)]
PERSONS_AT_MOST = 50
_NAME = re.compile(r"[A-Za-z0-9.,=]{1,80}")
_FINDERS: dict[Level, Callable[[Actor, Search], Found[Study] | Found[Series] | Found[Instance]]] = {
    Level.STUDY: find_studies,
    Level.SERIES: find_series,
    Level.INSTANCE: find_instances,
}


@clinic_api(Permission.STUDY_SEARCH, event=SEARCHED)
@require_safe
@answered
def studies(request: ClinicRequest, beside: str = "") -> HttpResponseBase:
    """Search for studies."""
    return _search(request, Level.STUDY, {Level.STUDY}, beside)


@clinic_api(Permission.STUDY_SEARCH, event=SEARCHED)
@require_safe
@answered
def series(request: ClinicRequest, study_uid: str = "", beside: str = "") -> HttpResponseBase:
    """Search for series, of one study or of all."""
    levels = {Level.SERIES} if study_uid else {Level.STUDY, Level.SERIES}
    return _search(request, Level.SERIES, levels, beside, study_uid=study_uid)


@clinic_api(Permission.STUDY_SEARCH, event=SEARCHED)
@require_safe
@answered
def instances(
    request: ClinicRequest, study_uid: str = "", series_uid: str = "", beside: str = ""
) -> HttpResponseBase:
    """Search for instances, of one series, of one study or of all."""
    levels = {Level.INSTANCE}
    levels |= set() if series_uid else {Level.SERIES}
    levels |= set() if study_uid else {Level.STUDY}
    return _search(request, Level.INSTANCE, levels, beside, study_uid=study_uid, series_uid=series_uid)


def _search(
    request: ClinicRequest,
    level: Level,
    levels: Iterable[Level],
    beside: str,
    *,
    study_uid: str = "",
    series_uid: str = "",
) -> HttpResponseBase:
    offer = choose_with_parameter(request.GET.get("accept", ""), request.headers.get("Accept", ""), OFFERS)
    if offer is None:
        raise NotAcceptable
    asked = [(name, value) for name, values in request.GET.lists() for value in values]
    query = parse_query(asked)
    found = _FINDERS[level](request.actor, _asked_for(query, beside, study_uid, series_uid))
    place = [
        (name, uid) for name, uid in (("study", study_uid), ("series", series_uid), ("beside", beside)) if uid
    ]
    note_search(request.actor, level=level, asked=[*place, *asked], shown=len(found.rows), now=timezone.now())
    root = request.build_absolute_uri(f"/c/{request.tenant.slug}/dicom-web")
    fields = _fields(query, levels)
    return _response(offer, [answer(row, fields, root=root) for row in found.rows], query, found, root)


def _asked_for(query: Query, beside: str, study_uid: str, series_uid: str) -> Search:
    place = [
        Criterion(tag, Exact(uid)) for tag, uid in ((STUDY_UID, study_uid), (SERIES_UID, series_uid)) if uid
    ]
    search = Search(
        criteria=(*place, *query.criteria), is_fuzzy=query.is_fuzzy, limit=query.limit, offset=query.offset
    )
    return narrow_to_person(search, beside.split(",")[:PERSONS_AT_MOST]) if beside else search


def _fields(query: Query, levels: Iterable[Level]) -> Fields:
    matched = {criterion.tag for criterion in query.criteria}
    times = {criterion.time_tag for criterion in query.criteria if criterion.time_tag is not None}
    included = {path[0] for path in query.included}
    return Fields(frozenset(levels), frozenset(matched | times | included), shows_all=query.includes_all)


def _response(
    offer: Offer,
    results: Sequence[JsonObject],
    query: Query,
    found: Found[Study] | Found[Series] | Found[Instance],
    root: str,
) -> HttpResponseBase:
    response = _as_xml(results) if offer.media_type == XML else _as_json(results, offer.media_type)
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = "Accept, Cookie, Authorization"
    if found.total is not None:
        response["X-Total-Count"] = str(found.total)
    if warnings := [f"299 {root}: {sentence}" for sentence in _warnings(query, found)]:
        response["Warning"] = ", ".join(warnings)
    return response


def _as_json(results: Sequence[JsonObject], media_type: str) -> HttpResponseBase:
    return HttpResponse(json.dumps(results, separators=(",", ":")), content_type=media_type)


def _as_xml(results: Sequence[JsonObject]) -> HttpResponseBase:
    """One part for each result (PS3.18 §10.6.3.3); no results are no parts, which no multipart body can say."""
    if not results:
        return HttpResponse(status=204)
    boundary = new_boundary()
    parts = (({"Content-Type": XML}, [native_model(result)]) for result in results)
    return StreamingHttpResponse(
        write_parts(parts, boundary), content_type=f'multipart/related; type="{XML}"; boundary={boundary}'
    )


def _warnings(query: Query, found: Found[Study] | Found[Series] | Found[Instance]) -> Iterable[str]:
    if found.has_more:
        rest = f"{found.total - query.offset - len(found.rows)} " if found.total is not None else ""
        yield f"There are {rest}additional results that can be requested"
    ignored = [*query.ignored, *(f"{tag:08X}" for tag in found.ignored)]
    if names := [name for name in ignored if _NAME.fullmatch(name)]:
        yield f"Not used: {' '.join(names[:20])}"
