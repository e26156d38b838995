"""The query parameters of PS3.18 §8.3.5.1 are read strictly."""

import pytest

from pacs.dicom.look import Window, WindowFunction
from pacs.dicom.view import BadParameter, Viewport, parse_quality, parse_viewport, parse_window


def test_query_parameters_are_read() -> None:
    assert parse_window("40,400") == Window(40, 400, WindowFunction.LINEAR)
    assert parse_window("40.5,400,linear-exact") == Window(40.5, 400, WindowFunction.LINEAR_EXACT)
    assert parse_window("40,400,sigmoid") == Window(40, 400, WindowFunction.SIGMOID)
    assert parse_viewport("100,50") == Viewport(100, 50)
    assert parse_viewport("100,50,1.5,2,-3,4") == Viewport(100, 50, 1.5, 2, -3, 4)
    assert parse_quality("85") == 85


@pytest.mark.parametrize(
    "text", ["", "40", "40,", "a,b", "40,0", "40,1e999", "40,400,cubic", "40,400,linear,1", "nan,5"]
)
def test_a_window_that_cannot_be_read_is_a_bad_parameter(text: str) -> None:
    with pytest.raises(BadParameter):
        parse_window(text)


@pytest.mark.parametrize("text", ["", "1", "0,5", "5,9999", "1,2,3", "1,2,3,4,0,6", "-1,2", "1e2,5", "٣,5"])
def test_a_viewport_that_cannot_be_read_is_a_bad_parameter(text: str) -> None:
    with pytest.raises(BadParameter):
        parse_viewport(text)


@pytest.mark.parametrize("text", ["0", "101", "", "-1", "9.5"])
def test_a_quality_that_cannot_be_read_is_a_bad_parameter(text: str) -> None:
    with pytest.raises(BadParameter):
        parse_quality(text)
