"""Names as people read them."""

import pytest

from pacs.web.people import display_name


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Curie^Marie", "Curie, Marie"),
        ("CURIE^MARIE^SKLODOWSKA^DR^PHD", "CURIE, MARIE SKLODOWSKA, DR, PHD"),
        ("Curie", "Curie"),
        ("^Marie", "Marie"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田, 太郎, やまだ, たろう)"),
        ("=山田^太郎", "山田, 太郎"),
        ("A^B^C^D^E^F^G", "A, B C, D, E"),
        ("^^^^", "No name"),
        ("", "No name"),
    ],
)
def test_a_name_is_written_for_reading(written: str, shown: str) -> None:
    assert display_name(written) == shown
