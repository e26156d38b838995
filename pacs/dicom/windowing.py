"""Grey levels from values: Modality LUT, VOI LUT and windows (PS3.3 C.11.1, C.11.2), on arrays of values."""

import numpy as np
import numpy.typing as npt

from pacs.dicom.look import Look, Table, Window, WindowFunction

Values = npt.NDArray[np.float64]


def modality_values(look: Look, stored: Values) -> Values:
    """Turn stored values into the values that windows speak of."""
    if look.modality_table is not None:
        return looked_up(look.modality_table, stored)
    if look.slope == 1.0 and look.intercept == 0.0:
        return stored
    return stored * look.slope + look.intercept


def looked_up(table: Table, values: Values) -> Values:
    """Look values up; those beyond either end get the entry at that end."""
    entries = table_entries(table)
    return entries[np.clip(values - table.first, 0, len(entries) - 1).astype(np.int64)].astype(np.float64)


def table_entries(table: Table) -> npt.NDArray[np.uint16]:
    return np.frombuffer(table.entries, np.uint16)


def grey_levels(values: Values, *, window: Window | None, voi_table: Table | None, spread: Values) -> Values:
    """Bring values to 0…1 by the window, else by the VOI LUT, else by the range of `spread`."""
    if window is not None:
        return windowed(values, window)
    if voi_table is not None:
        return looked_up(voi_table, values) / _greatest(voi_table)
    low, high = (float(spread.min()), float(spread.max())) if spread.size else (0.0, 0.0)
    if high <= low:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _greatest(table: Table) -> int:
    """The brightest entry that the table can hold: what it says, unless an entry is brighter."""
    limit = (1 << table.bits) - 1
    return limit if table_entries(table).max() <= limit else 65535


def windowed(values: Values, window: Window) -> Values:
    """Apply a window to values, as 0…1."""
    center, width = window.center, window.width
    if window.function is WindowFunction.SIGMOID:
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - center) / width, -700.0, 700.0)))
    if window.function is WindowFunction.LINEAR_EXACT:
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if width == 1.0:  # a threshold: the slope between both ends would be infinite
        return (values > center - 0.5).astype(np.float64)
    return np.clip((values - (center - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)
