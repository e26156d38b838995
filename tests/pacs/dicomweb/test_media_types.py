"""What a client wishes for, in the many ways clients write it, and what it gets."""

import re

import pytest
from pydicom.uid import AllTransferSyntaxes

from pacs.dicomweb.media_types import (
    DEFAULT_SYNTAX_OF_TYPE,
    MEDIA_TYPE_OF_SYNTAX,
    BadMediaType,
    MediaType,
    Offer,
    choose,
    choose_with_parameter,
)

LITTLE = "1.2.840.10008.1.2.1"
J2K = "1.2.840.10008.1.2.4.90"
BASELINE = "1.2.840.10008.1.2.4.50"

JSON = Offer("application/dicom+json")
PLAIN_JSON = Offer("application/json")
XML = Offer("application/dicom+xml", is_multipart=True)
DICOM = Offer("application/dicom", LITTLE, is_multipart=True)
DICOM_J2K = Offer("application/dicom", J2K, is_multipart=True)
ZIP = Offer("application/zip")
FRAME = Offer("application/octet-stream", LITTLE, is_multipart=True)
FRAME_ALONE = Offer("application/octet-stream", LITTLE)
FRAME_J2K = Offer("image/jp2", J2K, is_multipart=True)
OCTETS_J2K = Offer("application/octet-stream", J2K, is_multipart=True)
JPEG = Offer("image/jpeg")
PNG = Offer("image/png")


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("application/json", "application/json", {}),
        (" Application/DICOM+JSON ;charset=UTF-8", "application/dicom+json", {"charset": "UTF-8"}),
        (
            'multipart/related; type="application/dicom"; transfer-syntax=*',
            "multipart/related",
            {"type": "application/dicom", "transfer-syntax": "*"},
        ),
        ("multipart/related;type=application/dicom;", "multipart/related", {"type": "application/dicom"}),
        (r'a/b; X="q\"uo\\te;,"; y=', "a/b", {"x": 'q"uo\\te;,', "y": ""}),
    ],
)
def test_media_type_is_read(text: str, name: str, parameters: dict[str, str]) -> None:
    assert MediaType.parse(text) == MediaType(name, parameters)


@pytest.mark.parametrize(
    "text", ["", "json", "a/", "/b", "a/b c", "a/b; x", "a/b; x=1; x=2", 'a/b; x="open', "a/b, c/d"]
)
def test_what_is_no_media_type_is_refused(text: str) -> None:
    with pytest.raises(BadMediaType):
        MediaType.parse(text)


@pytest.mark.parametrize(
    ("accept", "offers", "chosen"),
    [
        ("", [JSON, XML], JSON),
        ("*/*", [DICOM, ZIP], DICOM),
        ("application/dicom+json", [JSON, PLAIN_JSON, XML], JSON),
        ("application/json", [JSON, PLAIN_JSON, XML], PLAIN_JSON),
        ("application/dicom+json, application/json", [JSON, PLAIN_JSON], JSON),
        ("application/*", [JSON, XML], JSON),
        ('multipart/related; type="application/dicom+xml"', [JSON, XML], XML),
        (
            "application/dicom+json;q=0.2, multipart/related;type=application/dicom+xml;q=0.9",
            [JSON, XML],
            XML,
        ),
        ("application/zip", [DICOM, ZIP], ZIP),
        ("text/html,application/xhtml+xml,*/*;q=0.8", [JSON, XML], JSON),
        ("image/*", [JPEG, PNG], JPEG),
        ("image/png, image/*;q=0.5", [JPEG, PNG], PNG),
        ("image/png;q=0, image/*", [PNG, JPEG], JPEG),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", [JPEG, PNG], JPEG),
        ("text/html", [JPEG, PNG], None),
        ("*/*;q=0", [JPEG], None),
        ("image/jpeg;q=0", [JPEG], None),
        ("nonsense, image/jpeg", [JPEG], JPEG),
        ("image/jpeg;q=2", [JPEG], None),
        ("nonsense", [JPEG], None),
    ],
)
def test_best_offer_is_chosen(accept: str, offers: list[Offer], chosen: Offer | None) -> None:
    assert choose(accept, offers) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ('multipart/related; type="application/dicom"; transfer-syntax=*', DICOM_J2K),
        ('multipart/related; type="application/dicom"; transfer-syntax="*"', DICOM_J2K),
        ("multipart/related; type=application/dicom; transfer-syntax=*", DICOM_J2K),
        ("multipart/related; transfer-syntax=*; type=application/dicom", DICOM_J2K),
        (f"multipart/related; type=application/dicom; transfer-syntax={LITTLE}", DICOM),
        (f'multipart/related; type="application/dicom"; transfer-syntax="{J2K}"', DICOM_J2K),
        (f"multipart/related; type=application/dicom; transfer-syntax={BASELINE}", None),
        ('multipart/related; type="application/dicom"', DICOM),
        ("multipart/related", DICOM),
        ("multipart/*", DICOM),
        ("*/*", DICOM_J2K),
        ("", DICOM_J2K),
        ("application/dicom", None),
        (
            f"multipart/related; type=application/dicom; transfer-syntax={LITTLE};q=0.5,"
            f"multipart/related; type=application/dicom; transfer-syntax={J2K}",
            DICOM_J2K,
        ),
        (
            f"multipart/related; type=application/dicom; transfer-syntax=*;q=0.1,"
            f"multipart/related; type=application/dicom; transfer-syntax={LITTLE}",
            DICOM,
        ),
    ],
)
def test_transfer_syntax_is_a_matter_of_the_wish(accept: str, chosen: Offer | None) -> None:
    assert choose(accept, [DICOM_J2K, DICOM]) == chosen


