"""Names and texts in the form that searching and comparing use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs.dicom.names import matches_fuzzily, name_groups, search_name, search_text, words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("MÜLLER", "muller"),
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("Łódź Ørsted Þór", "lodz orsted thor"),
        ("Yılmaz İnce", "yilmaz ince"),
        ("São  João\tda Conceição ", "sao joao da conceicao"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("Ｄｏｅ", "doe"),
        ("홍길동", "홍길동"),
        ("ガ", "ガ"),
        ("สมชาย", "สมชาย"),
        ("Διονύσιος", "διονυσιοσ"),
        ("Йод", "иод"),
        ("a\u200bb\u202e", "ab"),
        ("*M?ll*", "*m?ll*"),
        ("a\0b", "ab"),
    ],
)
def test_case_accents_and_spacing_go(text: str, plain: str) -> None:
    assert search_text(text) == plain


@given(st.text())
def test_the_normal_form_is_its_own(text: str) -> None:
    assert search_text(search_text(text)) == search_text(text)


@given(st.text())
def test_the_normal_form_of_a_name_is_its_own(text: str) -> None:
    assert search_name(search_name(text)) == search_name(text)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("DOE^JOHN", "doe^john"),
        ("Doe ^ John ^^^", "doe^john"),
        ("Doe^John^^Dr^", "doe^john^^dr"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "hong^gildong=洪^吉洞=홍^길동"),
        ("Doe^John==", "doe^john"),
        ("Doe^^=X^=", "doe=x"),
        ("", ""),
        ("^^^^", ""),
    ],
)
def test_a_name_loses_empty_ends(name: str, plain: str) -> None:
    assert search_name(name) == plain


def test_groups_are_searchable_one_by_one() -> None:
    assert name_groups("Yamada^Tarou=山田^太郎=やまだ^たろう") == (
        "yamada^tarou",
        "山田^太郎",
        "やまだ^たろう",
    )
    assert name_groups("=山田") == ("", "山田", "")


def test_words_are_cut_at_all_that_divides_names() -> None:
    assert words("O'Neill-Smith^Ann, Dr. = X") == ("o", "neill", "smith", "ann", "dr", "x")


@pytest.mark.parametrize(
    ("asked", "matches"),
    [("mar cur", True), ("CURIE", True), ("skł", True), ("marie x", False), ("urie", False), ("", True)],
)
def test_fuzzy_matching_takes_beginnings_of_words_in_any_order(asked: str, *, matches: bool) -> None:
    assert matches_fuzzily("Skłodowska Curie^Marie", asked) is matches
