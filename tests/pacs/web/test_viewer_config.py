"""The viewer's configuration and its content security policies."""

import json
from dataclasses import replace
from typing import cast

import pytest

from pacs.web.viewer_config import (
    STAFF_PAGE_POLICY,
    TEXTS,
    WORKER_POLICY,
    WORKER_SCRIPT,
    Viewer,
    app_config,
)

STAFF = Viewer(
    root="/c/alpha",
    name="Alpha",
    list_url="/c/alpha/studies/",
    sign_in_url="/login/?popup=1",
    csrf_cookie="csrftoken",
    language="en",
    has_accepted_notice=True,
    texts=TEXTS,
)
SHARE = replace(STAFF, root="/s/abc", list_url=None, sign_in_url="/s/abc/")


def read(viewer: Viewer) -> tuple[dict[str, object], dict[str, object]]:
    ours, ohif = app_config(viewer).removeprefix("window.pacsViewer = ").split(";\nwindow.config = ")
    return json.loads(ours), json.loads(ohif.removesuffix(";\n"))


def data_source(viewer: Viewer) -> dict[str, object]:
    (source,) = cast("list[dict[str, dict[str, object]]]", read(viewer)[1]["dataSources"])
    return source["configuration"]


@pytest.mark.parametrize("viewer", [STAFF, SHARE])
def test_every_request_stays_below_the_root(viewer: Viewer) -> None:
    source = data_source(viewer)
    assert (source["qidoRoot"], source["wadoRoot"]) == (
        f"{viewer.root}/dicom-web",
        f"{viewer.root}/dicom-web",
    )
    assert read(viewer)[1]["routerBasename"] == f"{viewer.root}/"
    assert "http" not in app_config(viewer)


def test_only_who_has_a_list_sees_the_arrow() -> None:
    assert (read(STAFF)[1]["showStudyList"], read(STAFF)[0]["listUrl"]) == (True, "/c/alpha/studies/")
    assert (read(SHARE)[1]["showStudyList"], read(SHARE)[0]["listUrl"]) == (False, None)


@pytest.mark.parametrize(("has_accepted", "option"), [(True, "never"), (False, "always")])
def test_the_notice_is_shown_until_it_is_accepted(*, has_accepted: bool, option: str) -> None:
    viewer = replace(STAFF, has_accepted_notice=has_accepted)
    assert read(viewer)[1]["investigationalUseDialog"] == {"option": option}


def test_a_name_cannot_break_out_of_the_script() -> None:
    name = 'x";alert(1)//\u2028</script>'
    text = app_config(replace(STAFF, name=name))
    assert text.isascii()
    assert read(replace(STAFF, name=name))[0]["name"] == name


def test_a_missing_sentence_is_an_error() -> None:
    with pytest.raises(KeyError, match="dismiss"):
        app_config(replace(STAFF, texts={key: text for key, text in TEXTS.items() if key != "dismiss"}))


def test_page_and_workers_may_compile_code_and_run_no_inline_script() -> None:
    assert "script-src 'self' 'unsafe-eval';" in STAFF_PAGE_POLICY
    assert "'unsafe-inline'" not in WORKER_POLICY


def test_only_worker_scripts_get_the_workers_policy() -> None:
    assert WORKER_SCRIPT.match("/static/ohif/3.13.2/8097.bundle.8ae6404ba94890a0.js")
    assert not WORKER_SCRIPT.match("/static/ohif/3.13.2/app.bundle.0f6159c501addfe9.js")
    assert not WORKER_SCRIPT.match("/static/ohif/3.13.2/2136.bundle.0f6159c501addfe9.js")