def test_lossy_pixels_are_given_where_nothing_else_can_be() -> None:
    only_lossy = [Offer("application/dicom", BASELINE, is_multipart=True)]
    assert choose('multipart/related; type="application/dicom"', only_lossy) == only_lossy[0]
    assert choose(f"multipart/related; type=application/dicom; transfer-syntax={LITTLE}", only_lossy) is None


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        # As OHIF asks for frames.
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", OCTETS_J2K),
        ("multipart/related; type=image/*; transfer-syntax=*", FRAME_J2K),
        ('multipart/related; type="image/jp2"', FRAME_J2K),
        ('multipart/related; type="*/*"; transfer-syntax=*', FRAME_J2K),
        # As dicomweb-client asks for frames.
        (
            'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1, '
            'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90',
            FRAME_J2K,
        ),
        ('multipart/related; type="application/octet-stream"', FRAME),
        ("application/octet-stream", FRAME_ALONE),
        ('multipart/related; type="image/jpeg"', None),
        ('multipart/related; type="video/*"', None),
    ],
)
def test_frames_come_as_wished(accept: str, chosen: Offer | None) -> None:
    assert choose(accept, [FRAME_J2K, OCTETS_J2K, FRAME, FRAME_ALONE]) == chosen


def test_pdf_wish_falls_back_to_octets() -> None:
    accept = 'multipart/related; type="application/pdf", multipart/related; type="application/octet-stream"'
    assert choose(accept, [Offer("application/octet-stream", is_multipart=True)]) == Offer(
        "application/octet-stream", is_multipart=True
    )


@pytest.mark.parametrize(
    ("parameter", "accept", "chosen"),
    [
        ("image/png", "image/jpeg", PNG),
        ("image/jpeg", 'multipart/related; type="application/octet-stream"', JPEG),
        ("", "image/png", PNG),
        ("text/plain", "image/png", PNG),
        ("text/plain", "text/html", None),
        ("application/dicom json", "image/png", JSON),
    ],
)
def test_accept_parameter_goes_before_the_header(parameter: str, accept: str, chosen: Offer | None) -> None:
    assert choose_with_parameter(parameter, accept, [JPEG, PNG, JSON]) == chosen


def test_no_offer_is_never_chosen() -> None:
    assert choose("*/*", []) is None


def test_endless_header_is_cut() -> None:
    assert choose("text/html," * 100_000 + "image/png", [PNG]) is None


def test_every_transfer_syntax_of_pixels_has_a_media_type() -> None:
    # The rest fetch their pixels from elsewhere (JPIP) or are no files (SMPTE).
    elsewhere = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.94|4\.95|4\.20[45]|7\.[123])")
    unknown = {str(uid) for uid in AllTransferSyntaxes} - MEDIA_TYPE_OF_SYNTAX.keys()
    assert [uid for uid in unknown if not elsewhere.fullmatch(uid)] == []


@pytest.mark.parametrize(
    ("syntax", "media_type"),
    [
        ("1.2.840.10008.1.2", "application/octet-stream"),
        ("1.2.840.10008.1.2.1.99", "application/octet-stream"),
        ("1.2.840.10008.1.2.5", "image/dicom-rle"),
        ("1.2.840.10008.1.2.4.50", "image/jpeg"),
        ("1.2.840.10008.1.2.4.70", "image/jpeg"),
        ("1.2.840.10008.1.2.4.81", "image/jls"),
        ("1.2.840.10008.1.2.4.90", "image/jp2"),
        ("1.2.840.10008.1.2.4.203", "image/jphc"),
        ("1.2.840.10008.1.2.4.100", "video/mpeg"),
        ("1.2.840.10008.1.2.4.108", "video/mp4"),
    ],
)
def test_frames_are_sent_as_what_they_are(syntax: str, media_type: str) -> None:
    assert MEDIA_TYPE_OF_SYNTAX[syntax] == media_type


def test_defaults_are_among_their_types() -> None:
    for media_type, syntax in DEFAULT_SYNTAX_OF_TYPE.items():
        if media_type != "application/dicom":
            assert MEDIA_TYPE_OF_SYNTAX[syntax] == media_type
