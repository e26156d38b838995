"""A few long-lived decoder processes, shared by all threads of this program.

Pixels are a stranger's bytes and decoders are native code: nothing of an image is decoded in the program
that holds keys and connections. Each process does one job at a time within an address-space limit and a
wall-clock limit, and is replaced when it breaks either.
"""

import atexit
import os
import queue
import weakref

from pacs.dicom.decode_jobs import Answer, Job
from pacs.dicom.decode_process import DecoderProcess, is_spent
from pacs.dicom.frame_format import MAX_FRAME_BYTES, DecodeFailed

_pools: "weakref.WeakSet[DecoderPool]" = weakref.WeakSet()


class PoolBusy(Exception):
    """All processes were at work for as long as the caller would wait. Trying again later may help."""


class PoolClosed(Exception):
    """The pool was closed."""


class DecoderPool:
    """Processes start with the first jobs that need them. Every method may be called from any thread.

    A program that forks (gunicorn with preloading, Celery) may hold a pool: the child begins with processes
    of its own. A pool that is dropped or closed, or whose program dies, takes its processes with it.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        seconds: float = 30.0,
        waiting_seconds: float = 10.0,
        memory_bytes: int = 1536 << 20,
        answer_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        if processes < 1:
            raise ValueError("a pool needs a process")
        self._count = processes
        self._seconds = seconds
        self._waiting_seconds = waiting_seconds
        self._memory_bytes = memory_bytes
        self._answer_bytes = answer_bytes
        self._fill()
        _pools.add(self)

    def _fill(self) -> None:
        self._is_closed = False
        self._started: set[DecoderProcess] = set()
        # The last one used is the next one taken: the others may never have to start.
        self._idle: queue.LifoQueue[DecoderProcess | None] = queue.LifoQueue()
        for _ in range(self._count):
            self._idle.put(None)

    def run(self, job: Job, data: bytes | memoryview) -> Answer:
        """Run one job on one frame. Raises DecodeFailed, PoolBusy or PoolClosed; no failure harms the next
        job.
        """
        process, is_usable = self._take(), False
        try:
            process = process or self._start()
            answer = process.ask(job, data, seconds=self._seconds, largest=self._answer_bytes)
            is_usable = True
        except DecodeFailed as error:
            is_usable = not is_spent(error.reason)
            raise
        finally:  # interrupted between question and answer, a pipe holds half of one
            self._give_back(process, is_usable=is_usable)
        return answer

    def _take(self) -> DecoderProcess | None:
        try:
            process = self._idle.get(timeout=self._waiting_seconds)
        except queue.Empty as error:
            raise PoolBusy from error
        if self._is_closed:
            self._give_back(process, is_usable=False)
            raise PoolClosed
        return process

    def _start(self) -> DecoderProcess:
        process = DecoderProcess(memory_bytes=self._memory_bytes)
        self._started.add(process)
        return process

    def _give_back(self, process: DecoderProcess | None, *, is_usable: bool) -> None:
        if process is not None and (self._is_closed or not is_usable):
            process.kill()
            self._started.discard(process)
            process = None
        self._idle.put(process)

    def close(self) -> None:
        """End the idle processes now and the busy ones after their job. Harmless when repeated."""
        self._is_closed = True
        for _ in range(self._count):
            try:
                self._give_back(self._idle.get_nowait(), is_usable=False)
            except queue.Empty:
                return

    def start_anew(self) -> None:
        """Leave the processes to the program this one was forked from: its threads may hold them, and the
        queue.
        """
        for process in list(self._started):
            process.forget()
        self._fill()


def _start_anew_after_fork() -> None:
    for pool in list(_pools):
        pool.start_anew()


def _close_at_exit() -> None:
    for pool in list(_pools):
        pool.close()


os.register_at_fork(after_in_child=_start_anew_after_fork)
atexit.register(_close_at_exit)
