"""Approvals: n different people, thresholds by amount, nobody approves their own request (no role is exempt).

    KIND = ApprovalKind("tenants.extension", _l("Extension of the incubation term"), "tenants.firm", needed=2)
    @on_approved("tenants.extension")
    def extend(session, approval, owner): ...           # runs in the transaction of the deciding vote

A vote locks the request's row, so of two racing votes each sees the other. The subject may not be changed by an
approval's payload: receivers read it, nobody edits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, relationship

from . import refs
from .clock import now, today
from .db.append_only import protect
from .db.base import Record, field, fk
from .db.park_optional import ParkOptional, owner_park
from .db.session import scope_of
from .db.types import Choices, EnumText, Json, Money, UTCDateTime
from .errors import Conflict, NotAllowed, NotFound, Problem, Problems, Refused, RuleError
from .i18n import _l
from .rules.facts import as_json
from .security import access

STATES = Choices(
    "approval", ("waiting", _l("Waiting for approval"), "violet"), ("approved", _l("Approved"), "green"),
    ("returned", _l("Returned"), "red"), ("withdrawn", _l("Withdrawn"), "grey"), ("expired", _l("Expired"), "amber"))


TOLD = {
    "approved": _l("Approved: %(title)s"), "returned": _l("Returned: %(title)s"),
    "withdrawn": _l("Withdrawn: %(title)s"), "expired": _l("Expired without decision: %(title)s"),
}


class Approval(ParkOptional, Record):
    """A request for approval beside its record (`resource`, `record_id`), with what exactly is asked for (`payload`)."""

    __tablename__ = "core_approval"
    __table_args__ = (
        CheckConstraint("needed >= 1", name="needed"),
        Index("ix_core_approval_record", "resource", "record_id"),
        Index("uq_core_approval_open", "kind", "resource", "record_id", unique=True, postgresql_where=text("state = 'waiting'")),
        Index("ix_core_approval_waiting", "state", "kind"),
    )
    kind: Mapped[str] = field(String(80), _l("Kind"))
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    title: Mapped[str] = field(String(200), _l("Subject"))
    payload: Mapped[dict] = field(Json, _l("Request"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"))
    needed: Mapped[int] = field(Integer, _l("Approvals needed"))
    state: Mapped[str] = field(EnumText(STATES), _l("State"), default="waiting")
    reason: Mapped[str | None] = field(Text, _l("Reason"))
    requested_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    requested_by: Mapped[str] = field(String(80), _l("Requested by"))
    requested_at: Mapped[datetime] = field(UTCDateTime, _l("Requested at"))
    expires_on: Mapped[date | None] = field(Date, _l("Expires on"))
    decided_at: Mapped[datetime | None] = field(UTCDateTime, _l("Decided at"))
    votes: Mapped[list[ApprovalVote]] = relationship(back_populates="approval", order_by="ApprovalVote.id", lazy="selectin")

    def __str__(self) -> str:
        return self.title

    @property
    def given(self) -> int:
        """How many different people have approved so far."""
        return sum(1 for v in self.votes if v.approve)


class ApprovalVote(ParkOptional, Record):
    """One person's answer; a person votes once per request (unique)."""

    __tablename__ = "core_approval_vote"
    __table_args__ = (UniqueConstraint("approval_id", "user_id"),)
    approval_id: Mapped[int] = fk("core_approval.id", _l("Approval"), ondelete="CASCADE")
    user_id: Mapped[int] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))
    approve: Mapped[bool] = field(Boolean, _l("Approved"))
    reason: Mapped[str | None] = field(Text, _l("Reason"))
    voted_at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    approval: Mapped[Approval] = relationship(back_populates="votes")


protect(ApprovalVote)


@dataclass(frozen=True)
class ApprovalKind:
    """code `module.thing`; resource and word: the right a voter needs; needed: people, or thresholds ((amount, people), …)
    in ascending order: from that amount (yuan) on, that many people."""

    code: str
    title: Any
    resource: str
    word: str = "act"
    needed: int = 1
    thresholds: tuple[tuple[Decimal, int], ...] = ()
    guard: str | None = None  # "module.path:function" (session, approval, user_id) -> Problem | None: who else may not vote

    def __post_init__(self) -> None:
        if self.code in KINDS and KINDS[self.code] != self and KINDS[self.code].resource != self.resource:
            raise ValueError(f"approval kind {self.code} is declared twice")
        KINDS[self.code] = self


