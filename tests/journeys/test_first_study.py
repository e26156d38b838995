"""A newcomer's first study: sign in, drop a folder, find it, open it, see it and scroll, in a real browser.

The steps are tests of their own that build on one another, as a person's day does.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.conftest import SHARED
from tests.journeys.chromium import Visit, visit
from tests.servers.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.shared]
STUDY = SHARED / "data" / "dicom" / "studies" / "ct-head-phantom"
STUDY_UID = "1.3.46.670589.33.1.27492712521914879309.27169771283235650014"
BRAIN = "1.3.46.670589.33.1.6002432791750815306.26862469513794233732"
SIDE = 24


@pytest.fixture(scope="module")
def owner(browser: Browser, installation: Demo) -> Iterator[Visit]:
    """The owner of the first clinic, in one window all along."""
    with visit(browser, installation.url) as visitor:
        yield visitor


def test_signs_in_with_the_keyboard_alone(owner: Visit, installation: Demo, pictures: Path) -> None:
    page = owner.page
    email, password = installation.owner()
    address = f"/c/{installation.text('slug')}/studies/"
    page.goto(address)
    assert "/login/" in page.url
    assert owner.violations() == []
    owner.sign_in(email, password)
    assert page.url == installation.url + address
    page.screenshot(path=pictures / "1-list.png")
    assert owner.violations() == []


def test_drops_a_folder_and_watches_it_arrive(owner: Visit, pictures: Path) -> None:
    page = owner.page
    page.get_by_role("link", name="Upload").first.click()
    assert owner.violations() == []
    owner.drop(STUDY)
    expect(page.locator("#upload-bar")).to_be_visible()
    expect(page.locator("#upload-speed")).to_contain_text("a second")
    page.screenshot(path=pictures / "2-uploading.png")
    expect(page.locator("#upload-summary")).to_contain_text("Stored: 173", timeout=60_000)
    assert owner.violations() == []
    page.screenshot(path=pictures / "3-uploaded.png")


def test_sending_it_again_skips_what_is_stored(owner: Visit) -> None:
    page = owner.page
    page.reload()
    page.locator("#upload-folder").set_input_files(STUDY / "1-scout")
    expect(page.locator("#upload-summary")).to_contain_text("Already there: 1", timeout=30_000)


def test_finds_it_in_the_list(owner: Visit, pictures: Path) -> None:
    page = owner.page
    page.get_by_role("link", name="Go to the studies").click()
    page.wait_for_url("**/studies/?sort=arrived")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("plastic")
    row = page.locator("tr.study")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("173 images")
    page.screenshot(path=pictures / "4-found.png")
    assert owner.violations() == []


def test_opens_it_with_the_keyboard_and_reads_the_notice_once(owner: Visit, pictures: Path) -> None:
    page = owner.page
    page.locator("tr.study").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Before you open the viewer")).to_be_visible()
    assert owner.violations() == []
    page.screenshot(path=pictures / "5-notice.png")
    page.get_by_role("button", name=re.compile("open the viewer")).click()
    page.wait_for_url(f"**/viewer?StudyInstanceUIDs={STUDY_UID}*")
    owner.wait_for_image()
    page.screenshot(path=pictures / "6-viewer.png")


def _drawn_slices(owner: Visit, installation: Demo) -> list[list[int]]:
    """Return each slice of the series as the server draws it, small and grey."""
    series = f"/c/{installation.text('slug')}/dicom-web/studies/{STUDY_UID}/series/{BRAIN}"
    found = owner.page.request.get(f"{series}/metadata").json()
    uids = [one["00080018"]["Value"][0] for one in found]
    assert len(uids) == 28
    return [
        _small(owner.page.request.get(f"{series}/instances/{uid}/rendered?accept=image/png").body())
        for uid in uids
    ]


def _small(picture: bytes) -> list[int]:
    return list(
        Image.open(BytesIO(picture)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX).tobytes()
    )


def _likeness(first: list[int], second: list[int]) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def test_sees_the_first_slice(owner: Visit, installation: Demo, pictures: Path) -> None:
    viewer = f"/c/{installation.text('slug')}/viewer"
    owner.page.goto(f"{viewer}?StudyInstanceUIDs={STUDY_UID}&initialSeriesInstanceUID={BRAIN}")
    owner.wait_for_image(bright=5_000)
    owner.page.screenshot(path=pictures / "7-brain.png")
    assert _shown_number(owner) == 28


def test_scrolls_to_another_slice_as_the_server_draws_it(
    owner: Visit, installation: Demo, pictures: Path
) -> None:
    page, before = owner.page, owner.wait_for_image(bright=5_000)
    place = page.locator("canvas").first.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    for _ in range(10):
        page.mouse.wheel(0, 100)
        page.wait_for_timeout(100)
    owner.wait_for_other_image(before)
    page.screenshot(path=pictures / "8-scrolled.png")
    likeness = [_likeness(owner.small(SIDE), drawn) for drawn in _drawn_slices(owner, installation)]
    assert max(likeness) > 0.98
    assert likeness.index(max(likeness)) + 1 == _shown_number(owner) < 28


def _shown_number(owner: Visit) -> int:
    """Return the instance number that the viewer writes beside the image."""
    label = owner.page.get_by_text(re.compile(r"\(\d+/28\)")).first.inner_text()
    return int(label.split("(")[0])


def test_a_measurement_is_saved_into_the_study_and_there_after_a_reload(
    owner: Visit, installation: Demo, pictures: Path
) -> None:
    page = owner.page
    _measure(owner)
    page.locator('[data-cy="trackedMeasurements-btn"]').click()
    page.wait_for_timeout(1000)  # a measurement is followed a moment after it is drawn
    page.get_by_text("Create SR").click()
    page.wait_for_timeout(1000)
    page.screenshot(path=pictures / "9-measured.png")
    with page.expect_response(lambda answer: answer.request.method == "POST") as stored:
        page.get_by_role("button", name="Save").click()
    assert stored.value.status == 200
    reports = f"/c/{installation.text('slug')}/dicom-web/studies/{STUDY_UID}/series?Modality=SR"
    assert len(page.request.get(reports).json()) == 1
    page.reload()
    owner.wait_for_image()
    expect(page.locator('[data-cy^="study-browser-thumbnail"]', has_text="SR")).to_have_count(
        1, timeout=30_000
    )
    page.screenshot(path=pictures / "10-reloaded.png")


def _measure(owner: Visit) -> None:
    """Draw a length across the middle of the image."""
    page, place = owner.page, owner.page.locator("canvas").first.bounding_box()
    assert place is not None
    across, down = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.locator('[data-cy="MeasurementTools-split-button-primary"]').click()
    page.wait_for_timeout(500)  # the tool becomes active a moment after the button
    page.mouse.click(across - 100, down)
    page.mouse.move(across, down + 20)
    page.wait_for_timeout(200)
    page.mouse.click(across + 100, down + 40)
    page.wait_for_timeout(1000)


def test_nothing_went_wrong_and_no_other_host_was_asked(owner: Visit, installation: Demo) -> None:
    assert owner.faults == []
    assert owner.hosts == {urlsplit(installation.url).netloc}
