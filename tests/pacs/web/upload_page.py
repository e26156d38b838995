"""A bare upload page and a STOW-RS server that answers as it is told, on a loopback port of its own."""

import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

STATIC = Path(__file__).parents[3] / "pacs" / "static"

TEXTS = {
    "counts": {
        "stored": "Stored: {count}",
        "there": "Already there: {count}",
        "refused": "Refused: {count}",
        "failed": "Not sent: {count}",
        "waiting": "Still to do: {count}",
        "ignored": "Not images: {count}",
        "cancelled": "Cancelled: {count}",
    },
    "states": {
        "stored": "stored",
        "there": "already there",
        "refused": "refused",
        "failed": "not sent",
        "ignored": "not an image",
        "cancelled": "cancelled",
        "waiting": "waiting",
        "sending": "sending",
    },
    "halts": {
        "paused": "Paused.",
        "signedOut": "You were signed out.",
        "forbidden": "You may not upload here.",
        "full": "The storage is full.",
        "cancelled": "",
    },
    "reasons": {
        "0110": "The file could not be processed.",
        "notDicom": "This is not a DICOM file.",
        "unreadable": "The browser could not read this file.",
        "unreachable": "The server could not be reached.",
        "unclear": "The server did not say why.",
        "zipDamaged": "This ZIP file is damaged.",
        "zipEncrypted": "This file in the ZIP is encrypted.",
        "zipMethod": "This file in the ZIP is packed in a way that is not supported.",
        "zipTooLarge": "This ZIP file would unpack to too much.",
        "zipTooDeep": "A ZIP in a ZIP in a ZIP is not opened.",
    },
    "otherReason": "Refused (code {code}).",
    "more": "and {count} more, in the table",
    "pace": "{sent} of {total}, {speed} a second, {time} left",
    "paceUnknown": "{sent} of {total}, {speed} a second",
    "progress": "{percent} sent. {summary}",
    "finished": "Finished. {summary}",
    "columns": ["File", "Bytes", "Result", "Reason"],
    "csvName": "upload.csv",
}

PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Upload</title>
<link rel="stylesheet" href="/static/pacs/upload.css"></head><body>
<section id="upload" data-url="/stow/studies" data-csrf-cookie="csrftoken">
<input type="file" multiple id="upload-files"><label for="upload-files">Choose files</label>
<input type="file" webkitdirectory id="upload-folder"><label for="upload-folder">Choose a folder</label>
</section>
<div id="upload-panel" hidden><progress id="upload-bar" max="1" value="0" aria-label="All"></progress>
<p id="upload-summary"></p><p id="upload-speed"></p><p id="upload-status" role="status"></p>
<p id="upload-halt" role="alert"></p><a id="upload-sign-in" href="/login/?popup=1" target="_blank">Sign in</a>
<button id="upload-pause">Pause</button><button id="upload-resume">Resume</button>
<button id="upload-cancel">Cancel</button><button id="upload-retry">Try again</button>
<button id="upload-csv">Download the results</button><ul id="upload-running"></ul>
<table id="upload-problems"><thead><tr><th>File</th><th>Reason</th></tr></thead><tbody></tbody></table>
<p id="upload-more"></p><a id="upload-done" href="/list">To the studies</a></div>
<script type="application/json" id="upload-texts">{json.dumps(TEXTS)}</script>
<script type="module" src="/static/pacs/upload.js"></script></body></html>"""

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"


@dataclass
class StowServer:
    """Stores what comes; first gives out `statuses`; `refuse` maps SOP UIDs to sentences."""

    statuses: list[int] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    tokens: list[str | None] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def answer(self, content_type: str, body: bytes, token: str | None) -> tuple[int, dict[str, object]]:
        """Answer one request as PS3.18 §10.5.3 says."""
        parts = split(content_type, body)
        with self.lock:
            self.tokens.append(token)
            self.batches.append(len(parts))
            if self.statuses:
                return self.statuses.pop(0), {}
            stored, failed = [], []
            for part in parts:
                uid = sop_uid(part)
                item: dict[str, object] = {"00081155": {"vr": "UI", "Value": [uid]}}
                if uid in self.refuse:
                    text = {"vr": "LO", "Value": [self.refuse[uid]]}
                    failed.append(item | {"00081197": {"vr": "US", "Value": [272]}, "00000902": text})
                else:
                    again = {"00081196": {"vr": "US", "Value": [0xB010]}} if uid in self.stored else {}
                    stored.append(item | again)
                    self.stored[uid] = part
        status = 200 if not failed else 202 if stored else 409
        return status, {"00081199": {"Value": stored}, "00081198": {"Value": failed}}


def split(content_type: str, body: bytes) -> list[bytes]:
    """Take a multipart body apart, strictly (RFC 2046 §5.1)."""
    boundary = re.fullmatch(r'multipart/related; type="application/dicom"; boundary=([^"]+)', content_type)
    assert boundary is not None
    delimiter = b"--" + boundary[1].encode()
    first, *parts, end = (b"\r\n" + body).split(b"\r\n" + delimiter)
    assert (first, end) == (b"", b"--\r\n")
    header = b"\r\nContent-Type: application/dicom\r\n\r\n"
    assert all(part.startswith(header) for part in parts)
    return [part.removeprefix(header) for part in parts]


def sop_uid(part: bytes) -> str:
    """Read (0002,0003) of a file that `dicom_file` made, or of any whose meta group is as plain."""
    at = part.index(b"\x02\x00\x03\x00UI")
    length = int.from_bytes(part[at + 6 : at + 8], "little")
    return part[at + 8 : at + 8 + length].rstrip(b"\0").decode()


def dicom_file(uid: str, *, size: int = 1000) -> bytes:
    """Make the smallest file that looks like DICOM and names its instance."""
    padded = uid.encode() + b"\0" * (len(uid) % 2)
    return b"\0" * 128 + b"DICM\x02\x00\x03\x00UI" + len(padded).to_bytes(2, "little") + padded + b"x" * size


def serve(server: StowServer) -> ThreadingHTTPServer:
    """Listen on a free port; the caller runs and closes it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def reply(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            if self.path == "/":
                self.reply(200, PAGE.encode(), "text/html")
                return
            script = STATIC / self.path.removeprefix("/static/")
            found = script.is_file()
            kind = "text/css" if script.suffix == ".css" else "text/javascript"
            self.reply(200 if found else 404, script.read_bytes() if found else b"", kind)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            token = self.headers["X-CSRFToken"]
            status, answer = server.answer(self.headers["Content-Type"], body, token)
            self.reply(status, json.dumps(answer).encode(), "application/dicom+json")

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