KINDS: dict[str, ApprovalKind] = {}


class KindChoices(Choices):
    """The kinds of approval the installed modules have, for lists and their filter."""

    def __init__(self) -> None:
        super().__init__("core.approval_kind")

    @property
    def labels(self) -> dict[str, Any]:
        return {code: kind.title for code, kind in KINDS.items()}

    @labels.setter
    def labels(self, _given: Any) -> None:
        """Nothing to set: the kinds are declared by the modules."""
_approved: dict[str, list[Callable[..., Any]]] = {}
_returned: dict[str, list[Callable[..., Any]]] = {}


def on_approved(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: `fn(session, approval, owner)` runs when the last needed person has approved, in that transaction."""
    return _remember(_approved, kind)


def on_returned(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: `fn(session, approval, owner)` runs when a person returns, or the request is withdrawn or expires."""
    return _remember(_returned, kind)


def _remember(book: dict[str, list[Callable[..., Any]]], kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        if fn not in book.setdefault(kind, []):
            book[kind].append(fn)
        return fn

    return register


def kind_of(code: str) -> ApprovalKind:
    """The declared kind; Refused when no installed module declares it."""
    if code not in KINDS:
        raise Refused(_l("There is no kind of approval %(code)s.", code=code))
    return KINDS[code]


def needed_for(kind: str, amount: Decimal | None = None) -> int:
    """How many different people must approve; an unknown amount counts as the largest."""
    found = kind_of(kind)
    if not found.thresholds:
        return found.needed
    if amount is None:
        return max(found.needed, *(n for _from, n in found.thresholds))
    return max([found.needed, *(n for start, n in found.thresholds if amount >= start)])


def request(session: Any, owner: Any, kind: str, *, needed: int | None = None, payload: dict | None = None,
            amount: Decimal | None = None, title: str | None = None, expires_on: date | None = None,
            reason: str | None = None) -> Approval:
    """Ask for approval of `payload` for `owner`. One open request per record and kind; fewer people than the kind demands
    is refused. The calling service has checked the asker's right."""
    resource, record_id = refs.ref(owner)
    minimum = needed_for(kind, amount)
    if needed is not None and needed < minimum:
        raise Refused(_l("This needs the approval of at least %(n)s people.", n=minimum))
    open_one = session.execute(select(Approval.id).where(
        Approval.kind == kind, Approval.resource == resource, Approval.record_id == record_id,
        Approval.state == "waiting")).first()
    if open_one:
        raise RuleError([Problem("approval.open", _l("A request of this kind is already waiting for approval. Withdraw it first."))])
    scope = scope_of(session)
    row = Approval(
        kind=kind, resource=resource, record_id=record_id, park_id=owner_park(session, owner), title=(title or str(owner))[:200],
        payload={k: as_json(v) for k, v in (payload or {}).items()}, amount=amount, needed=needed or minimum, state="waiting",
        reason=reason, requested_by_id=scope.user_id, requested_by=scope.user_name, requested_at=now(), expires_on=expires_on)
    session.add(row)
    session.flush()
    return row


def _lock(session: Any, approval: Approval) -> Approval:
    """The request's row, locked and read anew."""
    found = session.execute(select(Approval).where(Approval.id == approval.id).with_for_update(of=Approval)
                            .execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    session.refresh(found, ["votes"])
    return found


def why_not(session: Any, approval: Approval, on: date | None = None) -> Problem | None:
    """Why the actor may not vote on it, or None."""
    scope = scope_of(session)
    if approval.state != "waiting":
        return Problem("approval.decided", _l("This request has already been decided."))
    if approval.expires_on is not None and approval.expires_on < (on or today()):
        return Problem("approval.expired", _l("This request has expired. Ask for approval again."))
    if scope.user_id is None:
        return Problem("approval.person", _l("Only a person can approve; log in first."))
    if scope.user_id == approval.requested_by_id:
        return Problem("approval.own", _l("Nobody approves their own request. Ask a colleague."))
    if any(v.user_id == scope.user_id for v in approval.votes):
        return Problem("approval.twice", _l("You have already voted on this request."))
    kind = KINDS.get(approval.kind)
    return refs.named(kind.guard)(session, approval, scope.user_id) if kind is not None and kind.guard else None


def vote(session: Any, approval: Approval, approve: bool, reason: str | None = None, *, on: date | None = None) -> Approval:
    """Approve or return. The vote that completes the number runs the `on_approved` receivers; a return needs a reason.

    Raises NotAllowed without the kind's right, RuleError (`approval.*`) otherwise."""
    kind = kind_of(approval.kind)
    access.require(session, kind.resource, kind.word)
    row = _lock(session, approval)
    problems = Problems()
    if (why := why_not(session, row, on)) is not None:
        problems.extend([why])
    if not approve and not (reason or "").strip():
        problems.add("approval.reason_missing", _l("Write why you return it."), "reason")
    problems.stop()
    scope = scope_of(session)
    row.votes.append(ApprovalVote(park_id=row.park_id, user_id=scope.user_id, user_name=scope.user_name, approve=approve,
                                  reason=(reason or "").strip() or None, voted_at=now()))
    if not approve:
        _decide(session, row, "returned", _returned, reason)
    elif row.given >= row.needed:
        _decide(session, row, "approved", _approved, None)
    session.flush()
    return row


def withdraw(session: Any, approval: Approval, reason: str, *, on_behalf: bool = False) -> Approval:
    """The asker takes the request back; with `on_behalf` a colleague does, whose right the calling service has checked."""
    row = _lock(session, approval)
    scope = scope_of(session)
    if not on_behalf and not scope.system and scope.user_id != row.requested_by_id:
        raise NotAllowed(_l("Only the person who asked can withdraw the request."))
    if row.state != "waiting":
        raise Conflict(_l("This request has already been decided."), row)
    _decide(session, row, "withdrawn", _returned, reason)
    session.flush()
    return row


def expire(session: Any, on: date) -> int:
    """Close every open request whose last day is over (a job); returns how many."""
    rows = session.execute(select(Approval).where(Approval.state == "waiting", Approval.expires_on < on)
                           .with_for_update(of=Approval, skip_locked=True)).scalars().all()
    for row in rows:
        _decide(session, row, "expired", _returned, None)
    session.flush()
    return len(rows)


def _decide(session: Any, row: Approval, state: str, book: dict[str, list[Callable[..., Any]]], reason: str | None) -> None:
    from .todos import notify

    row.state, row.decided_at, row.reason = state, now(), (reason or "").strip() or row.reason
    session.flush()
    owner = refs.load(session, row.resource, row.record_id)
    for fn in book.get(row.kind, ()):
        fn(session, row, owner)
    if row.requested_by_id is not None:
        notify(session, row.requested_by_id, TOLD[state], {"title": row.title}, owner=owner, kind="core.approval")


def waiting(session: Any, on: date | None = None) -> list[Approval]:
    """Requests the actor may decide now: right kind, not their own, not yet voted on, not expired. Oldest first."""
    scope = scope_of(session)
    kinds = [k.code for k in KINDS.values() if access.may(session, k.resource, k.word)]
    if scope.user_id is None or not kinds:
        return []
    mine = select(ApprovalVote.approval_id).where(ApprovalVote.user_id == scope.user_id)
    return list(session.execute(
        select(Approval).where(
            Approval.state == "waiting", Approval.kind.in_(kinds), Approval.id.not_in(mine),
            Approval.requested_by_id.is_distinct_from(scope.user_id),
            (Approval.expires_on.is_(None)) | (Approval.expires_on >= (on or today())))
        .order_by(Approval.requested_at)).scalars())


def of(session: Any, owner: Any) -> list[Approval]:
    """Every request beside a record, newest first."""
    resource, record_id = refs.ref(owner)
    return list(session.execute(select(Approval).where(
        Approval.resource == resource, Approval.record_id == record_id).order_by(Approval.id.desc())).scalars())
