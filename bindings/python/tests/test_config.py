"""Our own configuration: sections, files, references, and what is built from them."""

from __future__ import annotations

import asyncio
import builtins
import copy
import pickle
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from dataknobs_data import Config, Database, Record
from dataknobs_data.backends.memory import MemoryDatabase, SyncMemoryDatabase
from dataknobs_data.exceptions import DataknobsError, InvalidConfigError, IoError, NotFoundError, UnsupportedError

SECRET = "s3cr3t"


class Service:
    """Something that a configuration constructs."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings


class FromConfig(Service):
    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FromConfig:
        return cls(via="from_config", **config)


class Strict:
    def __init__(self, host: str) -> None:
        self.host = host

    class Inner(Service):
        pass


class Factory:
    def create(self, **settings: Any) -> Service:
        return Service(by="create", **settings)


class Builder:
    def build(self, **settings: Any) -> Service:
        return Service(by="build", **settings)


class Failing:
    def __init__(self, **settings: Any) -> None:
        raise ConnectionRefusedError("no route")


def function(**settings: Any) -> Service:
    return Service(by="function", **settings)


READY = Factory()
NUMBER = 7


def here(name: str) -> str:
    return f"{__name__}.{name}"


# Sections


def test_sections_are_reached_by_dotted_names() -> None:
    config = Config({"databases": {"primary": {"a": 1}, "list": [{"b": 2}, {"name": "x", "b": 3}]}, "n": 7})
    assert config.get("databases.primary") == {"a": 1}
    assert config.get("databases.list.0") == {"b": 2} and config.get("databases.list.x.b") == 3
    assert config.get("n") == 7


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("databases.primry", "did you mean `primary`?"),
        ("database", "did you mean `databases`?"),
        ("databases.zzz", "the sections there are `primary`, `list`"),
        ("databases.list.7", "the sections there are `x`"),
        ("n.y", None),
        ("", "the sections there are `databases`, `n`"),
    ],
)
def test_a_missing_section_is_named_with_the_ones_there(name: str, hint: str | None) -> None:
    config = Config({"databases": {"primary": {"a": 1}, "list": [{"b": 2}, {"name": "x"}]}, "n": 7})
    for call in (config.get, config.build, config.clear_cache):
        with pytest.raises(NotFoundError) as caught:
            call(name)
        assert (caught.value.context["section"], caught.value.hint) == (name, hint)


def test_loading_merges_tables_and_replaces_the_rest() -> None:
    config = Config({"a": {"x": 1, "list": [1, 2]}, "b": 1}, {"a": {"y": 2, "list": [3]}, "b": {"c": 1}})
    assert config.to_dict() == {"a": {"x": 1, "list": [3], "y": 2}, "b": {"c": 1}}


def test_what_is_given_and_what_is_got_are_copies() -> None:
    source: dict[str, Any] = {"a": {"list": [{"b": 1}]}}
    config = Config(source)
    source["a"]["list"][0]["b"] = 2
    config.get("a")["list"].append(3)
    config.to_dict()["a"]["list"].append(3)
    assert config.get("a.list") == [{"b": 1}]


def test_other_mappings_and_sequences_become_plain_ones() -> None:
    given: Mapping[str, Any] = MappingProxyType({"a": MappingProxyType({"b": (1, "x")})})
    assert Config(given).get("a") == {"b": [1, "x"]}


def test_keys_are_text_and_settings_are_tables() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        Config({"a": {1: "x"}})
    assert caught.value.context == {"section": "a"}
    with pytest.raises(InvalidConfigError):
        Config([("a", 1)])  # type: ignore[arg-type]
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(InvalidConfigError, match="contain themselves"):
        Config(endless)


def test_a_load_that_fails_changes_nothing() -> None:
    config = Config({"a": 1})
    with pytest.raises(InvalidConfigError):
        config.load({"a": 2, "b": {3: 4}})
    assert config.to_dict() == {"a": 1}


# Variables and references


def test_variables_are_filled_in_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAKNOBS_TEST_PASSWORD", "p$$w${x}xref:a")
    config = Config({"a": {"password": "${DATAKNOBS_TEST_PASSWORD}", "hosts": ["${DATAKNOBS_NONE:h}", "$$5"]}})
    assert config.get("a") == {"password": "p$$w${x}xref:a", "hosts": ["h", "$5"]}
    assert config.to_dict()["a"]["password"] == "${DATAKNOBS_TEST_PASSWORD}"


def test_a_variable_that_is_not_set_is_named_with_its_key() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        Config({"a": [{"b": "s3cr3t ${DATAKNOBS_SURELY_NOT_SET}"}]}).get("a")
    assert caught.value.context == {"variable": "DATAKNOBS_SURELY_NOT_SET", "key": "`a.0.b`"}


def test_references_stand_for_their_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAKNOBS_TEST_WHICH", "main")
    config = Config(
        {
            "hosts": [{"name": "a", "port": 1}, {"name": "b.c", "port": 2}],
            "databases": {"main": {"host": "xref:hosts[b.c]"}, "1": "one"},
            "first": "xref:hosts",
            "last": ["xref:hosts[-1]"],
            "table": "xref:databases.main",
            "chosen": "xref:databases[${DATAKNOBS_TEST_WHICH}]",
            "key": "xref:databases[1]",
        }
    )
    b = {"name": "b.c", "port": 2}
    assert config.get("first") == {"name": "a", "port": 1} and config.get("last") == [b]
    assert config.get("table") == config.get("chosen") == config.get("xref:databases[main]") == {"host": b}
    assert config.get("chosen.host.port") == 2 and config.get("key") == "one"


@pytest.mark.parametrize("reference", ["xref:", "xref:a[", "xref:a[]", "xref:a[b]c", "xref:a]b[", "xref:[b]"])
def test_a_malformed_reference_is_refused(reference: str) -> None:
    with pytest.raises((InvalidConfigError, NotFoundError)) as caught:
        Config({"a": {"b": 1}, "c": [reference]}).get("c")
    assert caught.value.context["key"] == "`c.0`"


@pytest.mark.parametrize(
    "settings",
    [{"a": "xref:a"}, {"a": "xref:b", "b": "xref:a"}, {"a": {"b": "xref:a"}}, {"a": [{"b": "xref:a[0]"}]}],
)
def test_a_reference_that_leads_back_to_itself_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfigError, match="back to itself"):
        Config(settings).get("a")


def test_a_reference_that_leads_nowhere_names_its_place() -> None:
    with pytest.raises(NotFoundError) as caught:
        Config({"hosts": {"main": 1}, "a": {"host": "xref:hosts[mian]"}}).get("a")
    assert caught.value.context == {"section": "xref:hosts[mian]", "key": "`a.host`"}
    assert caught.value.hint == "did you mean `main`?"


# Files

FILES = {
    "json": '\ufeff{"a": {"b": [1, true, null]}, "c": "${DATAKNOBS_NONE:x}"}',
    "JSON": '{"a": {"b": [1, true, null]}, "c": "x"}',
    "yaml": "a:\n  b: [1, true, null]\nc: x\n",
    "yml": "a: {b: [1, yes, ~]}\nc: x\n",
}


def needs_reader(ending: str) -> None:
    """Skip a test where the package is not installed that reads files with this ending."""
    if ending in ("yaml", "yml"):
        pytest.importorskip("yaml")
    elif ending == "toml" and sys.version_info < (3, 11):
        pytest.importorskip("tomli")


@pytest.mark.parametrize("ending", FILES)
def test_files_are_read_by_their_ending(tmp_path: Path, ending: str) -> None:
    needs_reader(ending)
    path = tmp_path / f"app.{ending}"
    path.write_text(FILES[ending], encoding="utf-8")
    for source in (path, str(path)):
        config = Config(source)
        assert config.get("a") == {"b": [1, True, None]} and config.get("c") == "x"


def test_toml_is_read(tmp_path: Path) -> None:
    needs_reader("toml")
    (tmp_path / "app.toml").write_text('c = "x"\n[a]\nb = [1, true]\n')
    assert Config(tmp_path / "app.toml").get("a") == {"b": [1, True]}


def test_an_empty_yaml_file_holds_no_settings(tmp_path: Path) -> None:
    needs_reader("yaml")
    (tmp_path / "app.yaml").write_text("# nothing yet\n")
    assert Config(tmp_path / "app.yaml").to_dict() == {}


@pytest.mark.parametrize(
    ("ending", "text", "line"),
    [
        ("json", '{"password":\n s3cr3t', "2"),
        ("json", '{"s3cr3t": NaN}', None),
        ("json", '["s3cr3t"]', None),
        ("toml", "a = 1\npassword = s3cr3t", "2"),
        ("yaml", "a: 1\npassword: 's3cr3t", "2"),
        ("yaml", "!!python/object/apply:os.system ['s3cr3t']", "1"),
        ("yaml", "- s3cr3t", None),
        ("yaml", "1: s3cr3t", None),
        ("yaml", "a: 2024-99-99", None),
    ],
)
def test_mistakes_in_files_are_placed_and_not_shown(tmp_path: Path, ending: str, text: str, line: str | None) -> None:
    needs_reader(ending)
    path = tmp_path / f"app.{ending}"
    path.write_text(text)
    with pytest.raises(InvalidConfigError) as caught:
        Config(path)
    error = caught.value
    assert error.context["path"] == str(path)
    if line is not None and "!!" not in text:
        assert int(error.context["line"]) >= 2
    assert SECRET not in str(error) and error.__cause__ is None
    assert error.__context__ is None or SECRET not in repr(vars(error.__context__)) + str(error.__context__)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as missing:
        Config(tmp_path / "no.json")
    assert missing.value.context == {"path": str(tmp_path / "no.json")}
    with pytest.raises(UnsupportedError):
        Config(tmp_path / "app.ini")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(IoError):
        Config(tmp_path / "folder.json")
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InvalidConfigError, match="not UTF-8"):
        Config(tmp_path / "latin.json")


@pytest.mark.parametrize(
    ("ending", "modules", "extra"), [("yaml", ["yaml"], "[yaml]"), ("toml", ["tomllib", "tomli"], "[toml]")]
)
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, modules: list[str], extra: str
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / f"a.{ending}").write_text("")
    with pytest.raises(UnsupportedError) as caught:
        Config(tmp_path / f"a.{ending}")
    assert extra in str(caught.value.hint)


# What is built


def test_a_class_is_built_from_the_rest_of_its_section() -> None:
    config = Config(
        {
            "plain": {"class": here("Service"), "host": "${DATAKNOBS_NONE:h}", "name": "n", "type": "t"},
            "special": {"class": here("FromConfig"), "port": 1},
            "nested": {"class": f"{__name__}:Strict.Inner"},
            "list": [{"name": "first", "class": here("Service"), "port": 2}],
        }
    )
    assert config.build("plain").settings == {"host": "h", "name": "n", "type": "t"}
    assert config.build("special").settings == {"via": "from_config", "port": 1}
    assert type(config.build("nested")) is Strict.Inner
    assert config.build("list.first").settings == {"port": 2}
    assert config.build("list.0") is config.build("list.first") is config.build("xref:list")


def test_a_factory_alone_is_itself_and_with_settings_its_product() -> None:
    config = Config(
        {
            "class": {"factory": here("Factory")},
            "object": {"factory": here("READY")},
            "function": {"factory": here("function")},
            "strict": {"factory": here("Strict")},
            "made": {"factory": here("Factory"), "a": 1},
            "built": {"factory": here("Builder"), "a": 1},
            "called": {"factory": here("function"), "a": 1},
            "constructed": {"factory": here("Strict"), "host": "h"},
        }
    )
    assert type(config.build("class")) is Factory
    assert config.build("object") is READY
    assert config.build("function") is function
    assert config.build("strict") is Strict
    assert config.build("made").settings == {"by": "create", "a": 1}
    assert config.build("built").settings == {"by": "build", "a": 1}
    assert config.build("called").settings == {"by": "function", "a": 1}
    assert config.build("constructed").host == "h"


def test_the_same_object_is_built_until_its_settings_change() -> None:
    config = Config({"a": {"class": here("Service"), "on": True, "at": "xref:b"}, "b": {"n": 1}, "c": "xref:a"})
    first = config.build("a")
    assert config.build("a") is config.build("c") is config.build("xref:a") is first
    assert config.build("a", fresh=True) is not first and config.build("a") is first
    config.load({"z": 1, "a": {"on": True}})
    assert config.build("a") is first
    config.load({"a": {"on": 1}})
    second = config.build("a")
    assert second is not first
    config.load({"b": {"n": 2}})
    assert config.build("a") is not second
    third = config.build("a")
    config.clear_cache("a")
    assert config.build("a") is not third
    config.load({"a": "gone"})
    with pytest.raises(InvalidConfigError, match="not a table"):
        config.build("a")


@pytest.mark.parametrize(
    ("entry", "context", "message"),
    [
        ({"class": "no_such_module.Class"}, {"key": "`class`", "module": "no_such_module"}, "no such module"),
        ({"class": "json.no.Class"}, {"key": "`class`", "module": "json.no"}, "no such module"),
        ({"class": "json.Clas"}, {"key": "`class`", "module": "json", "name": "Clas"}, "no such name"),
        ({"factory": here("NUMBER"), "a": 1}, {"key": "`factory`"}, "`create` or `build`"),
        ({"class": here("NUMBER")}, {"key": "`class`"}, "no class"),
        ({"class": here("Strict"), "password": SECRET}, {"key": "`class`"}, "don't fit"),
        ({"class": f"{SECRET}!"}, {"key": "`class`"}, "dotted path"),
        ({"class": SECRET}, {"key": "`class`"}, "dotted path"),
        ({"class": f".{SECRET}.C"}, {"key": "`class`"}, "dotted path"),
        ({"class": 3}, {"key": "`class`"}, "must be text"),
        ({"password": SECRET}, {}, "nothing to construct"),
    ],
)
def test_what_cannot_be_built_is_placed_and_not_shown(
    entry: dict[str, Any], context: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidConfigError, match=message) as caught:
        Config({"services": {"main": entry}}).build("services.main")
    assert caught.value.context == {"section": "services.main", **context}
    assert SECRET not in str(caught.value)


def test_a_module_that_fails_to_import_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_another.py").write_text("import no_such_module_at_all")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidConfigError, match="cannot be imported") as caught:
        Config({"a": {"class": "needs_another.Class"}}).build("a")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_other_errors_of_a_constructor_pass() -> None:
    with pytest.raises(ConnectionRefusedError):
        Config({"a": {"class": here("Failing")}}).build("a")


def test_secrets_are_not_shown() -> None:
    config = Config({"database": {"password": SECRET}})
    assert repr(config) == "Config(['database'])"
    with pytest.raises(DataknobsError) as caught:
        Config({"db": {"type": "memory", "pasword": SECRET}}).build("db")
    assert SECRET not in str(caught.value) and caught.value.context["section"] == "db"


def test_threads_build_one_object() -> None:
    config = Config({"a": {"class": here("Service")}})
    built: list[Any] = []
    threads = [threading.Thread(target=lambda: built.append(config.build("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in built}) == 1


@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda config: pickle.loads(pickle.dumps(config))])
def test_copies_have_the_settings_and_not_the_objects(travel: Any) -> None:
    config = Config({"a": {"class": here("Service"), "host": "${DATAKNOBS_NONE:h}"}})
    built = config.build("a")
    after = travel(config)
    assert after.to_dict() == config.to_dict() and after.build("a") is not built


def test_reading_json_needs_no_optional_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any) -> Any:
        assert name not in ("yaml", "tomllib", "tomli")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    (tmp_path / "a.json").write_text("{}")
    Config(tmp_path / "a.json")


# Databases, as the design plan writes them


def test_databases_are_built_by_class() -> None:
    config = Config()
    config.load(
        {
            "databases": {
                "cache": {"class": "dataknobs_data.backends.memory.MemoryDatabase"},
                "blocking": {"class": "dataknobs_data.backends.memory.SyncMemoryDatabase", "type": "memory"},
                "typed": {"type": "memory", "timeout": "5s"},
            }
        }
    )
    cache_db = config.build("databases.cache")
    assert type(cache_db) is MemoryDatabase
    assert type(config.build("databases.blocking")) is SyncMemoryDatabase
    assert isinstance(config.build("databases.typed"), Database)

    async def use() -> Any:
        id = await cache_db.create(Record({"name": "Ada"}))
        record = await cache_db.read(id)
        assert record is not None
        return record["name"]

    assert asyncio.run(use()) == "Ada"


def test_databases_are_made_by_the_factory() -> None:
    config = Config()
    config.load(
        {
            "database_factory": {"factory": "dataknobs_data.DatabaseFactory"},
            "database_config": {"type": "memory", "timeout": "5s"},
            "product": {"factory": "dataknobs_data.SyncDatabaseFactory", "type": "memory"},
        }
    )
    factory = config.build("database_factory")
    db = factory.create(**config.get("database_config"))
    assert type(db) is MemoryDatabase
    assert type(config.build("product")) is SyncMemoryDatabase


@pytest.mark.parametrize("by", [{"type": "file"}, {"class": "dataknobs_data.backends.file.FileDatabase"}])
def test_settings_of_databases_are_filled_in_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: dict[str, str]
) -> None:
    monkeypatch.setenv("DATAKNOBS_TEST_FILE", f"{tmp_path}/a$$b${{c}}.jsonl")
    db = Config({"db": {**by, "path": "${DATAKNOBS_TEST_FILE}"}}).build("db")
    asyncio.run(db.create({"n": 1}))
    assert [path.name for path in tmp_path.glob("*.jsonl")] == ["a$$b${c}.jsonl"]
