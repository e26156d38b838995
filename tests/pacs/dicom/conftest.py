"""One pool for all tests: a process takes longer to start than most tests take."""

from collections.abc import Iterator

import pytest

from pacs.dicom.decode_pool import DecoderPool


@pytest.fixture(scope="session")
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(processes=2)
    yield pool
    pool.close()
