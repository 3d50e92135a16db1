"""The ``dk`` command, as the wheel installs it."""

from __future__ import annotations

import signal
import sys

from . import _native


def main() -> None:
    """Run ``dk`` with the arguments of this process and exit with its code."""
    # Python's own handler only notes Ctrl-C for later; the command is to end at once, as `dk` does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.run_command(["dk", *sys.argv[1:]]))
