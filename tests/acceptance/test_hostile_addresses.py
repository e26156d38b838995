"""Addresses, headers and parameters that no client would send: refused or not found, and never told back."""

from collections.abc import Mapping

import pytest

from tests.acceptance.house import rows
from tests.acceptance.stowing import body
from tests.acceptance.wire import get, head, headers_of, talk
from tests.conftest import Clinic
from tests.dicom_files import image, written
from tests.servers.live import LiveServer

pytestmark = pytest.mark.usefixtures("harmless")

HOSTILE_UIDS = [
    "..", "../../etc/passwd", "%2e%2e", "%2e%2e%2f%2e%2e", "..%5c..", "%00", "1.2%00.3", "1" * 4096, "%0d%0aX:1",
    "1.2.3%0a", "%ff%fe", "'%20OR%201=1--", "%7B%7B7*7%7D%7D", "-1", "1..2", "%D9%A1.%D9%A2", "con", "1.2.3%20",
]  # fmt: skip
PLACES = [
    "studies/{}", "studies/{}/metadata", "studies/{}/series", "studies/{}/series/1.2", "studies/1.2/series/{}",
    "studies/1.2/series/1.3/instances/{}", "studies/1.2/series/1.3/instances/{}/frames/1",
    "studies/1.2/series/1.3/instances/1.4/frames/{}", "studies/1.2/series/1.3/instances/1.4/bulk/{}",
    "studies/{}/rendered", "studies/{}/thumbnail", "beside/{}/studies",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_hostile_uids_in_an_address_are_not_found(server: LiveServer, clinic: Clinic, place: str) -> None:
    answers = {uid: get(server, clinic, place.format(uid)).status for uid in HOSTILE_UIDS}
    allowed = {200, 400, 404} if place.startswith("beside/") or place.endswith("}/series") else {400, 404}
    assert {uid: status for uid, status in answers.items() if status not in allowed} == {}


@pytest.mark.parametrize("uid", HOSTILE_UIDS)
def test_nothing_is_stored_under_a_hostile_study_uid(server: LiveServer, clinic: Clinic, uid: str) -> None:
    content, before = body(written(image(number=40))), rows(clinic)["Instance"]
    headers = headers_of(clinic, Content_Length=str(len(content)))
    answer = talk(server, [head("POST", f"{clinic.root}/dicom-web/studies/{uid}", headers), content])
    assert answer.status in (400, 404, 405, 409), answer
    assert rows(clinic)["Instance"] == before


@pytest.mark.parametrize(
    "changed",
    [{"Host": "evil.example"}, {"X_Forwarded_Host": "evil.example"}, {"Accept": "*/*\tSet-Cookie: a=b"}],
)
@pytest.mark.parametrize(
    "path", ["studies?accept=application/dicom%2Bjson%0d%0aSet-Cookie:a=b", "studies?limit=1"]
)
def test_nothing_of_a_request_becomes_a_header(
    server: LiveServer, clinic: Clinic, changed: Mapping[str, str], path: str
) -> None:
    answer = get(server, clinic, path, **changed)
    assert answer.status in (200, 204, 400, 406)
    told = {name.lower(): value for name, value in answer.headers.items()}
    assert "set-cookie" not in told
    assert "evil" not in str(told)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=1e9", "limit=", "limit=99999999999999999999", "limit=1&limit=2", "offset=-1", "offset=x",
        "&".join(["includefield=00100010"] * 300),
        "StudyDate=99999999", "StudyDate=20240101-20230101-20220101", "fuzzymatching=maybe",
        "StudyInstanceUID=1.2%00.3",
    ],
)  # fmt: skip
def test_searches_that_mean_nothing_are_refused(server: LiveServer, clinic: Clinic, query: str) -> None:
    assert get(server, clinic, f"studies?{query}").status == 400, query


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=%00", "PatientName=%ff%fe", "PatientName=" + "*" * 4000, "PatientName=%27%3BDROP%20TABLE",
        "PatientID=%25%5F%5C", "PatientName=%F0%9F%92%A9", "limit=1000000000", "includefield=all",
        "includefield=" + ",".join(["00100010"] * 700), "00100020=*",
    ],
)  # fmt: skip
def test_odd_searches_are_answered(server: LiveServer, clinic: Clinic, query: str) -> None:
    assert get(server, clinic, f"studies?{query}").status in (200, 204, 400), query


def test_a_request_line_without_end_is_refused(server: LiveServer, clinic: Clinic) -> None:
    assert get(server, clinic, "studies?PatientName=" + "x" * 20_000).status in (0, 400, 414)
