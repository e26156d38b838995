"""Values: identifiers, numbers, texts and character sets."""

from functools import partial

from pacs.dicom.reasons import Reason
from tests import dicom_files as make
from tests.odd_files.odd_file import OddFile

_STUDY, _SERIES, _INSTANCE, _CLASS = 0x0020000D, 0x0020000E, 0x00080018, 0x00080016


def _with(tag: int, vr: str, value: bytes) -> bytes:
    return make.small({tag: make.element(tag, vr, make.even(value))})


def _study(uid: bytes) -> bytes:
    return make.small({_STUDY: make.element(_STUDY, "UI", make.even(uid, b"\0"))})


def _bad_study(name: str, story: str, uid: bytes) -> OddFile:
    return OddFile(f"uid-{name}", story, Reason.UID_INVALID, lambda: _study(uid))


def _name(name: str, story: str, value: bytes, charset: bytes = b"ISO_IR 192") -> OddFile:
    changes = {
        0x00080005: make.element(0x00080005, "CS", make.even(charset)),
        0x00100010: make.element(0x00100010, "PN", make.even(value)),
    }
    return OddFile(f"name-{name}", story, None, lambda: make.small(dict(changes)))


_TEXTS = (
    ("script", b"<script>alert(1)</script>"),
    ("svg", b"<svg/onload=alert(1)>"),
    ("image", b"<img src=x onerror=alert(1)>"),
    ("link", b"javascript:alert(1)"),
    ("template", b"{{7*7}}{% debug %}${7*7}"),
    ("sql", b"'; DROP TABLE study; --"),
    ("formula", b'=cmd|"/c calc"!A1'),
    ("header", b"a\r\nSet-Cookie: x=1"),
    ("nul", b"a\0b\0c"),
    ("escape", b"\x1b[31mred\x1b[0m"),
    ("right-to-left", "\u202egnp.exe".encode()),
    ("zero-width", "a\u200bb\ufeff".encode()),
    ("emoji", "\U0001f9e0\U0001f480".encode()),
    ("surrogate", b"\xed\xa0\x80\xed\xb0\x80"),
    ("overlong", b"\xc0\xae\xc0\xae\xc0\xaf"),
    ("invalid", b"\xff\xfe\x80\x81"),
    ("long", b"N" * 5000),
    ("components", b"^".join([b"a"] * 1000)),
    ("groups", b"=".join([b"a"] * 100)),
    ("values", b"\\" * 1000),
)

FILES = (
    _bad_study("path", "Climbs out of a folder", b"../../../../etc/x"),
    _bad_study("backslash", "Climbs out of a folder of Windows", b"..\\..\\x"),
    _bad_study("absolute", "An absolute path", b"/etc/passwd"),
    _bad_study("percent", "A path that is decoded later", b"%2e%2e%2f"),
    _bad_study("nul-inside", "Ends early for C programs", b"1.2\0.3"),
    _bad_study("newline", "Breaks a log line", b"1.2\n3"),
    _bad_study("leading-zero", "Two spellings of one number", b"1.02.3"),
    _bad_study("digits", "Digits of another script", "1.٢".encode()),
    _bad_study("device", "A device of Windows", b"con"),
    _bad_study("dots", "Only dots", b"..."),
    _bad_study("dot-last", "Ends with a dot", b"1.2."),
    _bad_study("65", "One character too long", b"1." + b"2" * 63),
    _bad_study("4096", "Very long", b"1." + b"2" * 4094),
    OddFile("uid-64", "As long as may be", None, lambda: _study(b"1." + b"2" * 62)),
    OddFile("uid-space", "Padded with a space, a common mistake", None, lambda: _study(b"1.2.3 ")),
    OddFile("study-empty", "Study UID without value", Reason.UID_MISSING, lambda: _study(b"")),
    OddFile("study-absent", "A series that belongs to no study", Reason.UID_MISSING,
            lambda: make.small({_STUDY: None})),
    OddFile("series-absent", "A study without series", Reason.UID_MISSING, lambda: make.small({_SERIES: None})),
    OddFile("study-and-series-absent", "A picture from a converter", None,
            lambda: make.small({_STUDY: None, _SERIES: None})),
    OddFile("instance-absent", "No SOP Instance UID", Reason.UID_MISSING, lambda: make.small({_INSTANCE: None})),
    OddFile("class-absent", "No SOP Class UID", Reason.UID_MISSING, lambda: make.small({_CLASS: None})),
    OddFile("class-unknown", "A SOP class that nobody knows", None,
            lambda: make.small({_CLASS: make.element(_CLASS, "UI", b"1.2.3.4.5\0")})),
    OddFile("charsets-16", "As many character sets as are taken", None,
            lambda: _with(0x00080005, "CS", b"\\".join([b"ISO 2022 IR 87"] * 16))),
    OddFile("charsets-200", "Character sets without end", Reason.TOO_MANY_CHARSETS,
            lambda: _with(0x00080005, "CS", b"\\".join([b"ISO 2022 IR 87"] * 200))),
    _name("charset-unknown", "A character set that does not exist", b"M\xfcller", b"ISO_IR 999"),
    _name("charset-rot13", "A Python codec that is no character set", b"M\xfcller", b"rot13"),
    _name("charset-escapes", "Shifts without end", b"\x1b$B\x1b(B" * 2000, b"\\ISO 2022 IR 87"),
    _name("charset-cut", "Half a character at the end", b"\x1b$B;", b"\\ISO 2022 IR 87"),
    _name("charset-wrong", "Declared UTF-8, written Latin-1", b"M\xfcller^J\xf6rg"),
    *(_name(name, f"Text of the kind {name} in a name", value) for name, value in _TEXTS),
    *(OddFile(f"description-{name}", f"Text of the kind {name} in a description", None,
              partial(_with, 0x00081030, "LO", value)) for name, value in _TEXTS),
    *(OddFile(f"date-{at}", "No such day", None, partial(_with, 0x00080020, "DA", value))
      for at, value in enumerate((b"99999999", b"00000000", b"-0010101", b"20230230", b"2023", b"today", b"\xff" * 8))),
    *(OddFile(f"time-{at}", "No such time", None, partial(_with, 0x00080030, "TM", value))
      for at, value in enumerate((b"999999", b"24", b"120060", b"noon", b"12.5", b"1:2:3", b"\0" * 6))),
    *(OddFile(f"number-{at}", "No such number", None, partial(_with, 0x00180050, "DS", value))
      for at, value in enumerate((b"1e400", b"NaN", b"-inf", b"1,5", b"0x10", b"9" * 400, b"\\" * 60000, b"--1"))),
    *(OddFile(f"integer-{at}", "No such integer", None, partial(_with, 0x00200011, "IS", value))
      for at, value in enumerate((b"1.0", b"1e9", b"9" * 5000, b"99999999999", b"1A", "١٢".encode()))),
    OddFile("rows-text", "A text in a binary attribute nobody asks for", None,
            lambda: _with(0x00280106, "LO", b"many")),
    OddFile("float-nan", "Numbers that are none", None,
            lambda: make.small({0x00181318: make.element(0x00181318, "FD", b"\xff" * 8 + b"\0\0\0\0\0\0\xf0\x7f")})),
    OddFile("text-1mb", "A long report text", None,
            lambda: make.small({0x00181400: make.element(0x00181400, "UT", b"word " * 200_000)})),
)  # fmt: skip
