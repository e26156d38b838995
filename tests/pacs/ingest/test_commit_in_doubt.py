"""A commit whose answer was lost may have happened: the bytes that its rows name have to stay."""

from unittest.mock import patch

import pytest
from django.db import OperationalError

from pacs.ingest import settle as settling
from pacs.ingest.index import index_all
from pacs.ingest.outcomes import Status
from pacs.models import Instance
from pacs.storage.sealed import SealedReader
from tenants import entry
from tests.conftest import Clinic
from tests.dicom_files import written
from tests.pacs.arrivals import arrive, slice_of

pytestmark = pytest.mark.db


def committed_unheard(*args: object) -> None:
    index_all(*args)  # type: ignore[arg-type]  # passed on as they came
    raise OperationalError("server closed the connection")


def test_what_was_committed_unheard_is_there_when_it_comes_again(clinic: Clinic) -> None:
    with (
        patch.object(settling, "index_all", committed_unheard),
        pytest.raises(OperationalError),
    ):
        arrive(clinic, written(slice_of()))
    assert arrive(clinic, written(slice_of()))[0].status is Status.SAME
    with entry.enter(clinic.tenant):
        row = Instance.objects.select_related("blob").get()
        assert b"".join(SealedReader(row.blob).whole()) == written(slice_of())
