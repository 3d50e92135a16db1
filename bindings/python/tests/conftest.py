"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib.util
import sys
import types

# Until the native module has been built, the pure Python parts are tested beside an empty one.
if importlib.util.find_spec("dataknobs_data") is None:
    raise RuntimeError("dataknobs_data is not on the path: install the wheel or set PYTHONPATH")
try:
    import dataknobs_data  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "dataknobs_data._native":
        raise
    native = types.ModuleType("dataknobs_data._native")
    native.__version__ = "0.0.0"  # type: ignore[attr-defined]
    sys.modules["dataknobs_data._native"] = native
