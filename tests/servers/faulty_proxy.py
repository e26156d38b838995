"""An HTTP proxy before an S3 server that misbehaves on demand, once for each fault it is given.

It also does what moto does not: like Amazon's S3 it refuses a body which is not what its checksum says.
"""

import base64
import hashlib
import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit


class Fault(StrEnum):
    PASS = "none"
    CORRUPT_AFTER_CHECK = "one byte of the body is flipped behind the checksum's check"
    CORRUPT_ON_THE_WAY = "one byte of the body is flipped before the checksum's check"
    DROP_WRITE = "answers 200 and keeps nothing"
    LOSE_ANSWER = "does it, then closes the connection without an answer"
    CUT_BODY = "answers half of the body, then closes the connection"
    IGNORE_RANGE = "answers the whole object for a range"
    SLOW = "answers after three seconds"
    UNAVAILABLE = "answers 503 SlowDown"
    FORBIDDEN = "answers 403 AccessDenied"


class FaultyProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests: list[tuple[str, str]] = []
        self._faults: list[tuple[str, Fault]] = []

    def inject(self, method: str, *faults: Fault) -> None:
        """The next requests of this method meet these faults, one each, in order."""
        self._faults += [(method, fault) for fault in faults]

    def fault_for(self, method: str) -> Fault | None:
        for at, (of, fault) in enumerate(self._faults):
            if of == method:
                del self._faults[at]
                return fault
        return None


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy
    protocol_version = "HTTP/1.1"
    _REFUSALS: ClassVar = {
        Fault.UNAVAILABLE: (503, "SlowDown"),
        Fault.FORBIDDEN: (403, "AccessDenied"),
        Fault.DROP_WRITE: (200, ""),
    }

    def _handle(self) -> None:
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.fault_for(self.command)
        self.server.requests.append((self.command, self.path))
        if fault is Fault.SLOW:
            time.sleep(3)
        if fault is Fault.CORRUPT_ON_THE_WAY:
            body = _flip(body)
        if not _is_what_it_says(body, self.headers.get("x-amz-checksum-sha256")):
            self._refuse(400, "BadDigest")
        elif fault in self._REFUSALS:
            self._refuse(*self._REFUSALS[fault])
        else:
            self._forward(body, fault)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _handle  # noqa: N815 (the standard library's names)

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        headers = dict(self.headers.items())
        if fault is Fault.IGNORE_RANGE:
            headers.pop("Range")
        upstream = http.client.HTTPConnection(self.server.upstream)
        sent = _flip(body) if fault is Fault.CORRUPT_AFTER_CHECK else body
        upstream.request(self.command, self.path, sent, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if fault is Fault.LOSE_ANSWER:
            self.close_connection = True
            return
        self._answer(answer, content[: len(content) // 2] if fault is Fault.CUT_BODY else content)
        self.close_connection = fault is Fault.CUT_BODY

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection"}:
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def _flip(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]


def _is_what_it_says(body: bytes, checksum: str | None) -> bool:
    return checksum is None or base64.b64encode(hashlib.sha256(body).digest()).decode() == checksum
