"""Patterns of text as DICOM writes them: `*` for any characters or none, `?` for one (PS3.4 C.2.2.2.4). Pure."""

import re
from collections.abc import Sequence

from pacs.dicom.names import search_name, words

_WORD_BREAKS = r" \^=,.;/\\'’-"  # what may stand before a word, see pacs.dicom.names.words


def fits(pattern: str, text: str) -> bool:
    """Return whether the whole text fits, in pattern times text steps: a regular expression can be led to more."""
    at = after = 0
    star, resume = -1, 0
    while after < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, after
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[after]):
            at, after = at + 1, after + 1
        elif star >= 0:
            resume += 1
            at, after = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def is_pattern(text: str) -> bool:
    """Return whether the text holds a wildcard."""
    return "*" in text or "?" in text


def literal_prefix(pattern: str) -> str:
    """Return what stands before the first wildcard."""
    return re.split(r"[*?]", pattern, maxsplit=1)[0]


def after_prefix(prefix: str) -> str | None:
    """Return the least text above all that begin with the prefix, by code points; None if there is none."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at]) + 1
        if code <= 0x10FFFF:
            return prefix[:at] + chr(0xE000 if code == 0xD800 else code)
    return None


def name_patterns(asked: str) -> Sequence[str]:
    """Return the patterns over `search_name` that find a name by its component groups (PS3.5 §6.2.1).

    Latin letters are looked for in the first group, where such names stand; other letters in every group.
    """
    pattern = search_name(asked)
    found = [pattern]
    if not pattern.endswith("*"):
        found.append(f"{pattern}=*")
    if not pattern.startswith("*") and not pattern.isascii():
        found += [f"*={one}" for one in tuple(found)]
    return found


def words_asked(asked: str) -> Sequence[str]:
    """Return the words of which each has to begin some word of a name (PS3.4 C.2.2.2.1.1), in normal form."""
    return words(asked.replace("*", " ").replace("?", " "))


def begins_word(start: str) -> str:
    """Return the regular expression that finds the start of a word, the same in PostgreSQL and in Python."""
    return f"(^|[{_WORD_BREAKS}]){re.escape(start)}"
