"""Media types as DICOMweb uses them, and the choice of an answer's form (PS3.18 §8.7). Pure.

Clients write the same wish in many ways, and all of them hold: ``type`` quoted or not, parameters in any
order, several wishes in one header, a wish that we do not understand beside one that we do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
OCTET_STREAM = "application/octet-stream"
_MOST_RANGES = 64

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NAME = re.compile(rf"\s*({_WORD}/{_WORD})\s*")
# Unquoted values may hold a slash and more: clients write type=application/dicom and odd boundaries.
_PARAMETER = re.compile(rf'\s*;\s*(?:({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*)?')
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

_DICOM = "1.2.840.10008.1.2"
_VIDEO_MP4 = ("102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1", "107", "108")
_SYNTAXES_OF_TYPE: Mapping[str, Sequence[str]] = {
    OCTET_STREAM: ["", ".1", ".1.98", ".1.99", ".2"],
    "image/dicom-rle": [".5"],
    "image/jpeg": [f".4.{process}" for process in (*range(50, 67), 70)],
    "image/jls": [".4.80", ".4.81"],
    "image/jp2": [".4.90", ".4.91"],
    "image/jpx": [".4.92", ".4.93"],
    "image/jxl": [".4.110", ".4.111", ".4.112"],
    "image/jphc": [".4.201", ".4.202", ".4.203"],
    "video/mpeg": [".4.100", ".4.100.1", ".4.101", ".4.101.1"],
    "video/mp4": [f".4.{profile}" for profile in _VIDEO_MP4],
}
# PS3.18 §8.7.3.3: as what a frame in a stored transfer syntax is sent when it is not decoded.
MEDIA_TYPE_OF_SYNTAX: Mapping[str, str] = {
    _DICOM + ending: media_type for media_type, endings in _SYNTAXES_OF_TYPE.items() for ending in endings
}

# The transfer syntax that is meant where a media type comes without one (PS3.18 §8.7.3).
DEFAULT_SYNTAX_OF_TYPE: Mapping[str, str] = {
    "application/dicom": EXPLICIT_LITTLE_ENDIAN,
    OCTET_STREAM: EXPLICIT_LITTLE_ENDIAN,
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jxl": "1.2.840.10008.1.2.4.110",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "video/mpeg": "1.2.840.10008.1.2.4.100",
    "video/mp4": "1.2.840.10008.1.2.4.102",
}


class BadMediaType(ValueError):
    """The text is no media type."""


@dataclass(frozen=True)
class MediaType:
    """A media type with its parameters: names in lower case, values unquoted and as they were written."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Raises BadMediaType, also for a parameter given twice: two readers could differ about it."""
        match = _NAME.match(text)
        if match is None:
            raise BadMediaType
        return cls(match[1].lower(), _parameters(text, match.end()))


@dataclass(frozen=True)
class Offer:
    """One form in which the answer can be given.

    ``media_type`` is that of the parts where ``is_multipart``, otherwise that of the whole answer.
    """

    media_type: str
    transfer_syntax: str | None = None
    is_multipart: bool = False


def choose(accept: str, offers: Sequence[Offer]) -> Offer | None:
    """This will return the offer that an Accept header likes best, or None if it accepts none of them (406).

    An empty header accepts everything. Among equals the earlier offer wins. A wish without a transfer syntax
    means the default of its type; an offer in another syntax is taken for it only where the default is not
    offered, as the standard has it for pixels that exist in lossy form alone.
    """
    ranges = list(_ranges(accept)) if accept.strip() else [_Range(MediaType("*/*"), 1.0)]
    liked = [(_liking(ranges, offer), -at) for at, offer in enumerate(offers)]
    best = max(liked, default=None)
    if best is None or best[0] == _NOT_AT_ALL:
        return None
    return offers[-best[1]]


def choose_with_parameter(accept_parameter: str, accept: str, offers: Sequence[Offer]) -> Offer | None:
    """This will do as ``choose`` does, the query parameter ``accept`` going before the header (§8.7.8)."""
    if accept_parameter.strip():
        # An unescaped plus sign in a query is a space by the time it arrives: application/dicom json.
        wished = choose(re.sub(r"(?<=\w) (?=\w)", "+", accept_parameter.strip()), offers)
        if wished is not None:
            return wished
    return choose(accept, offers)


@dataclass(frozen=True)
class _Range:
    media: MediaType
    quality: float


_Liking = tuple[float, int]  # quality, then whether the transfer syntax is what was meant
_NOT_AT_ALL: _Liking = (0.0, 0)


def _liking(ranges: Sequence[_Range], offer: Offer) -> _Liking:
    """The quality that the most specific matching ranges give an offer (RFC 9110 §12.5.1)."""
    matches = [(_specificity(one.media, offer), one) for one in ranges]
    closest = max((specificity for specificity, _ in matches), default=(0, 0))
    if closest[0] == 0:
        return _NOT_AT_ALL
    quality = max(one.quality for specificity, one in matches if specificity == closest)
    return (quality, closest[1]) if quality else _NOT_AT_ALL


def _specificity(media: MediaType, offer: Offer) -> tuple[int, int]:
    """How closely a range names an offer: (0, 0) not at all; then by type, and by transfer syntax."""
    if media.name == "*/*":
        return 1, 1
    wanted = media.name
    if offer.is_multipart:
        if media.name not in {"multipart/related", "multipart/*"}:
            return 0, 0
        wanted = media.parameters.get("type", "*/*").lower()
    closeness = _closeness(wanted, offer.media_type)
    return (
        (closeness, _syntax_closeness(media, offer))
        if closeness and _syntax_closeness(media, offer)
        else (0, 0)
    )


def _closeness(wanted: str, media_type: str) -> int:
    if wanted == media_type:
        return 4
    if wanted.endswith("/*") and media_type.startswith(wanted[:-1]):
        return 3
    return 2 if wanted == "*/*" else 0


def _syntax_closeness(media: MediaType, offer: Offer) -> int:
    wanted = media.parameters.get("transfer-syntax")
    if offer.transfer_syntax is None or wanted == "*":
        return 2
    if wanted is None:
        return 2 if DEFAULT_SYNTAX_OF_TYPE.get(offer.media_type) == offer.transfer_syntax else 1
    return 3 if wanted == offer.transfer_syntax else 0


def _ranges(accept: str) -> Iterator[_Range]:
    """The elements of an Accept header that we understand; the others wish for what we have not."""
    for element in _ELEMENT.findall(accept)[:_MOST_RANGES]:
        try:
            media = MediaType.parse(element)
        except BadMediaType:
            continue
        quality = media.parameters.get("q", "1")
        if _QUALITY.fullmatch(quality):
            yield _Range(media, float(quality))


def _parameters(text: str, at: int) -> Mapping[str, str]:
    parameters: dict[str, str] = {}
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise BadMediaType
        name, quoted, plain = match.groups()
        at = match.end()
        if name is None:
            continue
        if name.lower() in parameters:
            raise BadMediaType
        parameters[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return parameters
