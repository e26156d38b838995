"""Walk the elements of one data set as its bytes arrive, and refuse what the standard's structure forbids.

A level is a data set or item (a run of elements), a sequence (a run of items), or the fragments of an
encapsulated value. Values are skipped by counting, but for those that are wanted. Memory does not grow with
the file.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pacs.dicom.findings import OFFSET_TABLES, PIXEL_DATA, PIXEL_TAGS, Findings
from pacs.dicom.fragments import HEAD, TAIL, Fragments
from pacs.dicom.headers import IMPLICIT, ITEM, ITEM_END, SEQUENCE_END, UNDEFINED, Chunk, Encoding, Found
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused

_NEVER = 1 << 62
_BEFORE_ALL = 0x0003FFFF  # groups below 0004 belong to commands and to the file meta information (PS3.5 §7.1)
_FIRST_DELIMITER = 0xFFFE0000
_NOTHING: frozenset[int] = frozenset()
_ENDLESS_VRS = frozenset({b"SQ", b"UN", b""})

Step = Callable[[Chunk, int], int]


@dataclass(slots=True)
class _Level:
    step: Step  # how this kind of level is walked
    encoding: Encoding
    end: int  # offset that must not be passed
    is_open: bool  # ends with a delimiter instead of at `end`
    groups: set[int]  # the groups met; all levels but the top share a set that nobody reads
    wanted: frozenset[int] = _NOTHING
    last: int = _BEFORE_ALL


class ElementWalker:
    """Takes the bytes of one data set in pieces of any size; its public fields tell what was met.

    Positions are places in the piece at hand, offsets count from the start of the file.
    """

    def __init__(self, *, encoding: Encoding, start: int, limits: Limits, wanted: frozenset[int]) -> None:
        self.findings = Findings(limits)
        self.fragments = Fragments(limits)
        self.pixel_end = 0  # offset after the delimiter of encapsulated pixels
        self.total = start
        self._limits = limits
        self._count = 0
        self._held = bytearray()
        self._base = self._needed = self._offset = start
        self._stack: list[_Level] = []
        kept = wanted | PIXEL_TAGS | OFFSET_TABLES
        self._top = self._level = _Level(self._elements, encoding, _NEVER, False, set(), kept)
        self._unread: set[int] = set()
        self._fragment = (0, 0, b"")

    @property
    def last_tag(self) -> int:
        """The last tag of the top level so far."""
        return self._top.last

    @property
    def is_at_top(self) -> bool:
        return not self._stack

    @property
    def offset(self) -> int:
        """Where the next header begins: beyond `total` while a value is being skipped."""
        return self._offset

    @property
    def groups(self) -> set[int]:
        """The groups of the top level so far."""
        return self._top.groups

    def feed(self, chunk: Chunk) -> None:
        """Walk as far as the bytes reach. Raises Refused."""
        self.total += len(chunk)
        buffer = chunk
        if self._held:
            self._held += chunk
            if self.total < self._needed:
                return
            buffer = self._held
        self._walk(buffer)
        self.findings.collect(buffer, base=self._base, until=min(self._offset, self.total))
        rest = self._offset - self._base
        self._held = bytearray(buffer[rest:])
        self._base = min(self._offset, self.total)

    def finish(self) -> None:
        """Refuse unless the last element ended exactly with the last byte."""
        if self._stack or self._offset != self.total:
            raise Refused(Reason.TRUNCATED, at=self.total)

    def _walk(self, buffer: Chunk) -> None:
        self._needed = 0
        while self._needed <= self.total:
            self._offset = self._base + self._level.step(buffer, self._offset - self._base)

    def _elements(self, buffer: Chunk, position: int) -> int:
        """Walk one data set or item until it ends, a sequence begins, or bytes run out."""
        level, base, end, most = self._level, self._base, len(buffer), self._limits.value
        header, wanted, stop, groups = level.encoding.header, level.wanted, level.end - base, level.groups
        while position < stop:
            found = header(buffer, position, end)
            if found is None:
                return self._wait(position, until=max(end, position) + 1)
            tag, vr, length, value = found
            if tag <= level.last or tag >= _FIRST_DELIMITER:
                return self._delimiter_or_refuse(tag, length, value)
            if length == UNDEFINED or vr == b"SQ":
                return self._descend(found, position)
            after = value + length
            if after > stop:
                raise Refused(Reason.LENGTH_BEYOND_END, tag=f"{tag:08X}", length=length)
            if tag in wanted or (wanted and not tag & 0xFFFF):
                if after > end and self.findings.is_kept(tag, length):
                    return self._wait(position, until=after)
                self.findings.keep(found, buffer, base=base, position=position)
            elif length > most and wanted:
                self.findings.keep_place(found, base=base, position=position)
            level.last = tag
            groups.add(tag >> 16)
            self._count_one()
            position = after
        return self._end_of_level(buffer, position)

    def _items(self, buffer: Chunk, position: int) -> int:
        """Walk one sequence until it ends, an item begins, or bytes run out."""
        level, end, stop = self._level, len(buffer), self._level.end - self._base
        header = level.encoding.header
        while position < stop:
            found = header(buffer, position, end)
            if found is None:
                return self._wait(position, until=max(end, position) + 1)
            tag, _, length, value = found
            if tag == SEQUENCE_END and level.is_open and not length:
                self._leave(buffer, position)
                return value
            if tag != ITEM:
                raise Refused(Reason.UNBALANCED, at=self._base + position)
            self._count_one()
            if length:
                self._enter(self._elements, level.encoding, value, length)
                return value
            position = value
        return self._end_of_level(buffer, position)

    def _fragments(self, buffer: Chunk, position: int) -> int:
        """Walk encapsulated pixels until their delimiter, or until bytes run out (PS3.5 A.4)."""
        end, stop = len(buffer), self._level.end - self._base
        header, is_kept = self._level.encoding.header, len(self._stack) == 1  # an icon's are only checked
        while True:
            found = header(buffer, position, end)
            if found is None:
                return self._wait(position, until=max(end, position) + 1)
            tag, _, length, value = found
            if tag == SEQUENCE_END and not length:
                return self._end_of_fragments(buffer, position, value)
            after = value + length
            if tag != ITEM or length == UNDEFINED or after > stop:
                raise Refused(Reason.UNBALANCED, at=self._base + position)
            if is_kept:
                needed = self.fragments.needed(length)
                if value + needed > end:
                    return self._wait(position, until=value + needed)
                if after > end:
                    return self._begin_fragment(buffer, value, length)
                self.fragments.add(self._base + value, length, buffer, value)
            self._count_one()
            position = after

    def _begin_fragment(self, buffer: Chunk, value: int, length: int) -> int:
        """Note the head of a fragment whose end has not come yet, and skip to that."""
        self._fragment = (self._base + value, length, bytes(buffer[value : value + HEAD]))
        self._level.step = self._rest_of_fragment
        return value + length - TAIL

    def _rest_of_fragment(self, buffer: Chunk, position: int) -> int:
        if position + TAIL > len(buffer):
            return self._wait(position, until=position + TAIL)
        offset, length, head = self._fragment
        self.fragments.add_parts(offset, length, head, bytes(buffer[position : position + TAIL]))
        self._count_one()
        self._level.step = self._fragments
        return position + TAIL

    def _end_of_fragments(self, buffer: Chunk, position: int, value: int) -> int:
        self._leave(buffer, position)
        if not self._stack:
            self.pixel_end = self._base + value
        return value

    def _wait(self, position: int, *, until: int) -> int:
        """Stay at this position until so many bytes of the buffer are there."""
        self._needed = self._base + until
        return position

    def _count_one(self) -> None:
        self._count += 1
        if self._count > self._limits.elements:
            raise Refused(Reason.TOO_MANY_ELEMENTS, limit=self._limits.elements)

    def _delimiter_or_refuse(self, tag: int, length: int, value: int) -> int:
        level = self._level
        if tag == ITEM_END and level.is_open and not length:
            self._level = self._stack.pop()
            return value
        if tag >> 16 == 0xFFFE:
            raise Refused(Reason.UNBALANCED, tag=f"{tag:08X}")
        if tag <= _BEFORE_ALL or tag >= _FIRST_DELIMITER:
            raise Refused(Reason.FORBIDDEN_TAG, tag=f"{tag:08X}")
        raise Refused(Reason.DUPLICATE_TAG if tag == level.last else Reason.TAG_ORDER, tag=f"{tag:08X}")

    def _descend(self, found: Found, position: int) -> int:
        tag, vr, length, value = found
        level = self._level
        level.last = tag
        level.groups.add(tag >> 16)
        self._count_one()
        if tag == PIXEL_DATA and length == UNDEFINED:
            if not self._stack:
                self.findings.keep_place(found, base=self._base, position=position)
            self._enter(self._fragments, level.encoding, value, length)
            return value
        if vr not in _ENDLESS_VRS:
            raise Refused(Reason.UNDEFINED_LENGTH, tag=f"{tag:08X}")
        if len(self._stack) // 2 >= self._limits.nesting:
            raise Refused(Reason.NESTED_TOO_DEEP, limit=self._limits.nesting)
        if tag in level.wanted and (length == UNDEFINED or length <= self._limits.value):
            self.findings.begin_sequence(tag, vr, offset=self._base + value)
        # UN of undefined length holds implicit little endian, whatever surrounds it (PS3.5 §6.2.2)
        self._enter(self._items, IMPLICIT if vr == b"UN" else level.encoding, value, length)
        return value

    def _enter(self, step: Step, encoding: Encoding, value: int, length: int) -> None:
        is_open = length == UNDEFINED
        end = self._level.end if is_open else self._base + value + length
        if end > self._level.end:
            raise Refused(Reason.LENGTH_BEYOND_END, at=self._base + value, length=length)
        self._stack.append(self._level)
        self._level = _Level(step, encoding, end, is_open, self._unread)

    def _leave(self, buffer: Chunk, position: int) -> None:
        self._level = self._stack.pop()
        if not self._stack:
            self.findings.collect(buffer, base=self._base, until=self._base + position)
            self.findings.end_sequence()

    def _end_of_level(self, buffer: Chunk, position: int) -> int:
        if self._level.is_open:
            raise Refused(Reason.UNBALANCED, at=self._base + position)
        self._leave(buffer, position)
        return position
