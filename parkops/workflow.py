"""States and steps as a table: the table makes the checks, the buttons, the README diagram and the history.

The dataclasses are the contract; `Workflow.move` is the only way a state changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, Index, String, Text, insert, select, update
from sqlalchemy.orm import Mapped
from sqlalchemy.orm.attributes import set_committed_value

from .clock import now, today
from .db import audit
from .db.append_only import protect
from .db.base import Record
from .db.base import field as column
from .db.park_optional import ParkOptional, owner_park
from .db.session import scope_of
from .db.types import Choices, UTCDateTime
from .errors import Conflict, NotFound, Problem, Refused, RuleError
from .hooks import Signal
from .i18n import _, _l
from .refs import named
from .security import access

WORKFLOWS: dict[str, Workflow] = {}


class Transition(ParkOptional, Record):
    """One step taken: from where to where, on which day, why and by whom. Written by `Workflow.move` only."""

    __tablename__ = "core_transition"
    __table_args__ = (Index("ix_core_transition_record", "resource", "record_id", "id"),)
    __audited__ = False

    resource: Mapped[str] = column(String(80), _l("Kind of record"))
    record_id: Mapped[int] = column(BigInteger, _l("Record"))
    from_state: Mapped[str] = column(String(40), _l("From"))
    to_state: Mapped[str] = column(String(40), _l("To"))
    step: Mapped[str] = column(String(40), _l("Step"))
    on_date: Mapped[date] = column(Date, _l("Date"))
    reason: Mapped[str | None] = column(Text, _l("Reason"))
    user_id: Mapped[int | None] = column(BigInteger, _l("User id"))
    user_name: Mapped[str] = column(String(80), _l("Who"))
    at: Mapped[datetime] = column(UTCDateTime, _l("Time"))


protect(Transition)


@cache
def _service(name: str) -> Any:
    return named(name)


moved = Signal(
    "core.moved",
    doc="session, resource, obj, step, old, new, reason: a record went one step further by `Workflow.move`, in the same transaction "
    "(not sent for steps made in bulk)",
)


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


class Button(NamedTuple):
    """A step offered on a record page; `why_not` says in one sentence why it is disabled."""

    step: Step
    enabled: bool
    why_not: str | None


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
        object.__setattr__(self, "states", tuple(self.states))
        object.__setattr__(self, "steps", tuple(self.steps))
        self._check()
        choices = Choices(f"{self.resource}.{self.column}", *((s.code, s.title, s.tone) for s in self.states))
        object.__setattr__(self, "choices", choices)
        WORKFLOWS[self.resource] = self

    def _check(self) -> None:
        """A wrong table fails at import, naming the step."""
        codes = [s.code for s in self.states]
        if len(set(codes)) != len(codes) or len({s.code for s in self.steps}) != len(self.steps):
            raise ValueError(f"workflow {self.resource}: a state or step is named twice")
        if self.start not in codes:
            raise ValueError(f"workflow {self.resource}: start {self.start!r} is no state")
        final = {s.code for s in self.states if s.final}
        for step in self.steps:
            wrong = {*step.sources, step.target} - set(codes)
            if wrong or not step.sources:
                raise ValueError(f"workflow {self.resource}, step {step.code}: no such state {', '.join(sorted(wrong))}")
            if final & set(step.sources):
                raise ValueError(f"workflow {self.resource}, step {step.code}: leaves a final state")

    def state(self, code: str) -> State:
        """The state of that code."""
        return next(s for s in self.states if s.code == code)

    def step(self, code: str) -> Step:
        """The step of that code; Refused when the table has none."""
        found = next((s for s in self.steps if s.code == code), None)
        if found is None:
            raise Refused(_l("There is no step %(code)s.", code=code))
        return found

    def why_not(self, session: Any, obj: Any, step: Step) -> str | None:
        """The reason the step cannot be taken now, or None. Rights are not asked here."""
        current = getattr(obj, self.column)
        if current not in step.sources:
            return _("This is possible only in the state: %(states)s.",
                     states=" / ".join(str(self.state(c).title) for c in step.sources))
        reason = _service(step.guard)(session, obj) if step.guard else None
        return str(reason) if reason else None

    def buttons(self, session: Any, obj: Any) -> list[Button]:
        """The steps that lead out of the record's state and that the actor may take, with the reason for a disabled one."""
        out = []
        for step in self.steps:
            if getattr(obj, self.column) in step.sources and access.may(session, self.resource, step.word):
                reason = self.why_not(session, obj, step)
                out.append(Button(step, reason is None, reason))
        return out

    def move(self, session: Any, obj: Any, code: str, on: date | None = None, reason: str | None = None) -> Transition:
        """Take a step: the only way a state changes.

        Checks the right, the state, the guard and the reason; changes the row only while it is still in the old state
        (a lost race is a Conflict, nothing is written); records the transition and the audit row. `on` is the day it
        holds from (default today). Raises NotAllowed, RuleError (code `workflow.*`) or Conflict."""
        step = self.step(code)
        access.require(session, self.resource, step.word)
        if (park := getattr(obj, "park_id", None)) is not None and not scope_of(session).sees(park):
            raise NotFound(_l("There is no such record in your parks."))
        if why := self.why_not(session, obj, step):
            raise RuleError([Problem("workflow.not_now", why)])
        if step.needs_reason and not (reason or "").strip():
            raise RuleError([Problem("workflow.reason_missing", _l("Write a reason."), "reason")])
        session.flush()
        old = getattr(obj, self.column)
        self._claim(session, obj, old, step.target)
        return self._record(session, obj, step, old, on or today(), (reason or "").strip() or None)

    def _claim(self, session: Any, obj: Any, old: str, new: str) -> None:
        """UPDATE … WHERE state = old; exactly one of two racing moves gets the row."""
        table = type(obj).__table__
        state = table.c[self.column]
        version = session.connection().execute(
            update(table).where(table.c.id == obj.id, state == old)
            .values({state: new, table.c.version: table.c.version + 1}).returning(table.c.version)).scalar_one_or_none()
        if version is None:
            session.expire(obj)
            raise Conflict(_l("Somebody else has just changed the state of this record. Look at it again."), obj)
        if version != obj.version + 1:
            session.expire(obj)  # another field was changed meanwhile: read it again instead of overwriting it later
            return
        set_committed_value(obj, self.column, new)
        set_committed_value(obj, "version", version)

    def _record(self, session: Any, obj: Any, step: Step, old: str, on: date, reason: str | None) -> Transition:
        scope, park = scope_of(session), owner_park(session, obj)
        values = {"resource": self.resource, "record_id": obj.id, "park_id": park, "from_state": old,
                  "to_state": step.target, "step": step.code, "on_date": on, "reason": reason,
                  "user_id": scope.user_id, "user_name": scope.user_name, "at": now()}
        new_id = session.connection().execute(insert(Transition.__table__).values(**values).returning(
            Transition.__table__.c.id)).scalar_one()
        audit.event(session, "move", {self.column: [old, step.target], "step": step.code, "on": on.isoformat()},
                    resource=self.resource, record_id=obj.id, label=str(obj), park_id=park)
        moved.send(session, resource=self.resource, obj=obj, step=step.code, old=old, new=step.target, reason=reason)
        return session.get(Transition, new_id)

    def history(self, session: Any, obj: Any) -> list[Transition]:
        """Every step the record took, oldest first."""
        return list(session.execute(select(Transition).where(
            Transition.resource == self.resource, Transition.record_id == obj.id).order_by(Transition.id)).scalars())

    def mermaid(self) -> str:
        """The diagram for a README, made from the table so that it cannot be out of date."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        lines += [f"    {s.code}: {s.title}" for s in self.states]
        lines += [f"    {source} --> {step.target}: {step.title}" for step in self.steps for source in step.sources]
        lines += [f"    {s.code} --> [*]" for s in self.states if s.final]
        return "\n".join(lines)


def of(resource: str) -> Workflow | None:
    """The workflow of a resource, None when its records have no states."""
    return WORKFLOWS.get(resource)
