"""WADO-RS for frames: the stored bytes of one frame, or its samples in little endian."""

from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pacs.dicom.decode_pool import PoolBusy
from pacs.dicom.syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from pacs.dicomweb import wado_frames
from pacs.storage.disk import DiskStore
from tests.conftest import Clinic
from tests.dicom_files import DEFLATED, image, written
from tests.pacs.dicom.images import compressed
from tests.pacs.dicomweb.retrieving import (
    OHIF_FRAMES,
    body_of,
    get,
    parts_of,
    shared,
    store_images,
    store_one,
)

pytestmark = pytest.mark.db
OCTETS = "application/octet-stream"
RLE = "1.2.840.10008.1.2.5"


def frames(ds_frames: int = 3) -> tuple[bytes, list[bytes]]:
    """Return the pixels of an image of 4 × 4 with several frames, and each frame's."""
    pixels = image(frames=ds_frames).PixelData
    return pixels, [pixels[start : start + 32] for start in range(0, len(pixels), 32)]


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, DEFLATED])
def test_native_frames_are_octets_in_little_endian(clinic: Clinic, modality: Client, syntax: str) -> None:
    found = store_one(clinic, written(image(frames=3), syntax))
    answer = get(modality, f"{found.instance}/frames/2", OHIF_FRAMES)
    assert answer["Content-Type"].startswith(f'multipart/related; type="{OCTETS}"; boundary=')
    assert parts_of(answer) == [(f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}", frames()[1][1])]


def test_frames_come_in_the_order_of_the_list(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    first, second, third = frames()[1]
    assert [body for _, body in parts_of(get(modality, f"{found.instance}/frames/3,1,2,1"))] == [
        *(third, first, second, first),
    ]


def test_one_frame_can_be_had_without_multipart(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    answer = get(modality, f"{found.instance}/frames/3", OCTETS)
    assert answer["Content-Type"] == f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}"
    assert body_of(answer) == frames()[1][2]
    assert get(modality, f"{found.instance}/frames/1,2", OCTETS).status_code == 406


def test_big_endian_frames_are_turned_round(clinic: Clinic, modality: Client) -> None:
    ds = image(frames=2)
    little = ds.PixelData
    ds.PixelData = b"".join(little[at : at + 2][::-1] for at in range(0, len(little), 2))
    found = store_one(clinic, written(ds, EXPLICIT_BIG))
    ((kind, body),) = parts_of(
        get(modality, f"{found.instance}/frames/2", f'multipart/related; type="{OCTETS}"')
    )
    assert (kind, body) == (f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}", little[32:])


def test_frames_of_single_bits_begin_with_a_whole_byte(clinic: Clinic, modality: Client) -> None:
    ds = image(frames=2)
    ds.Rows = ds.Columns = 3
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = 0
    ds.PixelData = bytes([0b01010101, 0b11111111, 0b00000010, 0])
    found = store_images(clinic, ds)[0]
    assert parts_of(get(modality, f"{found.instance}/frames/2"))[0][1] == bytes([0b01111111, 0b00000001])


@pytest.mark.parametrize(
    ("accept", "kind", "is_stored"),
    [
        (OHIF_FRAMES, f"{OCTETS}; transfer-syntax={RLE}", True),
        ("*/*", f"image/dicom-rle; transfer-syntax={RLE}", True),
        ('multipart/related; type="image/dicom-rle"', f"image/dicom-rle; transfer-syntax={RLE}", True),
        (f'multipart/related; type="{OCTETS}"', f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}", False),
        (OCTETS, f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}", False),
    ],
)
def test_compressed_frames_come_as_they_are_wished(
    clinic: Clinic, modality: Client, accept: str, kind: str, is_stored: bool
) -> None:
    plain = image(rows=16, columns=16)
    found = store_one(clinic, compressed(written(plain), RLE))
    answer = get(modality, f"{found.instance}/frames/1", accept)
    ((sent_kind, body),) = (
        parts_of(answer)
        if "multipart" in answer["Content-Type"]
        else [(answer["Content-Type"], body_of(answer))]
    )
    assert sent_kind == kind
    assert (body == plain.PixelData) is not is_stored


@pytest.mark.shared
def test_each_frame_of_a_jpeg_cine_is_a_jpeg(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic, shared("studies/us-echo-cine/examples_ybr_color.dcm"))
    sent = parts_of(get(modality, f"{found.instance}/frames/1,30", OHIF_FRAMES))
    assert [kind for kind, _ in sent] == [f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.4.50"] * 2
    assert [(body[:2], body.rstrip(b"\0")[-2:]) for _, body in sent] == [(b"\xff\xd8", b"\xff\xd9")] * 2


@pytest.mark.shared
def test_a_frame_in_many_fragments_comes_whole(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic, shared("transfer-syntaxes/enhanced-ct-fragmented-no-bot.dcm"))
    sent = parts_of(get(modality, f"{found.instance}/frames/1,2", f'multipart/related; type="{OCTETS}"'))
    assert [len(body) for _, body in sent] == [512 * 512 * 2] * 2


@pytest.mark.parametrize("frame_list", ["0", "4", "1,4", "x", "1,,2", "-1", "1;2", "9999999999"])
def test_a_frame_that_is_not_there_is_not_found(clinic: Clinic, modality: Client, frame_list: str) -> None:
    found = store_images(clinic, image(frames=3))[0]
    answer = get(modality, f"{found.instance}/frames/{frame_list}")
    assert (answer.status_code, body_of(answer)) == (404, b"The instance has no such frame.\n")


def test_a_wish_that_cannot_be_met_is_refused(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image())[0]
    accept = "multipart/related; type=image/jls"
    assert get(modality, f"{found.instance}/frames/1", accept).status_code == 406


def test_busy_decoders_ask_for_patience(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic, compressed(written(image(rows=16, columns=16)), RLE))
    with patch("pacs.dicom.decode_pool.DecoderPool.run", side_effect=PoolBusy):
        answer = get(modality, f"{found.instance}/frames/1", OCTETS)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_one_frame_is_one_read_of_the_store(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    read = DiskStore.read
    with patch.object(DiskStore, "read", autospec=True, side_effect=read) as reads:
        body_of(get(modality, f"{found.instance}/frames/2", OHIF_FRAMES))
    assert reads.call_count == 1


def test_a_frame_costs_one_query_for_all_rows(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    get(modality, f"{found.instance}/frames/1", OHIF_FRAMES)
    with CaptureQueriesContext(connection) as queries:
        get(modality, f"{found.instance}/frames/2", OHIF_FRAMES)
    asked = [
        query["sql"] for query in queries if "set_config" not in query["sql"] and "SELECT" in query["sql"]
    ]
    assert len([sql for sql in asked if 'FROM "pacs_' in sql]) == 1
    assert len(asked) <= 4


def test_many_frames_are_streamed_alike(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    path = f"{found.instance}/frames/1,2,3"
    held = get(modality, path)
    with patch.object(wado_frames, "HELD_AT_MOST_BYTES", 10):
        streamed = get(modality, path)
    assert (held.streaming, streamed.streaming) == (False, True)
    assert body_of(held) == body_of(streamed)
    assert held["ETag"] == streamed["ETag"]


def test_a_known_frame_is_not_sent_again(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    first = get(modality, f"{found.instance}/frames/1", OHIF_FRAMES)
    again = get(modality, f"{found.instance}/frames/1", OHIF_FRAMES, if_none_match=first["ETag"])
    other = get(modality, f"{found.instance}/frames/2", OHIF_FRAMES, if_none_match=first["ETag"])
    assert (again.status_code, other.status_code) == (304, 200)


def test_one_member_reads_over_the_session_cookie(clinic: Clinic, alice: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    assert parts_of(get(alice, f"{found.instance}/frames/1", OHIF_FRAMES))[0][1] == frames()[1][0]
