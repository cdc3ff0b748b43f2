"""The investment committee: members, declared interests, meetings and votes. Rules V-33 to V-37. Votes decide; nobody else does."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from parkops import clock, records, sequences
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access
from parkops.security.models import UserProfile

from ..calc_committee import ASIDE, OPEN, Verdict, decide
from ..models.deal import CommitteeMeeting, CommitteeMember, CommitteeVote, ConflictOfInterest, InvestmentDeal
from ..states_deal import DEAL, MEETING

STEP = {"approved": "approve", "rejected": "reject", "no_quorum": "lapse"}
AFTER = {"approved": "accept", "rejected": "reject", "no_quorum": "lapse"}


def create_member(session: Any, *, fund_id: int, user_id: int, role: str, since: date, until: date | None = None) -> CommitteeMember:
    """Appoint a person with a log-in (V-33)."""
    person = session.get(UserProfile, user_id)
    name = person.name if person is not None else None
    return records.create(session, CommitteeMember, {"fund_id": fund_id, "user_id": user_id, "name": name, "role": role, "since": since,
                                                     "until": until}, _check_member)


def change_member(session: Any, row: CommitteeMember, *, role: str, since: date, until: date | None = None) -> CommitteeMember:
    """Change the role or end the office."""
    return records.change(session, row, {"role": role, "since": since, "until": until}, _check_member)


def _check_member(session: Any, values: dict[str, Any], problems: Problems) -> None:
    m = CommitteeMember
    records.date_order(values, problems, "since", "until", _l("An office cannot end before it begins."))
    twice = select(func.count(m.id)).where(m.fund_id == values["fund_id"], m.user_id == values["user_id"], m.until.is_(None),
                                           m.since != values["since"])
    if values.get("until") is None and session.scalar(twice):
        problems.add("funds.V-33", _l("This person is a member already."), "user_id")


def create_interest(session: Any, **values: Any) -> ConflictOfInterest:
    """Declare a member's interest in a firm (V-34)."""
    return records.create(session, ConflictOfInterest, values)


def remove_interest(session: Any, row: ConflictOfInterest) -> None:
    """The interest has ended."""
    records.remove(session, row)


def members_on(session: Any, fund_id: int, on: date) -> list[CommitteeMember]:
    """Who is in office on a day."""
    m = CommitteeMember
    return list(session.scalars(select(m).where(m.fund_id == fund_id, m.since <= on, or_(m.until.is_(None), m.until >= on)).order_by(m.id)))


def call_meeting(session: Any, deal: InvestmentDeal, *, held_on: date, proposal: str) -> CommitteeMeeting:
    """Bring a deal before the committee; the quorum and majority of the fund are kept with it."""
    access.require(session, "funds.meeting", "add")
    if not members_on(session, deal.fund_id, held_on):
        raise RuleError([Problem("funds.V-33", _l("The fund has no committee on that day. Appoint its members."), "held_on")])
    DEAL.move(session, deal, "propose", on=held_on)
    number = sequences.next_number(session, "funds.meeting", deal.park_id, held_on)
    row = CommitteeMeeting(
        park_id=deal.park_id, number=number, fund_id=deal.fund_id, deal_id=deal.id, held_on=held_on, amount=deal.amount, proposal=proposal,
        quorum=deal.fund.quorum, majority=deal.fund.majority, proposed_by_id=scope_of(session).user_id)
    session.add(row)
    session.flush()
    return row


def lock_meeting(session: Any, meeting: CommitteeMeeting) -> CommitteeMeeting:
    """Votes are counted one after the other, so that of two racing votes the later one sees both."""
    return session.execute(select(CommitteeMeeting).where(CommitteeMeeting.id == meeting.id).with_for_update(of=CommitteeMeeting)
                           .execution_options(populate_existing=True)).scalar_one()


def votes_of(session: Any, meeting: CommitteeMeeting) -> list[CommitteeVote]:
    """The votes cast so far."""
    return list(session.scalars(select(CommitteeVote).where(CommitteeVote.meeting_id == meeting.id).order_by(CommitteeVote.id)))


def verdict_of(session: Any, meeting: CommitteeMeeting) -> Verdict:
    """The count as it stands."""
    members = members_on(session, meeting.fund_id, meeting.held_on)
    return decide(len(members), [v.vote for v in votes_of(session, meeting)], meeting.quorum, meeting.majority)


