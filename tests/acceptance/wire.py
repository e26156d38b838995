"""Requests written byte by byte, as no well-behaved client would."""

import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse

from tests.acceptance.stowing import CONTENT_TYPE
from tests.conftest import Clinic
from tests.servers.live import LiveServer


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where the server closed the connection without a word."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request, its values unchecked."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def talk(server: LiveServer, pieces: Iterable[bytes], *, ends: bool = False, seconds: float = 30) -> Answer:
    """Send the pieces and return the answer. `ends` says that nothing more will come, as a closed line does."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        with suppress(ConnectionError):  # the server may have answered and closed before all was sent
            for piece in pieces:
                line.sendall(piece)
            if ends:
                line.shutdown(socket.SHUT_WR)
        return _answer(line)


def headers_of(clinic: Clinic, **changed: str) -> dict[str, str]:
    """Return the usual headers of a request, with those that are changed."""
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    usual = {"Host": "127.0.0.1", "Authorization": f"Bearer {clinic.api_key}", "Content-Type": CONTENT_TYPE}
    return {**usual, "Connection": "close", **named}


def post(server: LiveServer, clinic: Clinic, content: bytes, **changed: str) -> Answer:
    """Store with a body of any shape."""
    headers = {"Content-Length": str(len(content)), **headers_of(clinic, **changed)}
    return talk(server, [head("POST", f"{clinic.root}/dicom-web/studies", headers), content])


def get(server: LiveServer, clinic: Clinic, path: str, **changed: str) -> Answer:
    """Ask for a path below the DICOMweb root."""
    headers = {"Accept": "*/*", **headers_of(clinic, **changed)}
    return talk(server, [head("GET", f"{clinic.root}/dicom-web/{path}", headers)])


def break_off(server: LiveServer, data: bytes) -> None:
    """Send this and vanish."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(data)


def chunked(*pieces: bytes) -> bytes:
    """Return a body in chunks (RFC 9112 §7.1)."""
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in (*pieces, b""))


def slowly(data: bytes, *, pause: float, step: int = 1) -> Iterable[bytes]:
    """Yield a few bytes at a time, with a rest before each."""
    for start in range(0, len(data), step):
        time.sleep(pause)
        yield data[start : start + step]


def _answer(line: socket.socket) -> Answer:
    response = HTTPResponse(line)
    try:
        response.begin()
        content = response.read()
    except OSError:
        return Answer(0, {}, b"")
    return Answer(response.status, dict(response.getheaders()), content)
