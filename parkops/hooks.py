"""Signals between modules: a documented, ordered, in-transaction way to react and to object.

    before_leave = Signal("tenants.before_leave", doc="session, firm, on; receivers return or yield Problems")

    @receiver(before_leave)
    def no_open_lease(session, firm, **_): yield Problem(...)

Receivers run in module order (kernel first, then dependency order), then by name. They are held strongly: a plain
closure would otherwise vanish. A receiver that raises stops the sender and rolls everything back, on purpose; what may
fail on its own goes through the outbox. Receivers accept `**kwargs`, because a signal may learn new arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import blinker

from .errors import Problem
from .registry import registry

_signals: dict[str, Signal] = {}
KERNEL = ("parkops",)


def signals() -> dict[str, Signal]:
    """Every declared signal by name (a test compares them with the modules' README)."""
    return dict(_signals)


def _module_order(fn: Callable[..., Any]) -> tuple[int, str, str]:
    parts = fn.__module__.split(".")
    if parts[0] != "modules":
        return (-1, fn.__module__, fn.__qualname__)
    names = list(registry().manifests)
    place = names.index(parts[1]) if len(parts) > 1 and parts[1] in names else len(names)
    return (place, parts[1] if len(parts) > 1 else "", f"{fn.__module__}.{fn.__qualname__}")


class Signal:
    """name: `module.happened`; doc: sender and arguments in one sentence, and whether Problems are collected."""

    def __init__(self, name: str, doc: str):
        if not doc.strip():
            raise ValueError(f"signal {name} needs a doc: sender and arguments")
        self.name, self.__doc__ = name, doc
        self._signal = blinker.Signal(doc)
        _signals[name] = self

    def connect(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        self._signal.connect(fn, weak=False)
        return fn

    def disconnect(self, fn: Callable[..., Any]) -> None:
        self._signal.disconnect(fn)

    def receivers(self) -> list[Callable[..., Any]]:
        """In the order they run."""
        return sorted(self._signal.receivers_for(blinker.ANY), key=_module_order)

    def send(self, session: Any, **values: Any) -> list[Any]:
        """Call every receiver inside the caller's transaction; returns their answers."""
        return [fn(session, **values) for fn in self.receivers()]

    def collect(self, session: Any, **values: Any) -> list[Problem]:
        """Ask every receiver for Problems; never stops at the first. The caller raises them together."""
        found: list[Problem] = []
        for fn in self.receivers():
            answer = fn(session, **values)
            if answer is None:
                continue
            items: Iterable[Any] = [answer] if isinstance(answer, Problem) else answer
            for item in items:
                if not isinstance(item, Problem):
                    raise TypeError(f"{fn.__module__}.{fn.__qualname__}: yield Problems for {self.name}, not {item!r}")
                found.append(item)
        return found

    def chain(self, session: Any, value: Any, **values: Any) -> Any:
        """Value in, value out, through every receiver `(session, value, **values) -> value`."""
        for fn in self.receivers():
            value = fn(session, value, **values)
        return value

    def __repr__(self) -> str:
        return f"<Signal {self.name}>"


def receiver(signal: Signal) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: connect a function to a signal, strongly."""
    return signal.connect
