"""Deflated data sets are inflated piece by piece, within limits."""

import pytest

from pacs.dicom.inflate import Inflater
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused
from tests.dicom_files import deflated_unpadded, in_pieces

PIECE = 256 * 1024


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 21, PIECE + 24, 5 * PIECE + 3])
@pytest.mark.parametrize("chunk", [1, 100, 1 << 20])
def test_everything_comes_out_in_bounded_pieces(size: int, chunk: int) -> None:
    inflater = Inflater(Limits())
    stream = in_pieces(deflated_unpadded(bytes(size)), chunk)
    pieces = [piece for part in stream for piece in inflater.feed(part)]
    inflater.finish()
    assert b"".join(pieces) == bytes(size)
    assert max(map(len, pieces)) <= PIECE


def test_the_limit_follows_what_came_in() -> None:
    limits = Limits(inflate_grace=1000, inflate_ratio=10, inflated=5000)
    assert [limits.inflated_from(deflated) for deflated in (0, 100, 1000)] == [1000, 2000, 5000]


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    inflater = Inflater(Limits(inflate_grace=PIECE, inflate_ratio=1))
    given = []
    with pytest.raises(Refused) as refused:
        given += [len(piece) for piece in inflater.feed(deflated_unpadded(bytes(50 << 20)))]
    assert refused.value.reason is Reason.INFLATE_TOO_LARGE
    assert sum(given) <= 2 * PIECE
