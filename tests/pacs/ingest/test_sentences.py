from pacs.dicom.reasons import Reason
from pacs.ingest.outcomes import INGEST_CODES, IngestReason
from pacs.ingest.sentences import SENTENCES


def test_every_reason_has_a_sentence_for_people() -> None:
    assert set(SENTENCES) == {*Reason, *IngestReason}


def test_every_reason_has_a_code_for_machines() -> None:
    assert set(INGEST_CODES) == set(IngestReason)
