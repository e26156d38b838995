"""An image that comes again while its first copy is being erased is stored anew: nobody is told that it was there."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from pacs.bin.empty import empty
from pacs.bin.move import bin_study
from pacs.ingest import settle as settling
from pacs.ingest.index import note_same
from pacs.ingest.outcomes import Status
from pacs.models import Instance, UsageCounter
from pacs.storage.sealed import SealedReader
from tenants import entry
from tests.conftest import NOW, Clinic
from tests.dicom_files import uid, written
from tests.pacs.arrivals import arrive, slice_of, stored
from tests.pacs.bin.test_moving import BOB

pytestmark = pytest.mark.db
LATER = NOW + timedelta(days=30)


def test_an_image_erased_between_comparison_and_answer_is_stored_anew(clinic: Clinic) -> None:
    stored(clinic, slice_of())
    with entry.enter(clinic.tenant):
        bin_study(BOB, uid(1), now=NOW)

    def after_erasing(*args: object) -> None:
        empty(LATER, 100)
        note_same(*args)  # type: ignore[arg-type]  # passed on as they came

    with patch.object(settling, "note_same", after_erasing):
        outcome = arrive(clinic, written(slice_of()), now=LATER)[0]
    assert outcome.status is Status.STORED
    with entry.enter(clinic.tenant):
        row = Instance.objects.select_related("blob").get()
        assert b"".join(SealedReader(row.blob).whole()) == written(slice_of())
        usage = UsageCounter.objects.get()
    assert (usage.study_count, usage.instance_count) == (1, 1)
