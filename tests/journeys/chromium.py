"""A real Chromium, and what the journeys look at: pixels, accessibility, requests to other hosts."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "deploy" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-quic",
]  # fmt: skip
DESKTOP, PHONE = (1400, 900), (390, 844)
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
# The largest canvas: its size, its bright pixels, and a number that changes with any of them.
_LOOK = """() => {
  const canvases = [...document.querySelectorAll('canvas')].filter(one => one.width > 200);
  const looks = canvases.map(one => {
    const pixels = one.getContext('2d')?.getImageData(0, 0, one.width, one.height).data;
    if (!pixels) return {bright: 0, sum: 0, size: one.width * one.height};
    let bright = 0, sum = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at] > 60) bright++;
      sum = (sum * 31 + pixels[at]) % 2147483647;
    }
    return {bright, sum, size: one.width * one.height};
  });
  return looks.sort((a, b) => b.bright - a.bright)[0] ?? {bright: 0, sum: 0, size: 1};
}"""

# The middle square of the largest canvas, made small and grey: each value is the mean of a field.
_SMALL = """side => {
  const shown = [...document.querySelectorAll('canvas')].sort((a, b) => b.width * b.height - a.width * a.height)[0];
  const edge = Math.min(shown.width, shown.height), field = edge / side;
  const left = Math.round((shown.width - edge) / 2), top = Math.round((shown.height - edge) / 2);
  const pixels = shown.getContext('2d').getImageData(left, top, edge, edge).data;
  const sums = new Array(side * side).fill(0), counts = new Array(side * side).fill(0);
  for (let y = 0; y < edge; y++) for (let x = 0; x < edge; x++) {
    const at = Math.floor(y / field) * side + Math.floor(x / field);
    sums[at] += pixels[4 * (y * edge + x)];
    counts[at]++;
  }
  return sums.map((sum, at) => Math.round(sum / counts[at]));
}"""


@dataclass
class Visit:
    """One person's window, and everything that went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def watch(self) -> None:
        """Write down errors, refused requests and the hosts that are asked."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the sign-in page, which is open, with the keyboard alone; returns on the page behind it."""
        expect(self.page.get_by_role("textbox").first).to_be_focused()
        self.page.keyboard.type(email)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(password)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name="Studies", level=1)).to_be_attached()

    def look(self) -> Mapping[str, int]:
        """Return what the image's canvas shows."""
        seen: Mapping[str, int] = self.page.evaluate(_LOOK)
        return seen

    def wait_for_image(self, *, bright: int = 500, seconds: float = 60) -> Mapping[str, int]:
        """Return what the canvas shows once it has this many bright pixels."""
        return self._wait(lambda seen: seen["bright"] >= bright, seconds)

    def wait_for_other_image(self, before: Mapping[str, int], *, seconds: float = 30) -> Mapping[str, int]:
        """Return what the canvas shows once it is another image than before."""
        return self._wait(lambda seen: seen["sum"] != before["sum"] and seen["bright"] > 0, seconds)

    def small(self, side: int) -> list[int]:
        """Return the middle of the image as `side` × `side` grey values."""
        values: list[int] = self.page.evaluate(_SMALL, side)
        return values

    def drop(self, path: Path) -> None:
        """Let go of a file or folder over the middle of the window, as a hand with a mouse does."""
        mouse = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for event in ("dragEnter", "dragOver", "drop"):
            mouse.send("Input.dispatchDragEvent", {"type": event, "x": 600, "y": 400, "data": data})
        mouse.detach()

    def violations(self) -> list[str]:
        """Return what axe finds wrong with the page (WCAG 2.2 AA), each with the elements concerned."""
        self.page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        wanted = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        run = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
        found = self.page.evaluate(run, wanted)["violations"]
        return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]

    def _wait(self, is_there: "object", seconds: float) -> Mapping[str, int]:
        assert callable(is_there)
        deadline = time.monotonic() + seconds
        while not is_there(seen := self.look()):
            assert time.monotonic() < deadline, (seen, self.faults)
            time.sleep(0.1)
        return seen

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text[:300]}")

    def _asked(self, request: Request) -> None:
        if request.url.startswith("http"):
            self.hosts.add(urlsplit(request.url).netloc)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yields Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=FLAGS
        )
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, base_url: str, *, size: tuple[int, int] = DESKTOP, agent: str = ""
) -> Iterator[Visit]:
    """Yields a window of a person who was never here."""
    width, height = size
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": height},
        user_agent=agent or None,
        locale="en-US",
    )
    visitor = Visit(context.new_page())
    visitor.watch()
    yield visitor
    context.close()
