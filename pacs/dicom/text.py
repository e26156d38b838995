"""Bytes to text in the character sets of DICOM, for any bytes whatever (PS3.5 §6.1, PS3.3 C.12.1.1.2)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from pydicom.charset import STAND_ALONE_ENCODINGS, decode_bytes, python_encoding

_ESCAPE = b"\x1b"
_DEFAULT = "latin_1"  # a superset of the default repertoire, and what undeclared bytes mostly are
_RESETS = {0x0A, 0x0C, 0x0D, 0x09, 0x5C, 0x5E, 0x3D}  # these end a shift to another set (PS3.5 §6.1.2.5.3)
_MOST_SETS = 16
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROLS_BUT_LAYOUT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SPELLINGS = re.compile(r"[ _\-]+")


@dataclass(frozen=True, slots=True)
class Charset:
    """The character sets that a data set declares, as Python encodings."""

    encodings: tuple[str, ...] = (_DEFAULT,)

    def decode(self, raw: bytes) -> str:
        """Return the text. Never raises: what cannot be read is replaced, or taken for Latin-1."""
        if raw.isascii() and _ESCAPE not in raw:
            return raw.decode("ascii")
        try:
            if _ESCAPE in raw:
                return decode_bytes(raw, self.encodings, _RESETS)
            return raw.decode(self.encodings[0])
        except (UnicodeError, LookupError, ValueError):
            return self._decode_damaged(raw)

    def _decode_damaged(self, raw: bytes) -> str:
        """Declared as UTF-8 but not: nearly always Latin-1 that was mislabelled."""
        if self.encodings[0] == "utf-8":
            return raw.decode(_DEFAULT)
        return raw.decode(self.encodings[0], errors="replace")


DEFAULT_CHARSET = Charset()


@lru_cache(maxsize=1024)
def charset_of(raw: bytes) -> Charset:
    """Return the meaning of a Specific Character Set (0008,0005). Unknown terms count as the default set."""
    terms = raw.decode("latin-1").split("\\")[:_MOST_SETS]
    encodings = tuple(_ENCODINGS.get(_spelling(term), _DEFAULT) for term in terms)
    alone = [encoding for encoding in encodings if encoding in _ALONE]
    if alone and encodings[0] in _ALONE:
        return Charset(encodings[:1])  # code extensions are not allowed beside these
    return Charset(tuple(encoding for encoding in encodings if encoding not in _ALONE) or (_DEFAULT,))


def without_controls(text: str) -> str:
    """Remove control characters: they have no place in names, codes and short texts."""
    return _CONTROLS.sub("", text)


def without_stray_controls(text: str) -> str:
    """Remove control characters but tabs and ends of lines and pages (PS3.5 §6.1.3)."""
    return _CONTROLS_BUT_LAYOUT.sub("", text)


def _spelling(term: str) -> str:
    """Return a defined term without case, blanks and the common confusion of blank, underscore and hyphen."""
    return _SPELLINGS.sub(" ", term.strip(" \0").upper())


def _normal(encoding: str) -> str:
    return {"UTF8": "utf-8", "iso8859": _DEFAULT, "latin_1": _DEFAULT}.get(encoding, encoding)


_ENCODINGS = {_spelling(term): _normal(encoding) for term, encoding in python_encoding.items()}
_ALONE = frozenset(_normal(python_encoding[term]) for term in STAND_ALONE_ENCODINGS)