def own_membership(session: Any, meeting: CommitteeMeeting) -> CommitteeMember | None:
    """The actor as a member in office."""
    user_id = scope_of(session).user_id
    return next((m for m in members_on(session, meeting.fund_id, meeting.held_on) if m.user_id == user_id), None)


def why_not_vote(session: Any, meeting: CommitteeMeeting) -> str | None:
    """V-35: members in office, once, on open meetings; whoever brought the deal does not vote on it, whatever their role."""
    if meeting.state != OPEN:
        return _("The committee has decided.")
    if scope_of(session).user_id is None or scope_of(session).user_id == meeting.proposed_by_id:
        return _("Whoever brought the deal before the committee does not vote on it.")
    member = own_membership(session, meeting)
    if member is None:
        return _("You are not a member of this committee.")
    if any(v.member_id == member.id for v in votes_of(session, meeting)):
        return _("You have voted already.")
    return None


def cast_vote(session: Any, meeting: CommitteeMeeting, *, vote: str, reason: str | None = None) -> str | None:
    """The actor's own vote; the one that settles it closes the meeting in the same transaction (V-36)."""
    access.require(session, "funds.vote", "add")
    meeting = lock_meeting(session, meeting)
    problems = Problems()
    if (why := why_not_vote(session, meeting)) is not None:
        problems.add("funds.V-35", why)
        problems.stop()
    member = own_membership(session, meeting)
    interest = session.scalar(select(ConflictOfInterest.relation).where(
        ConflictOfInterest.member_id == member.id, ConflictOfInterest.firm_id == meeting.deal.firm_id))
    if interest is not None and vote != ASIDE:
        problems.add("funds.V-34", _l("You declared an interest in this firm (%(what)s): step aside.", what=interest), "vote")
    if vote in ("against", ASIDE) and not (reason or "").strip():
        problems.add("funds.V-35", _l("Write a reason."), "reason")
    problems.stop()
    session.add(CommitteeVote(park_id=meeting.park_id, meeting_id=meeting.id, member_id=member.id, vote=vote,
                              reason=(reason or "").strip() or None, voted_at=clock.now()))
    session.flush()
    return _settle(session, meeting)


def _settle(session: Any, meeting: CommitteeMeeting) -> str | None:
    found = verdict_of(session, meeting)
    if found.state == OPEN:
        return _("Counted. Votes still to come: %(n)s.", n=found.left)
    meeting.members, meeting.present, meeting.in_favour = found.members, found.present, found.in_favour
    meeting.decided_on = meeting.held_on
    session.flush()
    MEETING.move(session, meeting, STEP[found.state], on=meeting.held_on)
    DEAL.move(session, meeting.deal, AFTER[found.state], on=meeting.held_on, reason=_("By the committee's vote"))
    return _("The committee has decided: %(what)s.", what=MEETING.choices.label(found.state))


def only_by_votes(session: Any, meeting: CommitteeMeeting) -> str | None:
    """V-36: the votes decide; this button never does."""
    left = verdict_of(session, meeting)
    return _("The votes decide. Still to come: %(n)s.", n=left.left) if left.state == OPEN else None


def by_votes_only(session: Any, meeting: CommitteeMeeting) -> None:
    """Nobody decides by hand, whatever their role."""
    raise RuleError([Problem("funds.V-36", _l("Only votes decide this."))])


def _last(session: Any, deal: InvestmentDeal) -> CommitteeMeeting | None:
    m = CommitteeMeeting
    return session.scalars(select(m).where(m.deal_id == deal.id).order_by(m.id.desc()).limit(1)).first()


def why_not_accept(session: Any, deal: InvestmentDeal) -> str | None:
    """The deal goes on when its last meeting approved it."""
    found = _last(session, deal)
    return None if found is not None and found.state == "approved" else _("The committee has not approved it.")


def why_not_reject(session: Any, deal: InvestmentDeal) -> str | None:
    """It ends when its last meeting rejected it."""
    found = _last(session, deal)
    return None if found is not None and found.state == "rejected" else _("The committee has not rejected it.")


def why_not_lapse(session: Any, deal: InvestmentDeal) -> str | None:
    """It goes back when its last meeting had no quorum."""
    found = _last(session, deal)
    return None if found is not None and found.state == "no_quorum" else _("The committee did not lack its quorum.")


def by_committee_only(session: Any, deal: InvestmentDeal) -> None:
    """The deal follows the committee by itself."""
    raise RuleError([Problem("funds.V-36", _l("Only votes decide this."))])
