"""What happens to images, as the audit trail names it (PS3.15 A.5.3, PS3.16 CID 400)."""

from tenants.events import Event

INSTANCES_STORED = Event("instances-stored", 110104, "C")
STUDY_OPENED = Event("study-opened", 110103, "R")
STUDY_DOWNLOADED = Event("study-downloaded", 110106, "R")
SEARCHED = Event("searched", 110112, "E")
STUDY_BINNED = Event("study-binned", 110105, "D")
SERIES_BINNED = Event("series-binned", 110105, "D")
STUDY_RESTORED = Event("study-restored", 110103, "U")
SERIES_RESTORED = Event("series-restored", 110103, "U")
STUDY_ERASED = Event("study-erased", 110105, "D")
SERIES_ERASED = Event("series-erased", 110105, "D")
FILE_HELD = Event("file-held", 110107, "C")
FILE_ACCEPTED = Event("file-accepted", 110103, "U")
FILE_DISCARDED = Event("file-discarded", 110105, "D")
FILE_TAKEN_BACK = Event("file-taken-back", 110103, "U")
FILE_RETRIED = Event("file-retried", 110107, "E")
FILES_ERASED = Event("files-erased", 110105, "D")
