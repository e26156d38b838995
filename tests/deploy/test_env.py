"""The readers of the environment: strict, and silent about values."""

import multiprocessing
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from deploy import env


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THING", raising=False)
    monkeypatch.delenv("THING_FILE", raising=False)


def test_a_variable_that_is_not_set_has_its_default() -> None:
    assert env.text("THING", "default") == "default"
    assert env.flag("THING", default=True) is True
    assert env.integer("THING", 7, minimum=1, maximum=9) == 7


def test_text_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", " a b ")
    assert env.text("THING", "default") == " a b "


def test_text_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "thing").write_text("from a file\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))
    assert env.text("THING", "default") == "from a file"


def test_both_a_variable_and_its_file_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "thing").write_text("1")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))
    monkeypatch.setenv("THING", "1")
    with pytest.raises(ImproperlyConfigured, match="THING and THING_FILE are both set"):
        env.text("THING", "default")


def test_an_empty_variable_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING", "")
    with pytest.raises(ImproperlyConfigured, match="THING is set but empty"):
        env.text("THING", "default")


def test_a_file_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="THING_FILE cannot be read"):
        env.text("THING", "default")


@pytest.mark.parametrize("value", ["1", "True", "yes", "on", "truefalse"])
def test_a_flag_is_true_or_false(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("THING", "false")
    assert env.flag("THING", default=True) is False
    monkeypatch.setenv("THING", value)
    with pytest.raises(ImproperlyConfigured, match="THING must be true or false"):
        env.flag("THING", default=True)


@pytest.mark.parametrize("value", ["0", "10", "-1", "1.5", "1e1", "٣", " 5", "0x5", "5_0"])
def test_a_number_is_whole_and_within_its_bounds(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("THING", "5")
    assert env.integer("THING", 1, minimum=1, maximum=9) == 5
    monkeypatch.setenv("THING", value)
    with pytest.raises(ImproperlyConfigured, match="THING must be a whole number from 1 to 9"):
        env.integer("THING", 1, minimum=1, maximum=9)


def test_no_refusal_repeats_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "hunter2")
    with pytest.raises(ImproperlyConfigured) as refused_flag:
        env.flag("THING", default=True)
    with pytest.raises(ImproperlyConfigured) as refused_number:
        env.integer("THING", 1, minimum=1, maximum=9)
    assert "hunter2" not in f"{refused_flag.value} {refused_number.value}"


def test_a_kept_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "thing"
    made = env.kept_secret("THING", path)
    assert len(made) == 86
    assert env.kept_secret("THING", path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_given_secret_wins_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING", "given")
    assert env.kept_secret("THING", tmp_path / "thing") == "given"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "text"), [(0o640, "x" * 86), (0o604, "x" * 86), (0o600, ""), (0o600, "short")]
)
def test_an_exposed_or_damaged_secret_is_refused(tmp_path: Path, mode: int, text: str) -> None:
    path = tmp_path / "thing"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(ImproperlyConfigured):
        env.kept_secret("THING", path)


def _read(path: Path) -> str:
    return env.kept_secret("THING", path)


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(8) as pool:
        for number in range(20):
            assert len(set(pool.map(_read, [tmp_path / str(number)] * 8))) == 1
