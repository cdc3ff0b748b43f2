"""Which fields a form may offer: services that take `**values` name them here, so that no screen offers one a service refuses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

SYSTEM = ("id", "park_id", "version", "created_at")


def takes(model: Any, without: Iterable[str] = (), also: Iterable[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: give the service a signature with the model's columns (less `without`, plus `also`) as keyword arguments."""
    left_out = {*SYSTEM, *without}
    names = [c.name for c in model.__table__.columns if c.name not in left_out] + list(also)

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        kept = [p for p in inspect.signature(fn).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        new = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None) for n in names]
        fn.__signature__ = inspect.Signature([*kept, *new])  # type: ignore[attr-defined]
        return fn

    return decorate
