"""Segmented palettes (PS3.3 C.7.9.2), which say in a few numbers what a table of 65,536 entries says."""

from array import array
from collections.abc import Sequence

_MOST_ENTRIES = 65536
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def expanded_segments(words: "array[int]") -> "array[int]":
    """Return the whole table, empty where the segments make none."""
    entries: array[int] = array("H")
    _expand(words, 0, len(words), entries, may_refer=True)
    return entries


def _expand(
    words: Sequence[int], position: int, segments: int, entries: "array[int]", *, may_refer: bool
) -> None:
    """Append what `segments` segments from `position` on say. An indirect one refers to no other."""
    while position + 2 < len(words) and segments and len(entries) < _MOST_ENTRIES:
        opcode, count = words[position], words[position + 1]
        if opcode == _DISCRETE:
            entries.extend(words[position + 2 : position + 2 + count])
            position += 2 + count
        elif opcode == _LINEAR and entries:
            _rise(entries, count, words[position + 2])
            position += 3
        elif opcode == _INDIRECT and may_refer and position + 3 < len(words):
            start = words[position + 2] | words[position + 3] << 16
            _expand(words, start, count, entries, may_refer=False)
            position += 4
        else:
            return
        segments -= 1
    del entries[_MOST_ENTRIES:]


def _rise(entries: "array[int]", count: int, last: int) -> None:
    first = entries[-1]
    entries.extend(first + round((last - first) * step / count) for step in range(1, count + 1))
