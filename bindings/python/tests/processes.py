"""Child processes and threads that cannot hang the tests: each wait has an end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

#: Seconds after which something that should take one is taken for hanging.
PATIENCE = 60.0


#: A fork beside threads is deprecated since Python 3.12; here it is what is tested.
STRICT = ["-X", "dev", "-W", "error", "-W", "ignore:.*fork:DeprecationWarning"]


def command(code: str, *arguments: object) -> list[str]:
    """Give the command that runs code in a fresh interpreter."""
    return [sys.executable, *STRICT, "-c", code, *map(str, arguments)]


def command_for_file(script: Path, *arguments: object) -> list[str]:
    """Give the command that runs a file in a fresh interpreter."""
    return [sys.executable, *STRICT, str(script), *map(str, arguments)]


def run(code: str, *arguments: object, expected: int = 0, timeout: float = PATIENCE) -> str:
    """Run code in a fresh interpreter, which must end in time and without a word on stderr; give its output."""
    done = subprocess.run(
        command(code, *arguments), capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stderr) == (expected, ""), f"{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def started(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Start code in a fresh interpreter; it is killed at the end if it is still there."""
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(code, *arguments), text=True, **pipes) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.communicate(timeout=PATIENCE)


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run work in several threads at once, and give what each returns; an error of one is raised."""
    results: list[Any] = [None] * count
    errors: list[BaseException] = []

    def run_one(number: int) -> None:
        try:
            results[number] = work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run_one, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if errors:
        raise errors[0]
    return results


class Ticks:
    """A thread that wakes a thousand times a second; the longest time it did not is `longest_gap`."""

    def __init__(self) -> None:
        self.longest_gap = 0.0
        self.count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        last = time.perf_counter()
        while not self._stop.wait(0.001):
            self._note(last)
            last = time.perf_counter()
        self._note(last)

    def _note(self, last: float) -> None:
        self.count += 1
        self.longest_gap = max(self.longest_gap, time.perf_counter() - last)

    def __enter__(self) -> Ticks:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


class Blocked:
    """A named pipe without a writer: whoever opens it to read waits."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path

    def wait_for_reader(self, process: int | str = "self") -> None:
        """Return when a thread of the process waits for the pipe to open, where the system says so."""
        end = time.monotonic() + PATIENCE
        while not self._has_reader(process):
            assert time.monotonic() < end, "nobody reads the pipe"
            os.sched_yield()

    @staticmethod
    def _has_reader(process: int | str) -> bool:
        threads = Path(f"/proc/{process}/task")
        if not threads.exists():
            return True
        with suppress(OSError):
            return any((thread / "wchan").read_text() == "wait_for_partner" for thread in threads.iterdir())
        return False

    def release(self) -> None:
        """Let whoever reads go on, to the end of the file."""
        os.close(os.open(self.path, os.O_RDWR | os.O_NONBLOCK))
