"""Objects from settings: by the dotted path of a class or factory, or by the name of a backend."""

from __future__ import annotations

from ..exceptions import DataknobsError, InvalidConfigError
from .sections import hint_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["construct"]


def construct(entry: dict[str, Any], section: str) -> Any:
    """Construct the object that a section of settings describes.

    Parameters
    ----------
    entry : dict
        Settings with ``factory``, ``class``, or ``type`` or ``backend``; the first of them counts.
    section : str
        The section's name, for errors.

    Raises
    ------
    InvalidConfigError
        When the entry names nothing to construct, what it names cannot be imported, or its other
        settings don't fit. What else a constructor raises passes as it is.
    """
    settings = dict(entry)
    try:
        if "factory" in settings:
            return _by_factory(settings.pop("factory"), settings)
        if "class" in settings:
            return _by_class(settings.pop("class"), settings)
        if "type" in settings or "backend" in settings:
            from ..factory import DatabaseFactory

            return DatabaseFactory().create(**settings)
        raise InvalidConfigError(
            "this section names nothing to construct",
            hint="add a key `class`, `factory` or `type`, such as `type: memory`",
        )
    except DataknobsError as error:
        error.context = {"section": section, **error.context}
        raise


def _by_factory(path: Any, settings: dict[str, Any]) -> Any:
    factory = _imported(path, "factory")
    if isinstance(factory, type) and _takes_no_arguments(factory):
        factory = factory()
    if not settings:
        return factory
    for method in ("create", "build"):
        if hasattr(factory, method):
            return _called(getattr(factory, method), "factory", **settings)
    if callable(factory):
        return _called(factory, "factory", **settings)
    raise _wrong("a factory has a method `create` or `build`, or can be called", "factory")


def _by_class(path: Any, settings: dict[str, Any]) -> Any:
    found = _imported(path, "class")
    if hasattr(found, "from_config"):
        return _called(found.from_config, "class", settings)
    if callable(found):
        return _called(found, "class", **settings)
    raise _wrong("this is no class", "class")


def _called(function: Callable[..., Any], key: str, /, *arguments: Any, **settings: Any) -> Any:
    try:
        return function(*arguments, **settings)
    except DataknobsError:
        raise
    except TypeError as error:
        raise _wrong(f"the settings don't fit this {key}", key) from error


def _takes_no_arguments(cls: type) -> bool:
    from inspect import signature

    try:
        signature(cls).bind()
    except TypeError:
        return False
    except ValueError:  # written in C, and silent about its arguments
        return True
    return True


def _imported(path: Any, key: str) -> Any:
    """Import what a dotted path names: ``module.Class`` or ``module:Class``."""
    if not isinstance(path, str):
        raise _wrong("this setting must be text", key)
    module_name, colon, name = path.partition(":")
    if not colon:
        module_name, _, name = path.rpartition(".")
    # Anything else isn't shown: it may be a secret that was put here by mistake.
    if not all(part.isidentifier() for part in [*module_name.split("."), *name.split(".")]):
        raise _wrong("this setting must be a dotted path: `package.module.Class`", key)
    from importlib import import_module

    try:
        found = import_module(module_name)
    except Exception as error:
        absent = isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}.")
        message = "there is no such module" if absent else "the module cannot be imported"
        raise _wrong(message, key, module=module_name) from error
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            known = [public for public in dir(found) if not public.startswith("_")]
            hint = hint_for(part, "names there", known) if len(known) < 20 else None
            raise _wrong("the module has no such name", key, hint, module=module_name, name=name) from error
    return found


def _wrong(message: str, key: str, hint: str | None = None, **context: str) -> InvalidConfigError:
    return InvalidConfigError(message, context={"key": f"`{key}`", **context}, hint=hint)
