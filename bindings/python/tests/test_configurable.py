"""The relations to dataknobs_config: each case in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dataknobs_config")

START = """
import importlib, sys
sys.path.insert(0, {tests!r})
import conftest
"""
THEIRS = "import dataknobs_config\n"
OURS = """
from dataknobs_data._configurable import Configurable, Factory
class Base(Configurable): pass
class Store(Base): pass
class Slots(Configurable):
    __slots__ = ("a",)
class Native(Configurable, OSError): pass
class Maker(Factory): pass
before = Store()
"""
CHECK = """
def check():
    from dataknobs_config import ConfigurableBase, FactoryBase
    from dataknobs_config import builders
    for theirs in (ConfigurableBase, builders.ConfigurableBase):
        for ours in (Configurable, Base, Store, Slots, Native):
            assert issubclass(ours, theirs), (ours, theirs)
            assert isinstance(ours(), theirs)
        assert isinstance(before, theirs) and not issubclass(Maker, theirs)
    for theirs in (FactoryBase, builders.FactoryBase):
        assert issubclass(Maker, theirs) and not issubclass(Store, theirs)
    assert type(Store.from_config({})) is Store
    assert Store.from_config.__func__ is Configurable.from_config.__func__
check()
"""


def run(*parts: str) -> None:
    code = START.format(tests=str(Path(__file__).parent)) + "\n".join(parts)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error::RuntimeWarning", "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_other_package_is_not_imported() -> None:
    run(OURS, "assert not any(name.startswith('dataknobs_config') for name in sys.modules)")


def test_ours_first() -> None:
    run(OURS, THEIRS, CHECK)


def test_theirs_first() -> None:
    run(THEIRS, OURS, CHECK)


def test_theirs_by_a_module_of_it() -> None:
    run(OURS, "from dataknobs_config.builders import ConfigurableBase", CHECK)


def test_theirs_imports_ours_in_the_middle() -> None:
    run(
        "import types",
        "class Finder:",
        "    def find_spec(self, name, path=None, target=None):",
        "        if name == 'dataknobs_config.binding_resolver': import dataknobs_data._configurable",
        "sys.meta_path.insert(0, Finder())",
        THEIRS,
        OURS,
        CHECK,
    )


@pytest.mark.parametrize("module", ["dataknobs_config.builders", "dataknobs_config"])
@pytest.mark.parametrize("order", [(OURS, THEIRS), (THEIRS, OURS)])
def test_reloading_theirs(module: str, order: tuple[str, str]) -> None:
    run(*order, CHECK, f"importlib.reload(sys.modules[{module!r}]); check()")
    run(*order, CHECK, f"for _ in range(3): importlib.reload(sys.modules[{module!r}])", "check()")


def test_importing_theirs_anew() -> None:
    forget = "for name in [name for name in sys.modules if name.startswith('dataknobs_config')]: del sys.modules[name]"
    run(OURS, THEIRS, CHECK, forget, "check()")


def test_reloading_ours() -> None:
    again = "importlib.reload(sys.modules['dataknobs_data._configurable'])"
    run(OURS, again, THEIRS, CHECK)
    run(OURS, THEIRS, again, CHECK, OURS, "check()")


@pytest.mark.parametrize("turn", range(5))
def test_both_at_once_in_several_threads(turn: int) -> None:
    run(
        "import threading",
        "sys.setswitchinterval(1e-6)",
        "names = ['dataknobs_config', 'dataknobs_data._configurable'] * 4",
        f"names = names[{turn}:] + names[:{turn}]",
        "barrier = threading.Barrier(len(names))",
        "def load(name):",
        "    barrier.wait()",
        "    importlib.import_module(name)",
        "threads = [threading.Thread(target=load, args=(name,)) for name in names]",
        "for thread in threads: thread.start()",
        "for thread in threads: thread.join()",
        OURS,
        CHECK,
    )


def test_the_modules_keep_their_own_loader_and_source() -> None:
    run(
        OURS,
        "import importlib.util, inspect",
        "spec = importlib.util.find_spec('dataknobs_config')",
        "assert 'ConfigurableBase' in spec.loader.get_source('dataknobs_config')",
        "assert 'dataknobs_config' not in sys.modules",
        THEIRS,
        "for module in (dataknobs_config, dataknobs_config.builders):",
        "    assert module.__loader__ is module.__spec__.loader",
        "    assert type(module.__loader__).__name__ == 'SourceFileLoader'",
        "assert 'def from_config' in inspect.getsource(dataknobs_config.ConfigurableBase)",
    )


def test_an_import_that_fails_fails_as_ever() -> None:
    run(
        OURS,
        "sys.modules['yaml'] = None",
        "try:",
        "    import dataknobs_config",
        "except ModuleNotFoundError as error:",
        "    assert error.name == 'yaml'",
        "del sys.modules['yaml']",
        CHECK,
    )


def test_a_class_of_both_kinds_names_ours_first() -> None:
    run(
        OURS, THEIRS, "class Both(Store, dataknobs_config.ConfigurableBase): pass", "assert Both.from_config({})", CHECK
    )
