"""The study list in Chromium: by keyboard, without a full reload, with undo, on a phone, and without scripts."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from tenants import entry
from tenants.models import User
from tests import database
from tests.conftest import NOW, Clinic, make_clinic, signed_in
from tests.dicom_files import uid
from tests.pacs.arrivals import slice_of, stored
from tests.servers.live import live_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not settings.ASSETS_DIR.is_dir(), reason="needs the browser's packages: make"),
]
NAMES = ("Araújo^Ana", "Braun^Bea", "Curie^Marie")


@dataclass(frozen=True)
class Place:
    """Where the server is, and the session in which alice is signed in."""

    url: str
    session: str


@pytest.fixture(scope="module")
def north(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Clinic]:
    """A clinic with three studies, of which the first in the list is Ana's."""
    with django_db_blocker.unblock():
        clinic = make_clinic("north", "alice")
        for number, name in enumerate(NAMES):
            ds = slice_of(study=10 + number, series=20 + number, number=30 + number, PatientName=name)
            ds.PatientID, ds.StudyDate = f"P{number}", f"2026010{9 - number}"
            stored(clinic, ds)
        User.objects.update(viewer_notice_read_at=NOW)
        yield clinic
        for connection in connections.all():
            connection.close()
        database.empty()
        entry.forget_keys()


@pytest.fixture(scope="module")
def place(north: Clinic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    session = signed_in(north.owner).cookies["sessionid"].value
    with live_server(tmp_path_factory.mktemp("web"), workers=1) as url:
        yield Place(url, session)


@pytest.fixture(scope="module")
def browser(place: Place) -> Iterator[Browser]:
    """Chromium, begun after the database was used: beside Playwright's loop Django refuses to."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


def opened(browser: Browser, place: Place, *, width: int = 1280, scripts: bool = True) -> Page:
    """Return the study list in a window of alice's."""
    context = browser.new_context(
        base_url=place.url, viewport={"width": width, "height": 844}, java_script_enabled=scripts
    )
    context.add_cookies([{"name": "sessionid", "value": place.session, "url": place.url}])
    page = context.new_page()
    page.goto("/c/north/studies/")
    expect(page.locator("h1")).to_have_text("Studies")
    return page


def shown(page: Page) -> list[str]:
    return page.locator(".patient-name").all_inner_texts()


def test_typing_narrows_the_list_in_place_and_back_widens_it(browser: Browser, place: Place) -> None:
    page = opened(browser, place)
    page.evaluate("window.isSame = true")
    page.keyboard.press("/")
    page.keyboard.type("araujo")
    expect(page.locator(".count")).to_have_text("1 study")
    assert (shown(page), page.url) == (["Araújo, Ana"], f"{place.url}/c/north/studies/?q=araujo")
    assert page.evaluate("window.isSame") is True
    page.go_back()
    expect(page.locator(".count")).to_have_text("3 studies")
    page.go_forward()
    expect(page.locator("#id_q")).to_have_value("araujo")
    expect(page.locator(".count")).to_have_text("1 study")
    page.context.close()


def test_a_study_is_opened_by_keyboard_alone(browser: Browser, place: Place) -> None:
    page = opened(browser, place)
    for key in ("j", "ArrowDown", "j", "k", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(f"**/viewer*StudyInstanceUIDs={uid(11)}*")
    page.context.close()


def test_deleting_and_undoing_by_keyboard(browser: Browser, place: Place) -> None:
    page = opened(browser, place)
    expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    for key in ("j", " ", "j", " "):
        page.keyboard.press(key)
    expect(page.locator(".selected-count")).to_have_text("2 selected")
    page.get_by_role("button", name="Delete").press("Enter")
    expect(page.locator("#notice")).to_contain_text("2 studies were moved to the bin.")
    assert shown(page) == ["Curie, Marie"]
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("#notice")).to_contain_text("2 studies are back.")
    assert len(shown(page)) == 3
    page.context.close()


def test_keys_in_a_field_are_text(browser: Browser, place: Place) -> None:
    page = opened(browser, place)
    page.locator("#id_q").click()
    page.keyboard.type("jk/ ")
    expect(page.locator("#id_q")).to_have_value("jk/ ")
    page.context.close()


@pytest.mark.parametrize("path", ["studies/", "attention/", "bin/", "upload/", f"studies/{uid(10)}/"])
def test_a_phone_scrolls_in_one_direction_only(browser: Browser, place: Place, path: str) -> None:
    page = opened(browser, place, width=390)
    page.goto(f"/c/north/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.context.close()


def test_it_works_without_scripts(browser: Browser, place: Place) -> None:
    page = opened(browser, place, scripts=False)
    page.locator("#id_q").fill("curie")
    page.get_by_role("button", name="Search").click()
    assert shown(page) == ["Curie, Marie"]
    page.locator("input[name=study]").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#notice")).to_contain_text("1 study was moved to the bin.")
    page.get_by_role("button", name="Undo").click()
    assert shown(page) == ["Curie, Marie"]
    page.context.close()
