"""The errors: their texts, their built-in bases, and that they travel between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

from dataknobs_data import exceptions
from dataknobs_data.exceptions import BY_KIND, DataknobsError, InvalidQueryError, IoError, NotFoundError


def full(error: type[DataknobsError]) -> DataknobsError:
    return error(
        "it broke",
        operation="create_batch",
        backend="file",
        context={"path": "a.json"},
        hint="mend it",
        excerpt="a b\n  ^",
        failures=[(2, InvalidQueryError("inner", context=[("line", "3")]))],
        retryable=True,
    )


def test_every_kind_has_a_class_and_every_class_is_exported() -> None:
    assert len(BY_KIND) == 15
    assert all(error.kind == kind and issubclass(error, DataknobsError) for kind, error in BY_KIND.items())
    assert {error.__name__ for error in BY_KIND.values()} | {"BY_KIND", "DataknobsError"} == set(exceptions.__all__)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("NotFound", KeyError),
        ("InvalidQuery", ValueError),
        ("InvalidRecord", ValueError),
        ("InvalidConfig", ValueError),
        ("Unsupported", NotImplementedError),
        ("Connection", ConnectionError),
        ("Timeout", TimeoutError),
        ("Auth", PermissionError),
        ("Io", OSError),
    ],
)
def test_natural_bases_catch_them(kind: str, base: type[Exception]) -> None:
    with pytest.raises(base, match="it broke"):
        raise full(BY_KIND[kind])


@pytest.mark.parametrize("error", BY_KIND.values())
def test_the_text_is_one_line_with_excerpt_and_hint_below(error: type[DataknobsError]) -> None:
    first, *rest = str(full(error)).split("\n")
    assert first.endswith(": it broke (create_batch, file, path: a.json)")
    assert rest == ["  a b", "    ^", "  hint: mend it"]
    assert "\n" not in str(error("it broke"))
    assert repr(error("it broke")) == f"{error.__name__}('it broke')"


@pytest.mark.parametrize("error", BY_KIND.values())
@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_they_are_copied_and_pickled_whole(error: type[DataknobsError], travel) -> None:  # type: ignore[no-untyped-def]
    before = full(error)
    after = travel(before)
    assert type(after) is error and str(after) == str(before) and after.args == before.args == ("it broke",)
    assert after.kind == before.kind and after.retryable and after.context == {"path": "a.json"}
    [(index, inner)] = after.failures
    assert (index, type(inner), inner.context) == (2, InvalidQueryError, {"line": "3"})


def test_only_connection_and_timeout_are_retryable_by_themselves() -> None:
    assert {kind for kind, error in BY_KIND.items() if error("x").retryable} == {"Connection", "Timeout"}
    assert not BY_KIND["Timeout"]("x", retryable=False).retryable


def test_a_kind_that_is_not_known_here_keeps_its_name() -> None:
    error = DataknobsError("x", kind="Quota", hint="")
    assert (error.kind, str(error)) == ("Quota", "Quota: x")


class Missing(NotFoundError):
    def __init__(self, name: str) -> None:
        super().__init__(f"no {name}")


class MissingFile(IoError):
    def __init__(self, path: str, line: int) -> None:
        super().__init__(f"no {path}", context={"line": str(line)})


@pytest.mark.parametrize("error", [Missing("ada"), MissingFile("ada", 3)])
def test_subclasses_with_other_arguments_are_pickled_too(error: DataknobsError) -> None:
    after = pickle.loads(pickle.dumps(error))
    assert type(after) is type(error) and after.args == ("no ada",) and str(after) == str(error)


def test_an_io_error_without_a_number_has_none() -> None:
    assert IoError("x").errno is None
