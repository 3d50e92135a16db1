"""Relations to the ``dataknobs_config`` package: they attach when it is imported, and not before.

That package's ``ConfigurableBase`` and ``FactoryBase`` are to be bases of our databases and of our
factory, and importing this package must not import that one. They are plain classes: nothing can
be registered with them as a virtual subclass, and ``issubclass`` looks at real bases alone. So they
become real bases of `Configurable` and `Factory` as soon as the module that defines
them has run, which a finder on ``sys.meta_path`` notices. They come last, so that whatever our
classes define themselves wins. A class of both kinds names ours first.

Either package may be imported first, in any thread, and be reloaded. Only an import of this one out
of the body of ``dataknobs_config.builders`` itself would come too late to notice its end.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from typing_extensions import Self

_MODULES = ("dataknobs_config", "dataknobs_config.builders")


# None of these has `__slots__`: bases may only be exchanged for ones that add the same to an object, and
# the other package's classes add a `__dict__`. (CPython doesn't check that for every base.)
class _Plain:
    """A base besides ``object``, without which Python does not let bases change later."""


class Configurable(_Plain):
    """A class whose objects are built from settings.

    It is a ``dataknobs_config.ConfigurableBase`` once that package has been imported.

    Examples
    --------
    >>> class Store(Configurable):
    ...     def __init__(self, path):
    ...         self.path = path
    >>> Store.from_config({"path": "people.csv"}).path
    'people.csv'
    """

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build an object from its settings.

        Parameters
        ----------
        config : mapping of str to object
            The constructor's keyword arguments.
        """
        return cls(**config)


class Factory(_Plain):
    """A class whose objects make others from settings, by a method ``create(**settings)``.

    It is a ``dataknobs_config.FactoryBase`` once that package has been imported.

    Examples
    --------
    >>> class Lists(Factory):
    ...     def create(self, **settings):
    ...         return list(settings)
    >>> Lists().create(a=1)
    ['a']
    """


class _Relations:
    """Classes of ours and the names of the ones they are to derive from; a finder on ``sys.meta_path``."""

    def __init__(self, *relations: tuple[type, str]) -> None:
        self._relations = relations
        self._lock = allocate_lock()

    def attach(self) -> None:
        """Make the classes that the other package has now the bases of ours."""
        with self._lock:
            for ours, name in self._relations:
                found = [vars(sys.modules[module]).get(name) for module in _MODULES if sys.modules.get(module)]
                # One class, unless a module was reloaded: then whoever holds the old one is right too.
                theirs = [base for base in dict.fromkeys(found) if isinstance(base, type)]
                bases = (ours.__bases__[0], *theirs)
                if ours.__bases__ != bases:
                    try:
                        ours.__bases__ = bases
                    except TypeError as error:
                        from warnings import warn

                        warn(f"dataknobs_config.{name} cannot be a base: {error}", RuntimeWarning, stacklevel=2)

    def watch(self) -> None:
        """Attach now, and again after each time that one of the modules is executed."""
        sys.meta_path.insert(0, self)
        for module in _MODULES:
            if module in sys.modules:
                from contextlib import suppress
                from importlib import import_module

                # Another thread may be in the middle of importing it: this waits for that. If it
                # fails, whoever imports it gets to see why.
                with suppress(Exception):
                    import_module(module)
        self.attach()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the modules where the finders after this one do, to know when they have been executed."""
        if name not in _MODULES or self not in sys.meta_path:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find_spec = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _AttachingLoader(spec.loader, self)  # type: ignore[assignment]
                return spec
        return None


class _AttachingLoader:
    """The module's own loader, which takes its place again as soon as the module is executed."""

    def __init__(self, loader: Loader, relations: _Relations) -> None:
        self._loader = loader
        self._relations = relations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._relations.attach()


_Relations((Configurable, "ConfigurableBase"), (Factory, "FactoryBase")).watch()
