"""Tolerance with two commitments (双容双承诺). Rules SV-115 to SV-119."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records, todos
from parkops.db.session import scope_of
from parkops.i18n import _, _l

from ..models.project import PARTIES, AgreementMaterial, AgreementPledge, ProjectAgreement
from ..states_project import AGREEMENT, PLEDGE
from .steps import number, park_of, refuse, take

A, P, T = ProjectAgreement, AgreementPledge, AgreementMaterial


def create_agreement(session: Any, *, project_id: int, **values: Any) -> ProjectAgreement:
    """Prepare the agreement of a project; one at a time (SV-115)."""
    if session.scalar(select(A.id).where(A.project_id == project_id, A.state.in_(("draft", "signed"))).limit(1)) is not None:
        raise refuse("SV-115", _l("This project has an agreement already."), "project_id")
    park = park_of(session, "services.project", project_id)
    return records.create(session, A, {**values, "project_id": project_id, "number": number(session, "agreement", park, clock.today())})


def change_agreement(session: Any, row: ProjectAgreement, **values: Any) -> ProjectAgreement:
    """Change it before it is signed."""
    return records.change(session, row, values)


def _draft(session: Any, agreement_id: int) -> None:
    if (found := session.get(A, agreement_id)) is not None and found.state != "draft":
        raise refuse("SV-116", _l("The agreement is signed; nothing of it changes any more."))


def create_pledge(session: Any, **values: Any) -> AgreementPledge:
    """What one side promises, until when (SV-116)."""
    _draft(session, values["agreement_id"])
    return records.create(session, P, values)


def change_pledge(session: Any, row: AgreementPledge, **values: Any) -> AgreementPledge:
    """Before it is signed only."""
    _draft(session, row.agreement_id)
    return records.change(session, row, values)


def remove_pledge(session: Any, row: AgreementPledge) -> None:
    """Before it is signed only."""
    _draft(session, row.agreement_id)
    records.remove(session, row)


def create_material(session: Any, **values: Any) -> AgreementMaterial:
    """What may follow or run ahead."""
    _draft(session, values["agreement_id"])
    return records.create(session, T, values)


def remove_material(session: Any, row: AgreementMaterial) -> None:
    """Before it is signed only."""
    _draft(session, row.agreement_id)
    records.remove(session, row)


def supply_material(session: Any, row: AgreementMaterial, *, on: date) -> None:
    """It is there now."""
    if row.agreement.state != "signed" or row.supplied_on is not None:
        raise refuse("SV-117", _l("Only what is still missing from a signed agreement is supplied."))
    records.change(session, row, {"supplied_on": on})


def why_not_sign(session: Any, row: ProjectAgreement) -> str | None:
    """Both sides promise something, and something is tolerated."""
    sides = set(session.scalars(select(P.party).where(P.agreement_id == row.id)))
    if missing := [str(PARTIES.label(p)) for p in PARTIES if p not in sides]:
        return str(_l("No commitment yet of: %(who)s.", who=", ".join(missing)))
    found = session.scalar(select(T.id).where(T.agreement_id == row.id).limit(1))
    return None if found is not None else str(_l("Enter the materials or steps that are tolerated first."))


def sign_agreement(session: Any, row: ProjectAgreement, *, firm_signer: str, on: date) -> None:
    """SV-115: signed by both sides; commitments are due after that day."""
    if (why := why_not_sign(session, row)) is not None:
        raise refuse("SV-115", why)
    early = session.scalar(select(func.min(P.due_on)).where(P.agreement_id == row.id))
    if early < on:
        raise refuse("SV-115", _l("A commitment would be due before the agreement is signed."), "on")
    signer = scope_of(session).user_name[:80]
    take(session, AGREEMENT, row, "sign", on=on, signed_on=on, firm_signer=firm_signer, park_signer=signer)


def _signed(row: AgreementPledge) -> str | None:
    return None if row.agreement.state == "signed" else str(_l("The agreement is not in force."))


def why_not_keep(session: Any, row: AgreementPledge) -> str | None:
    """Only of a signed agreement."""
    return _signed(row)


def why_not_break_pledge(session: Any, row: AgreementPledge) -> str | None:
    """Only of a signed agreement, once its day is over."""
    return _signed(row) or (str(_l("Its day is not over yet.")) if row.due_on >= clock.today() else None)


def keep_pledge(session: Any, row: AgreementPledge, *, proof: str, on: date) -> None:
    """SV-117: kept, with what proves it."""
    if (why := _signed(row)) is not None:
        raise refuse("SV-117", why)
    take(session, PLEDGE, row, "keep", on=on, after=row.agreement.signed_on, proof=proof, ended_on=on)


def break_pledge(session: Any, row: AgreementPledge, *, consequence: str, on: date) -> None:
    """SV-117: not kept by its day; what follows is written down."""
    if (why := _signed(row)) is not None:
        raise refuse("SV-117", why)
    if on <= row.due_on:
        raise refuse("SV-117", _l("Its day is not over yet."), "on")
    take(session, PLEDGE, row, "break", on=on, consequence=consequence, ended_on=on)


def why_not_fulfil(session: Any, row: ProjectAgreement) -> str | None:
    """Everything kept and supplied."""
    left = session.scalar(select(func.count(P.id)).where(P.agreement_id == row.id, P.state != "kept"))
    missing = session.scalar(select(func.count(T.id)).where(T.agreement_id == row.id, T.supplied_on.is_(None)))
    if left or missing:
        return str(_l("Still open: %(a)s commitments, %(b)s materials or steps.", a=left, b=missing))
    return None


def fulfil_agreement(session: Any, row: ProjectAgreement, *, on: date) -> None:
    """SV-118."""
    if (why := why_not_fulfil(session, row)) is not None:
        raise refuse("SV-118", why)
    take(session, AGREEMENT, row, "fulfil", on=on, after=row.signed_on, ended_on=on)


def why_not_break(session: Any, row: ProjectAgreement) -> str | None:
    """A commitment was broken, or a material is overdue."""
    broken = session.scalar(select(P.id).where(P.agreement_id == row.id, P.state == "broken").limit(1))
    late = session.scalar(select(T.id).where(T.agreement_id == row.id, T.supplied_on.is_(None), T.due_on < clock.today()).limit(1))
    return None if broken is not None or late is not None else str(_l("Nothing of it was broken."))


def break_agreement(session: Any, row: ProjectAgreement, *, consequence: str, reason: str, on: date) -> None:
    """SV-118: the tolerance ends, with its consequence."""
    if (why := why_not_break(session, row)) is not None:
        raise refuse("SV-118", why)
    take(session, AGREEMENT, row, "break", on=on, reason=reason, consequence=consequence, ended_on=on)


def remind_pledges(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """SV-119, job: one to-do per commitment within five days of its day."""
    query = select(P).join(A, A.id == P.agreement_id).where(A.state == "signed", P.state == "open", P.due_on <= on + timedelta(days=5))
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like("services.pledge:%"))))
    made = 0
    for row in session.scalars(query.where(P.park_id == park_id) if park_id else query):
        if (key := f"services.pledge:{row.id}") not in known:
            title = _("%(number)s: commitment due on %(day)s: %(text)s", number=row.agreement.number, day=row.due_on, text=row.text[:120])
            todos.add(session, row, title, due_on=row.due_on, assignee_id=row.agreement.project.agent_id, key=key)
            made += 1
    return {"made": made}
