"""The package as it is installed: its version, its files, its command."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata, resources

import dataknobs_data


def test_the_version_is_that_of_the_distribution() -> None:
    assert dataknobs_data.__version__ == metadata.version("dataknobs-data")


def test_the_tests_run_against_the_installed_package() -> None:
    installed = metadata.distribution("dataknobs-data").locate_file("dataknobs_data/__init__.py")
    assert str(installed) == dataknobs_data.__file__


def test_type_checkers_find_the_types() -> None:
    files = {entry.name for entry in resources.files(dataknobs_data).iterdir()}
    assert {"py.typed", "_native.pyi"} <= files


def test_the_licences_are_part_of_it() -> None:
    files = {path.name for path in metadata.files("dataknobs-data") or []}
    assert {"LICENSE-APACHE", "LICENSE-MIT"} <= files


def test_importing_it_imports_no_optional_package() -> None:
    optional = ["numpy", "pandas", "pyarrow", "polars", "pydantic", "yaml", "dataknobs_config"]
    code = f"import sys, dataknobs_data; print([name for name in {optional!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_dk_command_runs() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="dk")
    assert callable(script.load())
    code = "import sys; sys.argv = ['dk', '--version']; from dataknobs_data._cli import main; main()"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == f"dk {dataknobs_data.__version__}"
