"""The bytes between the pool and its processes.

A request is a header (allowed seconds, length of the job, length of the data), the pickled job and the data:
the process trusts the pool. An answer is a header (length of the facts, length of the data), JSON facts and
the data, and never a pickle: a process that a hostile image has taken over must not run anything in the
pool's program.
"""

import json
import os
import select
import struct
import time
from collections.abc import Sequence

from pacs.dicom.decode_jobs import Answer
from pacs.dicom.frame_format import DecodeFailed, Failure

REQUEST = struct.Struct(">dQQ")
REPLY = struct.Struct(">LQ")
READY = b"ready\n"
OUT_OF_MEMORY = 99  # status of a process whose request did not fit
MAX_FACTS = 4096
_PIECE = 1 << 20


class PipeBroken(Exception):
    """The other end is gone."""


def send(descriptor: int, parts: Sequence[bytes | memoryview], *, until: float) -> None:
    """Write all parts to a non-blocking pipe before the monotonic time `until`."""
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    for part in parts:
        rest = memoryview(part)
        while rest:
            _wait(poller, until)
            try:
                rest = rest[os.write(descriptor, rest[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise PipeBroken from error


def receive(descriptor: int, length: int, *, until: float) -> bytes:
    """Read exactly `length` bytes from a non-blocking pipe before the monotonic time `until`."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    pieces = []
    while length:
        _wait(poller, until)
        try:
            piece = os.read(descriptor, min(length, _PIECE))
        except BlockingIOError:
            continue
        if not piece:
            raise PipeBroken
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _wait(poller: select.poll, until: float) -> None:
    remaining = until - time.monotonic()
    if remaining <= 0 or not poller.poll(remaining * 1000):
        raise TimeoutError


def receive_answer(descriptor: int, *, largest: int, until: float) -> Answer:
    """Read an answer of at most `largest` bytes. Raises DecodeFailed where the answer says so or is none."""
    facts_length, length = REPLY.unpack(receive(descriptor, REPLY.size, until=until))
    if facts_length > MAX_FACTS:
        raise DecodeFailed(Failure.CRASHED, "answer")
    facts = _facts(receive(descriptor, facts_length, until=until))
    if "failure" in facts:
        raise DecodeFailed(_failure(facts["failure"]), str(facts.get("detail", ""))[:200])
    if length > largest:
        raise DecodeFailed(Failure.TOO_LARGE, f"{length} bytes")
    return Answer(facts, receive(descriptor, length, until=until))


def _facts(text: bytes) -> dict[str, int | str]:
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise DecodeFailed(Failure.CRASHED, "answer") from error
    if not isinstance(facts, dict) or not all(isinstance(fact, int | str) for fact in facts.values()):
        raise DecodeFailed(Failure.CRASHED, "answer")
    return facts


def _failure(name: int | str) -> Failure:
    return next((failure for failure in Failure if failure == name), Failure.CRASHED)
