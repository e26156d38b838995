"""What viewer.js adds to OHIF's page, in Chromium, with every answer given by the test and no OHIF."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from pacs.web.viewer_config import TEXTS, Viewer, app_config

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[3] / "pacs" / "static"
ORIGIN = "http://pacs.test"
VIEWER = Viewer(
    root="/c/alpha",
    name="Alpha Clinic",
    list_url="/c/alpha/studies/",
    sign_in_url="/login/?popup=1",
    csrf_cookie="csrftoken",
    language="pt-BR",
    has_accepted_notice=True,
    texts=TEXTS,
)
PAGE = (
    '<!doctype html><script src="viewer/app-config.js"></script>'
    '<link rel="stylesheet" href="/static/pacs/viewer.css"><script src="/static/pacs/viewer.js"></script>'
)
ASK = """async (kind) => {
  if (kind === "fetch") {
    const sent = {method: "POST", body: "bytes", headers: {"X-Test": "1"}};
    const answer = await fetch("/c/alpha/dicom-web/studies", sent);
    return [answer.status, await answer.text()];
  }
  return await new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.onreadystatechange = () => {
      if (request.readyState === 4) resolve([request.status, request.responseText]);
    };
    request.open("POST", "/c/alpha/dicom-web/studies");
    request.setRequestHeader("X-Test", "1");
    request.send("bytes");
  });
}"""


class Server:
    """Answers the page's requests, and remembers what was posted."""

    def __init__(self) -> None:
        self.is_signed_in = True
        self.status_code = 401  # of a request without session
        self.state: dict[str, object] = {"arriving": False, "refused": 0}
        self.posts: list[tuple[str, str, str]] = []

    def __call__(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith("/static/"):
            route.fulfill(path=STATIC / path.removeprefix("/static/"))
        elif path.endswith("/app-config.js"):
            route.fulfill(body=app_config(VIEWER), content_type="text/javascript")
        elif path == "/login/?popup=1":
            self.is_signed_in = True
            route.fulfill(
                body="in", content_type="text/html", headers={"Set-Cookie": "csrftoken=new; Path=/"}
            )
        elif not self.is_signed_in:
            route.fulfill(status=self.status_code)
        elif path.startswith("/c/alpha/viewer/status?"):
            route.fulfill(body=json.dumps(self.state), content_type="application/json")
        elif route.request.method == "POST":
            headers, body = route.request.headers, route.request.post_data or ""
            self.posts.append((headers.get("x-csrftoken", ""), headers.get("x-test", ""), body))
            route.fulfill(body="saved", content_type="text/plain")
        else:
            route.fulfill(
                body=PAGE, content_type="text/html", headers={"Set-Cookie": "csrftoken=old; Path=/"}
            )


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = chromium.new_context()
        context.set_default_timeout(10_000)
        context.route("**/*", server)
        yield context.new_page()
        chromium.close()


def open_viewer(page: Page) -> None:
    page.goto(f"{ORIGIN}/c/alpha/viewer?StudyInstanceUIDs=1.2.3")


@pytest.mark.parametrize("kind", ["fetch", "XMLHttpRequest"])
def test_a_request_waits_until_the_person_has_signed_in_again(page: Page, server: Server, kind: str) -> None:
    open_viewer(page)
    server.is_signed_in = False
    page.evaluate(f"() => {{ window.answer = ({ASK})('{kind}') }}")
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Sign in again").click()
    assert page.evaluate("window.answer") == [200, "saved"]
    assert server.posts == [("new", "1", "bytes")]
    expect(page.locator("dialog")).to_have_count(0)
    assert popup.value.is_closed()


def test_the_wait_cannot_be_closed_by_escape(page: Page, server: Server) -> None:
    open_viewer(page)
    server.is_signed_in = False
    page.evaluate(f"() => {{ window.answer = ({ASK})('fetch') }}")
    expect(page.locator("dialog[open]")).to_have_count(1)
    for _ in range(3):
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(1)


def test_someone_without_the_right_finds_an_empty_page(page: Page, server: Server) -> None:
    open_viewer(page)
    page.evaluate("document.body.append('a patient')")
    server.is_signed_in = False
    page.evaluate(f"() => {{ window.answer = ({ASK})('fetch') }}")
    expect(page.locator("dialog[open]")).to_be_visible()
    server.status_code = 404
    expect(page.locator("body")).not_to_contain_text("a patient", timeout=8000)


def test_a_request_carries_the_csrf_token(page: Page, server: Server) -> None:
    open_viewer(page)
    assert page.evaluate(ASK, "XMLHttpRequest") == [200, "saved"]
    assert server.posts == [("old", "1", "bytes")]


def test_arriving_and_refused_images_are_announced(page: Page, server: Server) -> None:
    server.state = {"arriving": True, "refused": 2}
    open_viewer(page)
    sentence = "Images of this study are still arriving. 2 images of this study were refused."
    expect(page.get_by_role("status")).to_contain_text(sentence)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("status")).to_have_count(0)


def test_a_complete_study_says_nothing(page: Page, server: Server) -> None:
    with page.expect_response("**/viewer/status?study=1.2.3"):
        open_viewer(page)
    expect(page.get_by_role("status")).to_have_count(0)


def test_the_arrow_leads_to_our_list(page: Page, server: Server) -> None:
    open_viewer(page)
    page.evaluate("history.pushState({}, '', '/c/alpha/?x=1')")
    page.wait_for_url(f"{ORIGIN}/c/alpha/studies/")


def test_other_addresses_stay_the_viewers(page: Page, server: Server) -> None:
    open_viewer(page)
    page.evaluate("history.pushState({}, '', '/c/alpha/viewer?StudyInstanceUIDs=1.2.4')")
    assert page.url == f"{ORIGIN}/c/alpha/viewer?StudyInstanceUIDs=1.2.4"
    assert page.evaluate("[document.documentElement.lang, localStorage.i18nextLng]") == ["pt-BR", "pt-BR"]
