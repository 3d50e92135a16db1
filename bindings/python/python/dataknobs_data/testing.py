"""Proof that a backend written in Python behaves as every other store.

Examples
--------
A test of a backend's own, for pytest or by hand::

    from dataknobs_data.testing import check_backend

    def test_shelf_behaves_as_the_contract_says():
        check_backend(Shelf)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backends.base import Backend

__all__ = ["Failure", "Report", "check_backend"]


@dataclass(frozen=True)
class Failure:
    """What did not hold.

    Attributes
    ----------
    name : str
        The behaviour or case: its method or topic, a colon, and the rule in words.
    column : str
        The backend's name, and the form of the handle: ``"async"`` or ``"blocking"``.
    reason : str
        What was seen instead.
    """

    name: str
    column: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What a run of the suite found.

    Attributes
    ----------
    held, failed, not_applicable : int
        How many behaviours and cases, each counted for both forms of the handle. What does not apply needs something
        that the backend does not declare.
    failures : sequence of Failure
        What failed.
    table : str
        Each behaviour, and the cases by topic.
    """

    held: int
    failed: int
    not_applicable: int
    failures: Sequence[Failure]
    table: str

    def __str__(self) -> str:
        return self.table


def check_backend(
    factory: Callable[[], Backend],
    *,
    reopen: Callable[[Any], Backend] | None = None,
    name: str | None = None,
    only: str = "",
    known_failures: Sequence[str] = (),
) -> Report:
    """Try the whole contract of a database on a backend, print a table, and fail if something does not hold.

    These are the behaviours and cases that all built-in stores are held to, through the asynchronous and the blocking
    handle. It takes some seconds on a store in memory.

    Parameters
    ----------
    factory : callable
        Gives a fresh, empty backend of its own storage each time; a class without parameters is one.
    reopen : callable, optional
        Gives a new backend on the storage of the given one, which has been closed. Needed where the capabilities say
        ``persistent``.
    name : str, optional
        What the report calls the backend.
    only : str, optional
        Part of the names of behaviours to try, such as ``"create_batch"``; the cases are left out then.
    known_failures : sequence of str, optional
        Names of behaviours and cases that are known to fail. One of them that holds is a failure.

    Returns
    -------
    Report
        What held and what did not apply.

    Raises
    ------
    AssertionError
        When something fails. It lists what, and why.
    UnsupportedError
        When this build has no conformance suite.
    """
    from . import _native
    from .exceptions import UnsupportedError

    check = getattr(_native, "_check_backend", None)
    if check is None:
        raise UnsupportedError("this build of the package has no conformance suite")
    parts = check(name or getattr(factory, "__name__", "backend"), factory, reopen, only)
    behaviours, cases = parts[0], parts[1:]
    report = Report(
        held=sum(part["held"] for part in parts),
        failed=sum(part["failed"] for part in parts),
        not_applicable=sum(part["not_applicable"] for part in parts),
        failures=[Failure(*failure) for part in parts for failure in part["failures"]],
        table="\n".join([behaviours["table"], *(part["summary"] for part in cases)]),
    )
    print(report)
    known = set(known_failures)
    failed = {failure.name for failure in report.failures}
    complaints = [f"{failure.name} on {failure.column}: {failure.reason}" for failure in report.failures]
    complaints = [line for line, failure in zip(complaints, report.failures, strict=True) if failure.name not in known]
    complaints += [f"{name}: it is among the known failures, and holds" for name in sorted(known - failed)]
    if complaints:
        raise AssertionError("\n".join([f"{len(complaints)} of the contract's rules do not hold:", *complaints]))
    return report
