"""Every kind of object opens in the viewer, in a real browser, without an error; three of them each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.acceptance.pack import valid_files
from tests.acceptance.stowing import CONTENT_TYPE, body
from tests.conftest import SHARED
from tests.journeys.chromium import PHONE, PHONE_AGENT, Visit, visit
from tests.servers.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.shared]
STUDIES = SHARED / "data" / "dicom" / "studies"
PICTURES = ["us-echo-cine", "mr-enhanced-knee", "xa-coronary", "mg-screening", "nm-heart", "ct-liver-seg"]
OTHERS = {"encapsulated-pdf": "object, embed, iframe", "sr-reports": "text=/./", "ecg": "svg, canvas"}
EACH_TIME = {"us-echo-cine", "mr-enhanced-knee"}


def param(name: str) -> object:
    return pytest.param(name, marks=[] if name in EACH_TIME else [pytest.mark.long])


@pytest.fixture(scope="module")
def reader(browser: Browser, installation: Demo) -> Iterator[Visit]:
    """A person who is signed in and has read the notice."""
    with visit(browser, installation.url) as visitor:
        sign_in(visitor, installation)
        visitor.page.goto(f"/c/{installation.text('slug', 1)}/viewer/notice?")
        visitor.page.locator("main form button[type=submit]").click()
        visitor.page.wait_for_url("**/viewer?*")
        yield visitor


def sign_in(visitor: Visit, installation: Demo) -> None:
    visitor.page.goto("/login/")
    visitor.sign_in(*installation.owner(1))


def store(installation: Demo, name: str) -> str:
    """Store a study of the public data in the second clinic; returns its UID."""
    headers = {"Authorization": f"Bearer {installation.text('api_key', 1)}", "Content-Type": CONTENT_TYPE}
    files = sorted(path for path in (STUDIES / name).rglob("*.dcm"))
    address = f"{installation.text('dicomweb', 1)}/studies"
    answer = requests.post(
        address, data=body(*(file.read_bytes() for file in files)), headers=headers, timeout=120
    )
    assert answer.status_code == 200
    return next(file.study_uid for file in valid_files() if file.path.startswith(f"studies/{name}/"))


def open_study(visitor: Visit, installation: Demo, study_uid: str) -> None:
    visitor.faults.clear()
    visitor.page.goto(f"/c/{installation.text('slug', 1)}/viewer?StudyInstanceUIDs={study_uid}")


@pytest.mark.parametrize("name", [param(name) for name in PICTURES])
def test_an_image_opens(reader: Visit, installation: Demo, pictures: Path, name: str) -> None:
    open_study(reader, installation, store(installation, name))
    reader.wait_for_image(bright=1000)
    reader.page.screenshot(path=pictures / f"kind-{name}.png")
    assert reader.faults == []
    assert reader.hosts == {installation.url.removeprefix("http://")}


@pytest.mark.parametrize("name", [param(name) for name in OTHERS])
def test_a_document_opens(reader: Visit, installation: Demo, pictures: Path, name: str) -> None:
    open_study(reader, installation, store(installation, name))
    expect(reader.page.locator('[data-cy="viewport-grid"]').locator(OTHERS[name]).first).to_be_attached(
        timeout=30_000
    )
    reader.page.wait_for_timeout(2000)
    reader.page.screenshot(path=pictures / f"kind-{name}.png")
    assert reader.faults == []


def test_a_phone_gets_a_list_and_a_plain_notice(browser: Browser, installation: Demo, pictures: Path) -> None:
    with visit(browser, installation.url, size=PHONE, agent=PHONE_AGENT) as phone:
        sign_in(phone, installation)
        for name, path in (
            ("list", "studies/"),
            ("upload", "upload/"),
            ("viewer", "viewer?StudyInstanceUIDs=1.2.3"),
        ):
            phone.page.goto(f"/c/{installation.text('slug', 1)}/{path}")
            phone.page.screenshot(path=pictures / f"phone-{name}.png")
            assert phone.violations() == []
            assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert phone.page.locator("canvas").count() == 0
