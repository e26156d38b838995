"""How much memory the web server takes while one very large instance goes in, and comes out."""

import hashlib
from collections.abc import Callable, Iterator

from tests.bench import images
from tests.bench.client import Client, Server, WrongAnswer
from tests.bench.machine import children_of, forget_peaks, metered, peak_mebibytes, wait_until_rests
from tests.bench.report import Goal, Row, Side, Unit
from tests.bench.sizes import Bench

FILE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_PIECE = 2**20


def memory(bench: Bench) -> Iterator[Row]:
    """Send a large multi-frame instance in chunks and fetch it again; no worker may hold much of it."""
    large = images.large(90, mebibytes=bench.size.large_mebibytes)
    whole = f"{bench.size.large_mebibytes} MiB instance"
    server = bench.product.clinic.server
    wait_until_rests(server)
    yield _row(
        server,
        f"memory of the largest web worker, {whole} in",
        lambda client: client.post_chunked("/studies", large.body(), images.CONTENT_TYPE),
    )
    yield _row(server, f"memory of the largest web worker, {whole} out", lambda client: _fetch(client, large))


def _row(server: Server, work: str, act: Callable[[Client], object]) -> Row:
    workers = children_of(server.pid, named=b"gunicorn")
    forget_peaks(workers)
    client = server.connect()
    with metered(server) as meter:
        act(client)
    client.close()
    worst = max(peak_mebibytes(workers).values())
    work = f"{work} ({meter.known.seconds:.0f} s)"
    return Row(work, Unit.MEBIBYTES, Side(worst, meter.known), goal=Goal(at_most=300))


def _fetch(client: Client, large: images.Large) -> None:
    """Read the file as it comes, and make sure that it is the one that was sent."""
    answer = client.open(large.path, FILE)
    digest, left = hashlib.sha256(), len(large.head) + large.pixel_bytes
    _skip_part_header(answer.readline)
    while left and (piece := answer.read(min(left, _PIECE))):
        digest.update(piece)
        left -= len(piece)
    answer.read()
    sent = hashlib.sha256()
    for chunk in large.chunks():
        sent.update(chunk)
    if digest.digest() != sent.digest():
        raise WrongAnswer(200, f"other bytes came back, {left} missing".encode())


def _skip_part_header(readline: Callable[[], bytes]) -> None:
    """Read up to the empty line that ends the header of the first part; one may come before the boundary."""
    while not readline().startswith(b"--"):
        pass
    while readline().strip():
        pass
