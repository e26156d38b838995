"""Decoding happens in processes that can be lost without losing more than one frame."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pacs.dicom.decode_jobs import DecodeJob, DigestJob, RenderJob
from pacs.dicom.decode_pipe import REPLY, receive_answer
from pacs.dicom.decode_pool import DecoderPool, PoolBusy, PoolClosed
from pacs.dicom.frame_format import DecodeFailed, Failure, frame_format
from pacs.dicom.look import Look
from pacs.dicom.view import View
from tests.pacs.dicom.images import LITTLE, header

ROOT = Path(__file__).resolve().parents[3]
FRAME = np.arange(64, dtype="u1").tobytes()
JOB = DecodeJob(frame_format(header(8, 8), LITTLE))


def children() -> set[int]:
    """The processes that this thread's program has started and not yet buried."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            found |= {int(number) for number in (task / "children").read_text().split()}
    return found


def is_alive(process_id: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except FileNotFoundError:
        return False


def start(**options: float) -> tuple[DecoderPool, int]:
    """A pool of one process that has started, and the number of that process."""
    before = children()
    pool = DecoderPool(processes=1, **options)  # type: ignore[arg-type]  # whole numbers among them
    assert pool.run(JOB, FRAME).data == FRAME
    (process_id,) = children() - before
    return pool, process_id


def test_no_process_starts_before_the_first_job() -> None:
    before = children()
    pool = DecoderPool(processes=2)
    assert children() == before
    pool.close()


def test_one_process_serves_one_caller_after_another() -> None:
    pool, process_id = start()
    assert [pool.run(JOB, FRAME).data for _ in range(3)] == [FRAME] * 3
    assert process_id in children()
    pool.close()


def test_a_frozen_process_is_killed_and_replaced() -> None:
    pool, process_id = start(seconds=0.5)
    os.kill(process_id, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(DecodeFailed) as failed:
        pool.run(JOB, FRAME)
    assert failed.value.reason is Failure.TIMEOUT
    assert time.monotonic() - began < 2
    assert not is_alive(process_id)
    assert pool.run(JOB, FRAME).data == FRAME
    pool.close()


def test_a_crash_is_that_jobs_failure_alone() -> None:
    pool, process_id = start()
    os.kill(process_id, signal.SIGSEGV)
    with pytest.raises(DecodeFailed) as failed:
        pool.run(JOB, FRAME)
    assert failed.value.reason is Failure.CRASHED
    assert pool.run(JOB, FRAME).data == FRAME
    pool.close()


@pytest.mark.parametrize("megabytes", [160, 24], ids=["as it is sent", "as it is drawn"])
def test_a_frame_beyond_the_memory_limit_fails_as_such(megabytes: int) -> None:
    pool, _ = start(memory_bytes=320 << 20)
    form = frame_format(header(megabytes * 250, 1000, bits=32), LITTLE)  # of which each value becomes a float
    with pytest.raises(DecodeFailed) as failed:
        pool.run(RenderJob(form, Look(), View()), bytes(megabytes * 1_000_000))
    assert failed.value.reason is Failure.MEMORY
    assert pool.run(JOB, FRAME).data == FRAME
    pool.close()


def test_an_answer_beyond_the_limit_is_not_taken() -> None:
    pool, _ = start(answer_bytes=64)
    job = DecodeJob(frame_format(header(8, 9), LITTLE))
    with pytest.raises(DecodeFailed) as failed:
        pool.run(job, bytes(72))
    assert failed.value.reason is Failure.TOO_LARGE
    assert pool.run(JOB, FRAME).data == FRAME
    pool.close()


def test_who_waits_too_long_is_told_that_the_pool_is_busy() -> None:
    pool, process_id = start(waiting_seconds=0.2, seconds=5)
    os.kill(process_id, signal.SIGSTOP)
    answers: list[bytes] = []
    holder = threading.Thread(target=lambda: answers.append(pool.run(JOB, FRAME).data))
    holder.start()
    time.sleep(0.1)
    with pytest.raises(PoolBusy):
        pool.run(JOB, FRAME)
    os.kill(process_id, signal.SIGCONT)
    holder.join()
    assert answers == [FRAME]
    pool.close()


def test_many_threads_get_each_their_own_frame(pool: DecoderPool) -> None:
    frames = [bytes([number]) * 64 for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda frame: pool.run(JOB, frame).data, frames))
    assert answers == frames


def test_a_closed_pool_ends_its_processes_and_refuses() -> None:
    pool, process_id = start()
    pool.close()
    pool.close()
    assert not is_alive(process_id)
    with pytest.raises(PoolClosed):
        pool.run(JOB, FRAME)


def test_a_process_has_no_secret_no_file_and_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "a secret")
    pool, process_id = start()
    variables = Path(f"/proc/{process_id}/environ").read_bytes()
    assert b"SECRET" not in variables
    places = {
        int(link.name): str(link.readlink()).split(":")[0]
        for link in Path(f"/proc/{process_id}/fd").iterdir()
    }
    assert places == {0: "pipe", 1: "/dev/null", 2: "/dev/null", 3: "pipe"}
    limits = Path(f"/proc/{process_id}/limits").read_text().splitlines()
    wanted = {"Max open files": "4", "Max core file size": "0", "Max address space": str(1536 << 20)}
    told = {name: line[26:].split()[0] for line in limits for name in wanted if line.startswith(name)}
    assert told == wanted
    pool.close()


def _in_child(pool: DecoderPool, answers: "multiprocessing.SimpleQueue[tuple[bytes, int]]") -> None:
    answers.put((pool.run(JOB, FRAME).data, len(children())))


def test_a_forked_program_starts_processes_of_its_own() -> None:
    pool, process_id = start()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(pool, answers), daemon=True)
    child.start()
    assert answers.get() == (FRAME, 1)
    child.join()
    assert pool.run(JOB, FRAME).data == FRAME
    assert is_alive(process_id)
    pool.close()


_PROGRAM = """
import sys, time
from pacs.dicom.decode_pool import DecoderPool
from tests.pacs.dicom.test_decode_pool import FRAME, JOB, children
pool = DecoderPool()
pool.run(JOB, FRAME)
print(*children(), flush=True)
time.sleep(60)
"""


def test_processes_end_with_a_program_that_is_killed() -> None:
    program = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, cwd=ROOT)
    assert program.stdout is not None
    process_id = int(program.stdout.readline())
    program.kill()
    program.wait()
    program.stdout.close()
    deadline = time.monotonic() + 5
    while is_alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(process_id)


def test_a_digest_is_alike_for_both_byte_orders(pool: DecoderPool) -> None:
    values = np.arange(64, dtype="<u2")
    little = pool.run(DigestJob(frame_format(header(8, 8, bits=16), LITTLE)), values.tobytes())
    big = frame_format(header(8, 8, bits=16), "1.2.840.10008.1.2.2")
    assert pool.run(DigestJob(big), values.byteswap().tobytes()).data == little.data
    assert len(little.data) == 32


@pytest.mark.parametrize(
    "facts", [b"no json", b"[]", b'{"photometric": ["RGB"]}', json.dumps({"failure": "unheard-of"}).encode()]
)
def test_an_answer_that_makes_no_sense_counts_as_a_crash(facts: bytes) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, REPLY.pack(len(facts), 0) + facts)
    with pytest.raises(DecodeFailed) as failed:
        receive_answer(read_end, largest=10, until=time.monotonic() + 1)
    assert failed.value.reason is Failure.CRASHED
    os.close(read_end)
    os.close(write_end)
