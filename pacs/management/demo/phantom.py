"""A made-up CT series: a head-like phantom of ellipsoids, so that a newcomer has something to scroll and reformat."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SLICES, SIDE = 128, 256
SPACING_MM = 0.9
_ELLIPSOIDS = (  # centre, half axes (parts of the half side), CT number in HU added
    ((0.0, 0.0, 0.0), (0.72, 0.92, 1.30), 1900),  # skull
    ((0.0, 0.0, 0.0), (0.66, 0.86, 1.24), -865),  # brain
    ((0.22, 0.0, 0.0), (0.11, 0.31, 0.22), -32),  # ventricles
    ((-0.22, 0.0, 0.0), (0.16, 0.41, 0.28), -32),
    ((0.0, 0.35, -0.15), (0.21, 0.25, 0.41), 18),
    ((0.0, -0.1, 0.25), (0.046, 0.046, 0.05), 45),  # a small lesion
    ((0.3, -0.45, -0.2), (0.10, 0.08, 0.10), 60),
)


class Uids(NamedTuple):
    """What the slices of the series have in common."""

    study: str
    series: str
    frame_of_reference: str


def phantom(*, study_uid: str, now: datetime) -> Iterator[bytes]:
    """Yield the files of one series of 128 slices, 256 × 256 pixels of 16 bits."""
    series_uid, frame_uid = generate_uid(), generate_uid()
    axis = (np.arange(SIDE, dtype=np.float64) - SIDE / 2 + 0.5) / (SIDE / 2)
    noise = np.random.default_rng(7).normal(0, 4, (SIDE, SIDE))
    for number in range(SLICES):
        height = (number - SLICES / 2 + 0.5) / (SLICES / 2)
        pixels = np.clip(_slice(axis, height) + noise, -1024, 3071).astype("<i2")
        uids = Uids(study_uid, series_uid, frame_uid)
        yield _file(_describe(number, pixels, uids, now))


def _slice(axis: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    x, y = np.meshgrid(axis, axis)
    values = np.full((SIDE, SIDE), -1000.0)
    for (cx, cy, cz), (ax, ay, az), density in _ELLIPSOIDS:
        inside = ((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 + ((height - cz) / az) ** 2 <= 1
        values[inside] += density
    return values


def _describe(number: int, pixels: NDArray[np.int16], uids: Uids, now: datetime) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = uids
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        "Phantom^Demo",
        "DEMO-1",
        "19700101",
        "O",
    )
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = now.strftime("%Y%m%d")
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = now.strftime("%H%M%S")
    ds.StudyDescription, ds.SeriesDescription = "Head phantom (made up)", "Axial 0.9 mm"
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = "DEMO-0001", "1", "Referring^Demo"
    ds.Modality, ds.Manufacturer, ds.BodyPartExamined = "CT", "Cloud PACS demo", "HEAD"
    ds.ImageType, ds.SeriesNumber, ds.InstanceNumber = ["ORIGINAL", "PRIMARY", "AXIAL"], 1, number + 1
    ds.ImagePositionPatient = [-SIDE * SPACING_MM / 2, -SIDE * SPACING_MM / 2, number * SPACING_MM]
    ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], [SPACING_MM, SPACING_MM]
    ds.SliceThickness, ds.PatientPosition, ds.KVP = SPACING_MM, "HFS", 120
    ds.Rows = ds.Columns = SIDE
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = 40, 120
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def _file(ds: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    target = DicomBytesIO()
    FileDataset("", ds, file_meta=meta, preamble=bytes(128)).save_as(target, enforce_file_format=True)
    return target.getvalue()
