"""Character sets: right ones as pydicom reads them, wrong ones without a crash."""

from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs.dicom.index import index
from pacs.dicom.scan import scan_bytes
from pacs.dicom.text import charset_of, without_controls, without_stray_controls

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"

_SETS = (
    *(b"", b"ISO_IR 100", b"ISO_IR 192", b"GB18030", b"GBK", b"ISO_IR 13", b"ISO 2022 IR 6\\ISO 2022 IR 87"),
    *(
        b"\\ISO 2022 IR 149",
        b"\\ISO 2022 IR 58",
        b"ISO 2022 IR 13\\ISO 2022 IR 159",
        b"nonsense",
        b"\xff\xfe",
    ),
)


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        (b"", b"M\xfcller", "Müller"),
        (b"ISO_IR 100", b"M\xfcller", "Müller"),
        (b"iso-ir 100 ", b"M\xfcller", "Müller"),
        (b"ISO_IR 192", "Žižková".encode(), "Žižková"),
        (b"ISO_IR 192", b"M\xfcller", "Müller"),
        (b"ISO_IR 192\\ISO 2022 IR 87", "é".encode(), "é"),
        (b"GB18030", b"\xcd\xf5\\\xd0\xa1", "王\\小"),
        (b"ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
        (b"\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada=山田^太郎"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "洪^吉洞"),
        (b"ISO_IR 999", b"M\xfcller", "Müller"),
        (b"rot13", b"abc", "abc"),
        (b"ISO_IR 126", b"\xd2\xff", "�" * 2),
    ],
)
def test_text_in_each_character_set(declared: bytes, raw: bytes, text: str) -> None:
    assert charset_of(declared).decode(raw) == text


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(declared=st.sampled_from(_SETS), raw=st.binary(max_size=200))
def test_no_bytes_crash_it(declared: bytes, raw: bytes) -> None:
    text = charset_of(declared).decode(raw)
    assert without_controls(text).isprintable() or text
    without_controls(text).encode()


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(declared=st.binary(max_size=100))
def test_no_declaration_crashes_it(declared: bytes) -> None:
    assert charset_of(declared).decode(b"a") == "a"


def test_texts_keep_their_lines_but_names_do_not() -> None:
    assert without_stray_controls("a\tb\r\nc\0d\x1be") == "a\tb\r\ncde"
    assert without_controls("a\tb\r\nc\0d\x1be\x85") == "abcde"


@pytest.mark.shared
def test_real_names_are_what_pydicom_reads() -> None:
    names = 0
    for path in sorted((SHARED / "charsets").glob("*.dcm")):
        if "SQEncoding" not in path.name:
            told = str(pydicom.dcmread(path).PatientName)
            assert index(scan_bytes(path.read_bytes())).columns.patient_name == told, path.name
            names += 1
    assert names == 25
