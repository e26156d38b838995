"""Refusals told to people and machines."""

import pytest

from pacs.dicom.limits import Limits
from pacs.dicom.reasons import FAILURE_CODES, Reason, Refused


def test_every_reason_has_a_failure_code_that_pynetdicom_calls_a_failure() -> None:
    assert set(FAILURE_CODES) == set(Reason)
    assert set(FAILURE_CODES.values()) == {0xA700, 0xA900, 0xC000}


def test_facts_are_told_without_values() -> None:
    assert str(Refused(Reason.TRUNCATED, at=7)) == "truncated at=7"


def test_limits_cannot_be_opened_to_what_breaks_readers() -> None:
    with pytest.raises(ValueError, match="64"):
        Limits(nesting=65)
