"""Each page works under a policy that allows nothing inline, from this origin alone, and for everybody."""

import re
from pathlib import Path

import pytest
from csp.constants import NONE, SELF
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*.html"))
each_template = pytest.mark.parametrize(
    "path", TEMPLATES, ids=[str(path.relative_to(FOLDER)) for path in TEMPLATES]
)


@each_template
def test_it_compiles(path: Path) -> None:
    get_template(str(path.relative_to(FOLDER)))


@each_template
def test_it_has_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)", text) == [] or "json_script" in text
    assert re.findall(r"<style\b|\sstyle=|\son\w+=|\shx-on|javascript:|\shx-vals=.js:", text) == []


@each_template
def test_it_loads_from_this_origin_alone(path: Path) -> None:
    assert (
        re.findall(r"""(?:src|href|action|hx-\w+)=["'](?:https?:)?//""", path.read_text(encoding="utf-8"))
        == []
    )


@each_template
def test_it_trusts_no_text(path: Path) -> None:
    assert re.findall(r"\|\s*safe\b|autoescape off|mark_safe", path.read_text(encoding="utf-8")) == []


@each_template
def test_its_forms_carry_the_token(path: Path) -> None:
    forms = re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)
    assert [form[:80] for form in forms if "{% csrf_token %}" not in form] == []


@each_template
def test_its_pictures_have_words(path: Path) -> None:
    assert [
        img for img in re.findall(r"<img\b[^>]*>", path.read_text(encoding="utf-8")) if " alt=" not in img
    ] == []


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert directives["default-src"] == [SELF]
    assert {source for sources in directives.values() for source in sources} == {SELF, NONE, "data:"}
    assert [name for name, sources in directives.items() if "data:" in sources] == ["img-src"]
