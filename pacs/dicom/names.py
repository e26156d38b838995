"""Normal forms for searching and comparing: case, accents and spacing aside.

Stored columns and queries go through the same functions, so that `*` and `?` in a query keep their meaning.
"""

import re
import unicodedata

from pacs.dicom.text import without_stray_controls

_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
_SPACES = re.compile(r"\s+")
_AROUND_DELIMITERS = re.compile(r"\s*([\^=])\s*")
_TRAILING_CARETS = re.compile(r"\^+(?==|$)")
_WORD_BREAKS = re.compile(r"[\s^=,.;/\\'’\-]+")


def search_text(text: str) -> str:
    """Return a text in lower case, without accents and invisible characters, with single spaces."""
    plain = _INVISIBLE.sub("", without_stray_controls(text)).casefold()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain)).translate(_WITHOUT_DECOMPOSITION)
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", plain.casefold())).strip()


def search_name(name: str) -> str:
    """Return a person name (PS3.5 §6.2.1) in its normal form: `DOE ^Jörg^^=..` becomes `doe^jorg=..`."""
    folded = _AROUND_DELIMITERS.sub(r"\1", search_text(name))
    return _TRAILING_CARETS.sub("", folded).rstrip("=")


def name_groups(name: str) -> tuple[str, str, str]:
    """Return the normal forms of the alphabetic, ideographic and phonetic groups, each empty where absent."""
    groups = (*search_name(name).split("="), "", "", "")
    return groups[0], groups[1], groups[2]


def words(text: str) -> tuple[str, ...]:
    """Return the words of a name or text in normal form, for fuzzy matching by the beginnings of words."""
    return tuple(word for word in _WORD_BREAKS.split(search_text(text)) if word)


def matches_fuzzily(stored: str, asked: str) -> bool:
    """Tell whether each word that is asked for begins some word of what is stored (PS3.4 C.2.2.2.1.1)."""
    have = words(stored)
    return all(any(word.startswith(start) for word in have) for start in words(asked))
