"""Functions of ops as the constructor takes them beside those of `@op`: of the context and a mapping of all inputs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import wraps
from typing import Any, cast

from rostrum.definitions.ops.signatures import Signature


def takes_inputs_as_one(signature: Signature, ins: Mapping[str, Any]) -> bool:
    """Whether a function's second parameter is all inputs: it is called `inputs`, or is none of those declared."""
    if len(signature.names) != 2 or signature.positional != 2 or signature.defaults:
        return False
    first, second = signature.names
    if first in ins or second in ins:
        return False
    return second in ("inputs", "ins") or (bool(ins) and signature.context is not None)


def by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as one of inputs by name."""

    @wraps(function)
    def compute(context: Any, **inputs: Any) -> Any:
        made = function(context, inputs)
        # Any iterator is of results here, not a value: that is what generators are.
        if isinstance(made, Iterator) and not isinstance(made, Generator):
            return (each for each in cast("Iterator[Any]", made))
        return cast("Any", made)

    del compute.__wrapped__  # its own parameters count
    compute.__annotations__ = {}
    return compute
