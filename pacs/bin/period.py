"""How long what is thrown away can be brought back."""

from datetime import datetime, timedelta
from math import ceil

from django.conf import settings


def kept_since(now: datetime) -> datetime:
    """Return the moment since when what went to the bin is still kept; all older goes at the next emptying."""
    return now - timedelta(days=settings.BIN_KEEPS_DAYS)


def days_left(binned_at: datetime, now: datetime) -> int:
    """Return how many days, begun ones included, something can still be restored; 0 when it no longer can."""
    return max(0, ceil((binned_at - kept_since(now)) / timedelta(days=1)))
