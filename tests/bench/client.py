"""The client of the benchmarks: the same for every server, and light, for it shares the processors with it."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from typing import TypeVar

T = TypeVar("T")
_TIMEOUT_SECONDS = 300


class WrongAnswer(RuntimeError):
    """A server answered otherwise than it should. Carries status and body."""


@dataclass(frozen=True)
class Server:
    """A DICOMweb server under test: where it answers, and what belongs to it."""

    name: str
    port: int
    root: str
    pid: int
    database: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def connect(self) -> "Client":
        """Return a client; it connects with its first request."""
        return Client(self)


class Client:
    """One connection that is kept open."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_SECONDS)

    def get(self, path: str, accept: str) -> bytes:
        """Return a body; raises WrongAnswer."""
        return self.open(path, accept).read()

    def open(self, path: str, accept: str) -> HTTPResponse:
        """Return an answer that is still to be read; raises WrongAnswer."""
        self._connection.request("GET", self._server.root + path, headers=self._with(Accept=accept))
        return self._answer()

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        """Send a body that is made; raises WrongAnswer."""
        headers = {"Accept": "application/dicom+json", "Content-Type": content_type}
        self._connection.request("POST", self._server.root + path, body, self._with(**headers))
        return self._answer().read()

    def post_chunked(self, path: str, chunks: Iterable[bytes], content_type: str) -> bytes:
        """Send a body as it is made, of no announced length; raises WrongAnswer."""
        headers = {"Accept": "application/dicom+json", "Content-Type": content_type}
        headers["Transfer-Encoding"] = "chunked"
        self._connection.request(
            "POST", self._server.root + path, chunks, self._with(**headers), encode_chunked=True
        )
        return self._answer().read()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _with(self, **headers: str) -> dict[str, str]:
        return {**self._server.headers, **headers}

    def _answer(self) -> HTTPResponse:
        response = self._connection.getresponse()
        if response.status != 200:
            raise WrongAnswer(response.status, response.read()[:500])
        return response


def at_once(server: Server, jobs: Sequence[Callable[[Client], T]], *, clients: int) -> list[T]:
    """Run jobs over so many connections at a time; returns their results in order, or raises the first failure."""
    results: dict[int, T] = {}
    failures: list[Exception] = []
    numbers = count()  # `next` on it is atomic

    def work() -> None:
        client = server.connect()
        try:
            while not failures and (number := next(numbers)) < len(jobs):
                results[number] = jobs[number](client)
        except Exception as error:
            failures.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(jobs))]
