"""The answer to STOW-RS: one item for each instance (PS3.18 §10.5.3, Annex I.2)."""

import json
from collections.abc import Sequence

from django.http import HttpResponse

from pacs.ingest.outcomes import Outcome, Status
from pacs.ingest.sentences import sentence
from tenants.authentication import ClinicRequest

ALREADY_STORED = 0xB010
"""Our own warning reason: the same image was there before; nothing new is stored."""

Item = dict[str, dict[str, object]]


def answer(request: ClinicRequest, outcomes: Sequence[Outcome]) -> HttpResponse:
    """Return 200 when all is stored, 202 when some is, 409 when nothing is, 400 for an empty body."""
    if not outcomes:
        return HttpResponse(
            "The body holds no instance.\n", status=400, content_type="text/plain; charset=utf-8"
        )
    root = request.build_absolute_uri(f"/c/{request.tenant.slug}/dicom-web")
    refused = [outcome for outcome in outcomes if outcome.status is Status.REFUSED]
    body = _body(root, outcomes)
    status = 200 if not refused else 409 if len(refused) == len(outcomes) else 202
    return HttpResponse(json.dumps(body), status=status, content_type="application/dicom+json")


def _body(root: str, outcomes: Sequence[Outcome]) -> Item:
    stored = [outcome for outcome in outcomes if outcome.status is not Status.REFUSED]
    refused = [outcome for outcome in outcomes if outcome.status is Status.REFUSED]
    studies = {outcome.study_uid for outcome in stored}
    body: Item = {}
    if len(studies) == 1:
        body["00081190"] = _value("UR", f"{root}/studies/{studies.pop()}")
    if stored:
        body["00081199"] = _sequence([_stored(root, outcome) for outcome in stored])
    if named := [outcome for outcome in refused if outcome.sop_uid]:
        body["00081198"] = _sequence([_names(outcome) | _failure(outcome) for outcome in named])
    if unnamed := [outcome for outcome in refused if not outcome.sop_uid]:
        body["0008119A"] = _sequence([_failure(outcome) for outcome in unnamed])
    return body


def _stored(root: str, outcome: Outcome) -> Item:
    place = f"{root}/studies/{outcome.study_uid}/series/{outcome.series_uid}/instances/{outcome.sop_uid}"
    item = _names(outcome) | {"00081190": _value("UR", place)}
    if outcome.status is Status.SAME:
        item["00081196"] = _value("US", ALREADY_STORED)
    return item


def _names(outcome: Outcome) -> Item:
    return {"00081150": _value("UI", outcome.sop_class_uid), "00081155": _value("UI", outcome.sop_uid)}


def _failure(outcome: Outcome) -> Item:
    """Failure Reason for machines, Error Comment (0000,0902) for people."""
    return {
        "00081197": _value("US", outcome.failure_code),
        "00000902": _value("LO", sentence(outcome.reason)),
    }


def _value(vr: str, value: object) -> dict[str, object]:
    return {"vr": vr, "Value": [value]} if value != "" else {"vr": vr}


def _sequence(items: Sequence[Item]) -> dict[str, object]:
    return {"vr": "SQ", "Value": list(items)}
