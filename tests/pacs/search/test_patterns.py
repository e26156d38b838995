import re

import pytest

from pacs.search.patterns import (
    after_prefix,
    begins_word,
    fits,
    literal_prefix,
    name_patterns,
    words_asked,
)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        ("*", ""),
        ("*", "anything"),
        ("abc", "abc"),
        ("a?c", "abc"),
        ("a*c", "ac"),
        ("a*c", "abbbc"),
        ("*b*", "abc"),
        ("a*b*c", "a-b-b-c"),
        ("**?", "x"),
        ("a.c", "a.c"),
        ("a[b]*", "a[b]c"),
    ],
)
def test_a_text_that_fits(pattern: str, text: str) -> None:
    assert fits(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("", "a"), ("?", ""), ("abc", "abcd"), ("a*c", "abcb"), ("a.c", "abc"), ("?b", "b"), ("a", "A")],
)
def test_a_text_that_does_not_fit(pattern: str, text: str) -> None:
    assert not fits(pattern, text)


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not fits("*a" * 200 + "b", "a" * 10_000)


@pytest.mark.parametrize(
    ("pattern", "prefix"), [("doe*", "doe"), ("*doe", ""), ("d?e*", "d"), ("doe", "doe")]
)
def test_the_literal_beginning_of_a_pattern(pattern: str, prefix: str) -> None:
    assert literal_prefix(pattern) == prefix


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("doe", "dof"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", None),
        ("\ud7ff", "\ue000"),  # between them lie surrogates, which no text holds
        ("", None),
    ],
)
def test_the_least_text_above_a_prefix(prefix: str, end: str | None) -> None:
    assert after_prefix(prefix) == end


def test_a_name_is_looked_for_in_every_component_group() -> None:
    assert name_patterns("山田^太郎") == ["山田^太郎", "山田^太郎=*", "*=山田^太郎", "*=山田^太郎=*"]


def test_latin_letters_are_looked_for_in_the_first_group() -> None:
    assert name_patterns("Müller^J*") == ["muller^j*"]
    assert name_patterns("Müller^Jane") == ["muller^jane", "muller^jane=*"]


def test_a_pattern_open_at_both_ends_covers_all_groups_by_itself() -> None:
    assert name_patterns("*Müller*") == ["*muller*"]


@pytest.mark.parametrize(
    "name",
    ["jo", "doe^john", "anna-jo", "o'jones", "a jo", "a=jo", "a,jo", "a.jo", "a;jo", "a/jo", "a\\jo", "a’jo"],
)
def test_words_begin_after_every_kind_of_break(name: str) -> None:
    assert re.search(begins_word("jo"), name)


@pytest.mark.parametrize(("start", "name"), [("jo", "banjo"), ("a+b", "aab"), ("j.", "jo")])
def test_a_word_does_not_begin_in_another(start: str, name: str) -> None:
    assert not re.search(begins_word(start), name)


def test_words_are_asked_for_in_normal_form_without_wildcards() -> None:
    assert words_asked("Jo* D?e^Ärger") == ("jo", "d", "e", "arger")
