"""States and steps as a table: the table makes the checks, the buttons, the README diagram and the history.

The dataclasses are the contract; `Workflow.move` is the only way a state changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .db.types import Choices


@dataclass(frozen=True)
class State:
    """tone: grey draft, blue running, green done, amber due soon, red failed, violet waiting for someone else."""

    code: str
    title: Any
    tone: str = "grey"
    final: bool = False


@dataclass(frozen=True)
class Step:
    """A button: from which states to which state, and the service that does the work.

    service: `"module.path:function"`, called `service(session, obj, **form)`; it calls `move` itself. form: Inputs asked
    first. word: right on the workflow's resource. guard: `"module.path:function"` `(session, obj) -> reason | None`."""

    code: str
    sources: tuple[str, ...]
    target: str
    title: Any
    service: str | None = None
    form: tuple[Any, ...] = ()
    word: str = "act"
    guard: str | None = None
    primary: bool = False
    danger: bool = False
    needs_reason: bool = False


@dataclass(frozen=True)
class Workflow:
    """resource: whose records move; column: the state column; start: first state."""

    resource: str
    column: str
    start: str
    states: tuple[State, ...]
    steps: tuple[Step, ...]
    choices: Choices = field(init=False, compare=False)

    def __post_init__(self) -> None:
        choices = Choices(f"{self.resource}.{self.column}", *((s.code, s.title, s.tone) for s in self.states))
        object.__setattr__(self, "choices", choices)
