"""Variables of the environment in settings: the cases of the Rust library's tests, and its rules."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataknobs_data.config.environment import escape, fill, substitute
from dataknobs_data.exceptions import InvalidConfigError

VARIABLES = {"USER": "ada", "PASSWORD": "p@ss/w:o$$r?d", "EMPTY": "", "_1": "one"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${USER}", "ada"),
        ("<${USER}${_1}>", "<adaone>"),
        ("${EMPTY:x}", ""),
        ("${NONE:}", ""),
        ("${NONE:a:b $c}", "a:b $c"),
        ("${NONE:-1}", "-1"),
        ("$$", "$"),
        ("$$$${USER}", "$${USER}"),
        ("$$${USER}", "$ada"),
        ("$", "$"),
        ("5 $ and $USER", "5 $ and $USER"),
        ("${PASSWORD}", "p@ss/w:o$$r?d"),
        ("ä${USER}ö", "äadaö"),
    ],
)
def test_variables_defaults_and_escapes(text: str, expected: str) -> None:
    assert fill(text, VARIABLES.get) == expected


@pytest.mark.parametrize("text", ["${NONE}", "${", "${USER", "${}", "${:x}", "${1A}", "${A B}", "${A-B:x}", "${Ä}"])
def test_mistakes_are_named_without_values(text: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        fill(f"secret {text}", VARIABLES.get)
    assert "secret" not in str(caught.value)
    assert caught.value.context.get("variable") == ("NONE" if text == "${NONE}" else None)


def test_every_text_at_any_depth_is_filled_and_keys_stay() -> None:
    settings = {"a": ["${USER}", 1, {"b": "${_1}"}], "${USER}": None}
    assert substitute(settings, VARIABLES.get) == {"a": ["ada", 1, {"b": "one"}], "${USER}": None}
    with pytest.raises(InvalidConfigError) as caught:
        substitute({"a": [0, {"b": "${NONE}"}]}, VARIABLES.get)
    assert caught.value.context["key"] == "`a.1.b`"


def test_the_process_environment_is_the_usual_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAKNOBS_TEST_HOST", "db.example")
    assert fill("${DATAKNOBS_TEST_HOST}:${DATAKNOBS_SURELY_NOT_SET:1}") == "db.example:1"


@pytest.mark.skipif(os.name == "nt", reason="the environment of Windows is text")
def test_a_variable_that_is_not_utf_8_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DATAKNOBS_TEST_BYTES", b"\xff".decode(errors="surrogateescape"))
    assert fill("${DATAKNOBS_TEST_BYTES:x}") == "x"


@pytest.mark.parametrize("text", ["", "$", "$$", "p$${w", "${USER}", "a$b$$c"])
def test_what_is_escaped_is_filled_in_as_itself(text: str) -> None:
    assert substitute(escape({"a": [text, 1]}), VARIABLES.get) == {"a": [text, 1]}


def test_paths_are_escaped_as_text() -> None:
    assert escape(Path("a$b")) == "a$$b"
