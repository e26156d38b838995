"""Files that arrive in a clinic by the one path that every door uses."""

from datetime import datetime

from pydicom import Dataset

from pacs.ingest.index import Arrival
from pacs.ingest.outcomes import Outcome
from pacs.ingest.receive import Incoming, Received
from pacs.ingest.settle import settle
from tenants import entry
from tenants.permissions import system_actor
from tests.conftest import NOW, Clinic
from tests.dicom_files import image, uid, written


def receive(data: bytes) -> Received:
    """Take a file as a door does, inside the clinic."""
    incoming = Incoming()
    incoming.feed(data)
    return incoming.finish()


def arrive(clinic: Clinic, *files: bytes, now: datetime = NOW) -> list[Outcome]:
    """Store files, or see them refused."""
    with entry.enter(clinic.tenant):
        return settle([receive(data) for data in files], Arrival(system_actor("tests"), now))


def slice_of(*, study: int = 1, series: int = 2, number: int = 1, **attributes: object) -> Dataset:
    """Return an image of a study and series, each named by a number; images of one study need different numbers."""
    ds = image(number=number)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(study), uid(series)
    for name, value in attributes.items():
        setattr(ds, name, value)
    return ds


def stored(clinic: Clinic, *datasets: Dataset, now: datetime = NOW) -> None:
    """Store images and see that every one was taken."""
    outcomes = arrive(clinic, *(written(ds) for ds in datasets), now=now)
    assert [str(outcome.status) for outcome in outcomes] == ["stored"] * len(datasets)
