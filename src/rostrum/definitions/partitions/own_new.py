"""Users' classes that give the arguments of the class that they extend in `__new__`, as subclasses of tuples do."""

from __future__ import annotations

from typing import Any, ClassVar, Self

_OURS = "rostrum."


class TakesNew:
    """A root whose subclasses may define `__new__`, and call `super().__new__(cls, ...)` with the arguments of the
    class that they extend; or be named tuples as well.
    """

    _has_new: ClassVar[bool] = False
    """True for classes of users' that define `__new__`, and those that extend them."""

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        if "__new__" in vars(cls) and not cls.__module__.startswith(_OURS):
            cls._has_new = True
            if "__init__" not in vars(cls):
                cls.__init__ = _made_already  # it would be given the arguments of the user's `__new__`

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """The object, made from these arguments where a user's `__new__` gives them."""
        make = super().__new__
        made = object.__new__(cls) if make is object.__new__ else make(cls, *args, **kwargs)  # (a named tuple)
        if cls._has_new:
            for kind in cls.__mro__:
                if "__init__" in vars(kind) and kind.__module__.startswith(_OURS):
                    vars(kind)["__init__"](made, *args, **kwargs)
                    break
        return made


def _made_already(self: Any, *args: Any, **kwargs: Any) -> None:
    """`__new__` has made it."""
