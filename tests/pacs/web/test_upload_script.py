"""The upload page's script, in Chromium, against a server that answers as it is told."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.pacs.web.upload_page import StowServer, dicom_file, serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def stow() -> StowServer:
    return StowServer()


@pytest.fixture
def page(browser: Browser, stow: StowServer) -> Iterator[Page]:
    server = serve(stow)
    Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.context.add_cookies(
        [{"name": "csrftoken", "value": "secret", "url": f"http://127.0.0.1:{server.server_port}"}]
    )
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    page.context.close()
    server.shutdown()
    server.server_close()
    assert errors == []


def choose(page: Page, files: dict[str, bytes], folder: Path) -> None:
    paths = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    page.locator("#upload-files").set_input_files(paths)


def zipped(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return archive.getvalue()


def expect_end(page: Page, summary: str) -> None:
    expect(page.locator("#upload-status")).to_have_text(f"Finished. {summary}", timeout=20_000)


def problems(page: Page) -> list[list[str]]:
    rows = page.locator("#upload-problems tbody tr").all()
    return sorted(row.locator("td").all_inner_texts() for row in rows)


def test_files_arrive_bit_for_bit_with_the_csrf_token(page: Page, stow: StowServer, tmp_path: Path) -> None:
    files = {f"{number}.dcm": dicom_file(f"1.2.{number}", size=number) for number in range(100)}
    choose(page, files, tmp_path)
    expect_end(page, "Stored: 100")
    assert stow.stored == {f"1.2.{number}": files[f"{number}.dcm"] for number in range(100)}
    assert set(stow.tokens) == {"secret"}
    assert max(stow.batches) == 20


def test_a_refused_file_is_shown_with_the_servers_sentence(
    page: Page, stow: StowServer, tmp_path: Path
) -> None:
    stow.refuse["1.2.2"] = "Another image has this number."
    choose(page, {"good.dcm": dicom_file("1.2.1"), "bad.dcm": dicom_file("1.2.2")}, tmp_path)
    expect_end(page, "Stored: 1 · Refused: 1")
    assert problems(page) == [["bad.dcm", "Another image has this number."]]


def test_what_is_there_is_said_to_be_there(page: Page, stow: StowServer, tmp_path: Path) -> None:
    stow.stored["1.2.1"] = b""
    choose(page, {"one.dcm": dicom_file("1.2.1")}, tmp_path)
    expect_end(page, "Stored: 0 · Already there: 1")


def test_other_files_are_not_sent(page: Page, stow: StowServer, tmp_path: Path) -> None:
    choose(
        page, {"notes.txt": b"nothing", "DICOMDIR": dicom_file("1.3"), "one.dcm": dicom_file("1.2")}, tmp_path
    )
    expect_end(page, "Stored: 1 · Refused: 1 · Not images: 1")
    assert problems(page) == [["notes.txt", "This is not a DICOM file."]]
    assert list(stow.stored) == ["1.2"]


def test_a_zip_in_a_zip_is_opened(page: Page, stow: StowServer, tmp_path: Path) -> None:
    image = dicom_file("1.2.1", size=200_000)
    inner = zipped({"study/one": image})
    choose(page, {"outer.zip": zipped({"inner.zip": inner, "two.dcm": dicom_file("1.2.2")})}, tmp_path)
    expect_end(page, "Stored: 2")
    assert stow.stored["1.2.1"] == image


def test_a_zip_that_lies_is_refused(page: Page, stow: StowServer, tmp_path: Path) -> None:
    whole = zipped({"one.dcm": dicom_file("1.2.1", size=5000)})
    checksum = zipfile.ZipFile(io.BytesIO(whole)).getinfo("one.dcm").CRC.to_bytes(4, "little")
    deep = zipped({"c.zip": zipped({"b.zip": zipped({"a.zip": zipped({"one.dcm": dicom_file("1.2")})})})})
    files = {
        "changed.zip": whole.replace(checksum, b"\1\2\3\4"),
        "cut.zip": whole[: len(whole) // 2],
        "deep.zip": deep,
        "text.zip": b"not a ZIP",
    }
    choose(page, files, tmp_path)
    expect_end(page, "Stored: 0 · Refused: 4")
    assert problems(page) == [
        ["changed.zip/one.dcm", "This ZIP file is damaged."],
        ["cut.zip", "This ZIP file is damaged."],
        ["deep.zip/c.zip/b.zip", "A ZIP in a ZIP in a ZIP is not opened."],
        ["text.zip", "This ZIP file is damaged."],
    ]
    assert stow.stored == {}


def test_a_dropped_folder_is_read_to_its_depths(page: Page, stow: StowServer, tmp_path: Path) -> None:
    inner = tmp_path / "study" / "series"
    inner.mkdir(parents=True)
    for number in range(250):  # a folder is handed out 100 entries at a time
        (inner / f"{number}").write_bytes(dicom_file(f"1.2.{number}"))
    chromium = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path / "study")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        chromium.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})
    expect_end(page, "Stored: 250")
    assert len(stow.stored) == 250


def test_a_server_that_stumbles_is_tried_again(page: Page, stow: StowServer, tmp_path: Path) -> None:
    stow.statuses = [503, 500]
    choose(page, {"one.dcm": dicom_file("1.2.1")}, tmp_path)
    expect_end(page, "Stored: 1")
    assert len(stow.batches) == 3


def test_a_lost_session_waits_for_the_person(page: Page, stow: StowServer, tmp_path: Path) -> None:
    stow.statuses = [401]
    choose(page, {"one.dcm": dicom_file("1.2.1")}, tmp_path)
    expect(page.locator("#upload-halt")).to_have_text("You were signed out.")
    expect(page.locator("#upload-sign-in")).to_be_visible()
    assert stow.stored == {}
    page.locator("#upload-resume").click()
    expect_end(page, "Stored: 1")


def test_cancelling_sends_nothing_more_and_a_new_upload_works(
    page: Page, stow: StowServer, tmp_path: Path
) -> None:
    stow.statuses = [507]
    choose(page, {"one.dcm": dicom_file("1.2.1")}, tmp_path)
    expect(page.locator("#upload-halt")).to_have_text("The storage is full.")
    page.locator("#upload-cancel").click()
    expect_end(page, "Stored: 0 · Cancelled: 1")
    choose(page, {"two.dcm": dicom_file("1.2.2")}, tmp_path)
    expect_end(page, "Stored: 1 · Cancelled: 1")
    assert list(stow.stored) == ["1.2.2"]


def test_the_table_is_downloaded_without_formulas(page: Page, stow: StowServer, tmp_path: Path) -> None:
    choose(page, {"=cmd.txt": b"no", "one.dcm": dicom_file("1.2", size=0)}, tmp_path)
    expect_end(page, "Stored: 1 · Refused: 1")
    with page.expect_download() as download:
        page.locator("#upload-csv").click()
    text = download.value.path().read_text("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["File", "Bytes", "Result", "Reason"],
        ["'=cmd.txt", "2", "refused", "This is not a DICOM file."],
        ["one.dcm", str(len(dicom_file("1.2", size=0))), "stored", ""],
    ]


def test_a_folder_of_10000_files_does_not_freeze_the_page(
    page: Page, stow: StowServer, tmp_path: Path
) -> None:
    for number in range(10_000):
        (tmp_path / f"{number}").write_bytes(dicom_file(f"1.2.{number}", size=10))
    page.evaluate(LONGEST_PAUSE)
    page.locator("#upload-folder").set_input_files(tmp_path)
    expect(page.locator("#upload-status")).to_have_text("Finished. Stored: 10,000", timeout=120_000)
    assert len(stow.stored) == 10_000
    assert page.evaluate("window.longestPause") < 1000  # tests run beside it


# How long the page was deaf at worst, in milliseconds.
LONGEST_PAUSE = """() => {
  let last = performance.now();
  window.longestPause = 0;
  setInterval(() => {
    window.longestPause = Math.max(window.longestPause, performance.now() - last);
    last = performance.now();
  }, 10);
}"""
