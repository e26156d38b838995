"""Damaged in any way, a file is taken or refused; nothing else happens."""

import json
import random

import pytest

from pacs.dicom.dicom_json import header_json
from pacs.dicom.index import index
from pacs.dicom.reasons import Refused
from pacs.dicom.scan import scan_bytes
from tests import dicom_files as make

_SEEDS = (
    *(make.written(make.image(frames=2), syntax) for syntax in (make.EXPLICIT_LITTLE, make.IMPLICIT_LITTLE)),
    *(make.written(make.image(), syntax) for syntax in (make.EXPLICIT_BIG, make.DEFLATED)),
    make.written(make.compressed([b"\xff\xd8\xff\xd9"] * 3, frames=3, has_table=True), make.JPEG_BASELINE),
    make.small(
        {0x00400275: make.element(0x00400275, "SQ", make.item(make.element(0x00400009, "SH", b"S1")))}
    ),
)


def _damaged(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(128, len(damaged))
        match chance.randrange(4):
            case 0:
                damaged[at] = chance.randrange(256)
            case 1:
                del damaged[at : at + chance.randint(1, 20)]
            case 2:
                damaged[at:at] = chance.randbytes(chance.randint(1, 20))
            case _:
                damaged[at : at + 4] = chance.choice(
                    (b"\xff" * 4, b"\0" * 4, make.SEQUENCE_END, b"\xfe\xff\x00\xe0")
                )
    return bytes(damaged)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "rounds", [3000, pytest.param(300_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]
)
def test_damage_never_crashes(rounds: int) -> None:
    chance = random.Random(20261122)
    taken = 0
    for _ in range(rounds):
        data = _damaged(chance.choice(_SEEDS), chance)
        try:
            scan = scan_bytes(data)
        except Refused:
            continue
        taken += 1
        json.dumps(index(scan).study, allow_nan=False).encode()
        parts = [data[start : start + length] for start, length in scan.layout.header_ranges]
        model = header_json(parts, scan.layout, bulk_root="/b", study_uid=make.uid(1), series_uid=make.uid(2))
        json.dumps(model, allow_nan=False).encode()
    assert taken > rounds // 100
