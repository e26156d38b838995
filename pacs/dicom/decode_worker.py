"""The program of a decoder process: read a job, do it, answer, until the pipe is closed.

It is started by `decode_process.py` and by nothing else. Once everything is imported it gives up opening
files and sockets: what a hostile image may take over can compute, and answer.
"""

import json
import os
import pickle
import resource
import signal
import sys
from hashlib import sha256

import numpy as np
from PIL import Image

from pacs.dicom.codecs import Samples
from pacs.dicom.decode import decode, stored_values
from pacs.dicom.decode_jobs import Answer, DecodeJob, DigestJob, Job, RenderJob
from pacs.dicom.decode_pipe import OUT_OF_MEMORY, READY, REPLY, REQUEST
from pacs.dicom.draw import draw
from pacs.dicom.frame_format import DecodeFailed, Failure, FrameFormat

_REQUESTS = 0
_GRACE_SECONDS = 1.0  # the pool's own clock comes first


def main(memory_bytes: str) -> None:
    """Serve until the pool closes its end."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold an image
    answers = os.dup(1)
    os.dup2(2, 1)  # decoders print warnings where the answers go
    Image.init()
    resource.setrlimit(resource.RLIMIT_NOFILE, (answers + 1, answers + 1))
    _write(answers, READY)
    try:
        _serve(answers)
    except MemoryError:  # the request itself does not fit
        sys.exit(OUT_OF_MEMORY)


def _serve(answers: int) -> None:
    while header := _read(REQUEST.size):
        seconds, job_length, length = REQUEST.unpack(header)
        job, data = _job(_read(job_length)), _read(length)
        signal.setitimer(
            signal.ITIMER_REAL, seconds + _GRACE_SECONDS
        )  # ends the process, also inside a decoder
        facts, body = _served(job, memoryview(data))
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(answers, REPLY.pack(len(facts), len(body)), facts, body)


def _job(packed: bytearray) -> Job:
    job: Job = pickle.loads(packed)  # noqa: S301  # our own pool wrote it
    return job


def _read(length: int) -> bytearray:
    """Read exactly `length` bytes, or none where the pool has gone."""
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = os.readv(_REQUESTS, [view])
        if not count:
            return bytearray()
        view = view[count:]
    return buffer


def _write(descriptor: int, *parts: bytes) -> None:
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view) :]


def _served(job: Job, data: memoryview) -> tuple[bytes, bytes]:
    try:
        answer = _run(job, data)
        return json.dumps(answer.facts).encode(), answer.data
    except DecodeFailed as error:
        return _failed(error.reason, error.detail), b""
    except MemoryError:
        return _failed(Failure.MEMORY, ""), b""
    except Exception as error:  # whatever an odd image makes numpy or Pillow raise is that image's fault
        return _failed(Failure.DAMAGED, type(error).__name__), b""


def _failed(reason: Failure, detail: str) -> bytes:
    return json.dumps({"failure": reason, "detail": detail}).encode()


def _run(job: Job, data: memoryview) -> Answer:
    if isinstance(job, RenderJob):
        return draw(job, data)
    if isinstance(job, DigestJob):
        return digest(job, data)
    return native(job, data)


def native(job: DecodeJob, data: memoryview) -> Answer:
    """Answer the frame as Explicit VR Little Endian holds it, bits packed from bit 0 where Bits Allocated is
    1.
    """
    decoded = decode(job.form, data)
    if job.form.bits_allocated == 1:
        packed = np.packbits(decoded.samples.reshape(-1).astype("u1"), bitorder="little")
        return Answer({"photometric": decoded.photometric}, packed.tobytes())
    samples = _little(decoded.samples)
    if job.form.planar:  # as the attributes say it, which stay with the frame
        samples = samples.transpose(2, 0, 1)
    return Answer({"photometric": decoded.photometric}, samples.tobytes())


def digest(job: DigestJob, data: memoryview) -> Answer:
    """Hash the values of the image, and the bits beside them only where they hold something else (PS3.5
    §8.1.2).
    """
    decoded = decode(job.form, data)
    samples = _little(decoded.samples)
    values = _little(stored_values(job.form, samples))
    hashed = sha256(decoded.photometric.encode())
    hashed.update(np.ascontiguousarray(values).data)
    if not np.array_equal(values, samples) and _has_more(job.form, samples):
        hashed.update(np.ascontiguousarray(samples).data)
    return Answer({}, hashed.digest())


def _has_more(form: FrameFormat, samples: Samples) -> bool:
    """Whether the bits beside Bits Stored hold more than zeros (an extended sign was ruled out before)."""
    used = (1 << form.bits_stored) - 1 << (form.high_bit + 1 - form.bits_stored)
    beside = (1 << form.bits_allocated) - 1 ^ used
    return bool(np.any(samples.view(f"u{samples.itemsize}") & beside))


def _little(samples: Samples) -> Samples:
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False)
