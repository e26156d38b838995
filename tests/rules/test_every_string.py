"""Every word that people see can be translated, and is, into Brazilian Portuguese."""

import ast
import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
APPS = ("tenants", "pacs", "billing", "deploy")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html")) + sorted((ROOT / "templates").rglob("*.txt"))
CODE = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "assets" not in path.parts)
PLURAL = {"ngettext", "ngettext_lazy", "npgettext", "npgettext_lazy"}
IN_CONTEXT = {"pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"}
KEYWORDS = {"_", "gettext", "gettext_lazy", "gettext_noop"} | PLURAL | IN_CONTEXT
Message = str | tuple[str, ...]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[\w.]*\}")

each_template = pytest.mark.parametrize(
    "path", TEMPLATES, ids=[str(path.relative_to(ROOT)) for path in TEMPLATES]
)


@functools.cache
def catalogue() -> Catalog:
    with (ROOT / "templates/locale/pt_BR/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale="pt_BR")


def _messages(source: str) -> Iterator[Message]:
    calls = extract_python(io.BytesIO(source.encode()), dict.fromkeys(KEYWORDS), [], {})
    for _, function, messages, _ in calls:
        given = [str(word) for word in messages] if isinstance(messages, tuple | list) else [messages]
        start = 1 if function in IN_CONTEXT else 0
        if function in PLURAL:
            yield given[start], given[start + 1]
        else:
            yield given[start]


@functools.cache
def said() -> set[Message]:
    """Return all that code and templates hand to gettext."""
    templates = [templatize(path.read_text(encoding="utf-8")) for path in TEMPLATES]
    code = [path.read_text(encoding="utf-8") for path in CODE]
    return {message for source in templates + code for message in _messages(source)}


def _texts(words: object) -> list[str]:
    return (
        [words]
        if isinstance(words, str)
        else [str(word) for word in words]
        if isinstance(words, tuple | list)
        else [""]
    )


def test_every_sentence_is_in_the_catalogue() -> None:
    known = {message.id for message in catalogue() if message.id}
    assert len(said()) > 30
    assert sorted(map(str, said() - known)) == []


def test_every_sentence_is_translated() -> None:
    messages = [message for message in catalogue() if message.id]
    assert [message.id for message in messages if message.fuzzy] == []
    assert [message.id for message in messages if not all(_texts(message.string))] == []


def test_no_translation_is_left_of_a_sentence_that_is_gone() -> None:
    assert sorted(str(message.id) for message in catalogue() if message.id and message.id not in said()) == []
    assert list(catalogue().obsolete) == []


def test_translations_keep_the_values() -> None:
    for message in catalogue():
        if message.id:
            wanted = set(PLACEHOLDER.findall(_texts(message.id)[-1]))
            assert all(set(PLACEHOLDER.findall(text)) == wanted for text in _texts(message.string)), (
                message.id
            )


@each_template
def test_a_template_holds_no_word_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\{% blocktranslate.*?\{% endblocktranslate %\}", "", text, flags=re.DOTALL)
    text = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    spoken = re.findall(
        r'\s(?:title|alt|placeholder|aria-label|aria-description|data-announce)="([^"]*)"', text
    )
    text = re.sub(r"<[^>]*>", " ", text, flags=re.DOTALL)
    text = re.sub(r"&\w+;", " ", text)
    assert re.findall(r"[^\W\d_]{2,}", " ".join([text, *spoken])) == []


def test_no_sentence_is_put_together_before_it_is_translated() -> None:
    """`_(f"…")` is looked up with its values inside, and never found."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
                assert not any(isinstance(argument, ast.JoinedStr) for argument in node.args), path
