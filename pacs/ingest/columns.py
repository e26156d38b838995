"""What the columns of studies, series and instances hold of a file, cut to their widths."""

from pacs.dicom.index import Indexed
from pacs.dicom.names import search_name, search_text
from pacs.dicom.scan import Scan


def study_columns(indexed: Indexed) -> dict[str, object]:
    """Return what a study's row holds of its first image; the person stands beside."""
    columns = indexed.columns
    return {
        "patient_name": columns.patient_name[:324],
        "patient_name_search": search_name(columns.patient_name)[:400],
        "patient_id": columns.patient_id[:64],
        "patient_id_search": search_text(columns.patient_id)[:64],
        "issuer": columns.issuer_of_patient_id[:64],
        "birth_date": columns.patient_birth_date,
        "sex": columns.patient_sex[:16],
        "accession_number": columns.accession_number[:64],
        "accession_number_search": search_text(columns.accession_number)[:64],
        "study_id": columns.study_id[:64],
        "study_date": columns.study_date,
        "study_time": columns.study_time,
        "description": columns.study_description[:324],
        "description_search": search_text(columns.study_description)[:400],
        "referring_physician": columns.referring_physician_name[:324],
        "referring_physician_search": search_name(columns.referring_physician_name)[:400],
        "attributes": {**indexed.patient, **indexed.study},
    }


def series_columns(indexed: Indexed) -> dict[str, object]:
    """Return what a series' row holds of its first image."""
    columns = indexed.columns
    return {
        "modality": columns.modality[:16],
        "series_number": columns.series_number,
        "description": columns.series_description[:324],
        "body_part": columns.body_part_examined[:64],
        "attributes": indexed.series,
    }


def instance_columns(scan: Scan, indexed: Indexed) -> dict[str, object]:
    """Return what an instance's row holds of its file, but for the blob."""
    columns = indexed.columns
    return {
        "sop_class_uid": scan.sop_class_uid,
        "transfer_syntax_uid": scan.transfer_syntax_uid,
        "instance_number": columns.instance_number,
        "rows": columns.rows,
        "columns": columns.columns,
        "number_of_frames": columns.number_of_frames,
        "bits_allocated": scan.pixels.bits_allocated or None,
        "attributes": indexed.instance,
        "plain_size": scan.size,
        "dataset_sha256": scan.dataset_sha256,
        "layout": scan.layout.to_bytes(),
        "frame_index": scan.frames.to_bytes(),
        "has_active_preamble": scan.preamble.is_suspicious,
    }
