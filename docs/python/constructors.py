"""Part of building the site: compiled classes have `__new__` in the stub, and the reference looks for `__init__`."""

from __future__ import annotations

from typing import Any

import griffe


class Constructors(griffe.Extension):
    """Shows `__new__` where a class has no `__init__`."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Give the class an `__init__` with the parameters of its `__new__`."""
        new = cls.members.get("__new__")
        if not isinstance(new, griffe.Function) or "__init__" in cls.members:
            return
        parameters = griffe.Parameters(*new.parameters)
        parameters[0].name = "self"
        cls.set_member("__init__", griffe.Function("__init__", parameters=parameters, runtime=False))
