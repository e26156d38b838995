"""One decoder process, as its pool sees it: started, asked one thing at a time, killed when it misbehaves."""

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from pacs.dicom.decode_jobs import Answer, Job
from pacs.dicom.decode_pipe import OUT_OF_MEMORY, READY, REQUEST, PipeBroken, receive, receive_answer, send
from pacs.dicom.frame_format import DecodeFailed, Failure

_START_SECONDS = 60.0  # imports, on a machine that is busy
_PIPE_BYTES = 1 << 20
_ROOT = str(Path(__file__).resolve().parents[2])
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from pacs.dicom.decode_worker import main; main(sys.argv[2])"
)
# One arena and one thread: address space is what is limited.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_KEPT_VARIABLES = ("LD_LIBRARY_PATH",)  # where the interpreter's own libraries may lie


class DecoderProcess:
    """A running decoder. After any error but a plain DecodeFailed it is unusable: `kill` it.

    It gets no descriptor beside its two pipes, no variable beside a fixed few, and limits itself before the
    first byte of an image reaches it.
    """

    def __init__(self, *, memory_bytes: int) -> None:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        command = [sys.executable, "-I", "-B", "-c", _BOOT, _ROOT, str(memory_bytes)]
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | _ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        self._requests, self._answers = _prepared(self._process.stdin), _prepared(self._process.stdout)
        self._await_ready()

    def _await_ready(self) -> None:
        try:
            receive(self._answers, len(READY), until=time.monotonic() + _START_SECONDS)
        except (PipeBroken, TimeoutError) as error:
            self.kill()
            raise DecodeFailed(Failure.CRASHED, "start") from error

    @property
    def process_id(self) -> int:
        return self._process.pid

    def ask(self, job: Job, data: bytes | memoryview, *, seconds: float, largest: int) -> Answer:
        """Run one job. Raises DecodeFailed; `reason` tells whether the process lives on (see `is_spent`)."""
        until = time.monotonic() + seconds
        packed = pickle.dumps(job)
        try:
            send(self._requests, (REQUEST.pack(seconds, len(packed), len(data)), packed, data), until=until)
            return receive_answer(self._answers, largest=largest, until=until)
        except TimeoutError as error:
            raise DecodeFailed(Failure.TIMEOUT, f"{seconds:g} s") from error
        except PipeBroken as error:
            raise self._death() from error

    def _death(self) -> DecodeFailed:
        code = self._process.wait()
        if code == -signal.SIGALRM:  # its own clock was faster than ours
            return DecodeFailed(Failure.TIMEOUT)
        if code == OUT_OF_MEMORY:
            return DecodeFailed(Failure.MEMORY)
        return DecodeFailed(Failure.CRASHED, f"status {code}")

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close our ends of its pipes: what a forked child does with the processes of its parent."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def is_spent(reason: Failure) -> bool:
    """Whether the process must be replaced after this failure."""
    return reason in (Failure.TIMEOUT, Failure.CRASHED, Failure.MEMORY, Failure.TOO_LARGE)


def _prepared(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise AssertionError("both streams are pipes")
    descriptor = stream.fileno()
    os.set_blocking(descriptor, False)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:  # the user's share of pipe memory is used up: smaller pipes work as well
        return descriptor
    return descriptor
