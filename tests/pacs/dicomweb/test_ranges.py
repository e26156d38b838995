"""Range headers: one range is honoured, nonsense is passed over, what lies behind the end is refused."""

import pytest

from pacs.dicomweb.ranges import Span, Unsatisfiable, asked_span


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-5", 2, 6),
        ("bytes=2-", 2, 10),
        ("bytes=2-99999", 2, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-99", 0, 10),
        ("Bytes = 9-9 ", 9, 10),
        ("", 0, 10),
        ("bytes=5-2", 0, 10),
        ("bytes=1-2,4-5", 0, 10),
        ("bytes=--1", 0, 10),
        ("items=1-2", 0, 10),
        ("bytes=١-٢", 0, 10),
    ],
)
def test_a_header_means_a_span(header: str, start: int, stop: int) -> None:
    assert asked_span(header, 10) == Span(start, stop, 10)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_what_lies_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(Unsatisfiable) as refused:
        asked_span(header, 10)
    assert refused.value.size == 10


def test_a_span_says_where_it_lies() -> None:
    assert Span(2, 6, 10).content_range == "bytes 2-5/10"
    assert (Span(0, 10, 10).is_partial, Span(0, 9, 10).is_partial) == (False, True)
