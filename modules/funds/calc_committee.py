"""When an investment committee has decided. Pure.

Members with a conflict of interest step aside: they count neither for the quorum nor for the majority. The majority is taken of those
entitled to vote, so that abstaining is no way to let a deal pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

FOR, AGAINST, ABSTAIN, ASIDE = "for", "against", "abstain", "aside"
HUNDREDTH = Decimal("0.01")
OPEN, APPROVED, REJECTED, NO_QUORUM = "open", "approved", "rejected", "no_quorum"


@dataclass(frozen=True)
class Verdict:
    """state with the numbers behind it."""

    state: str
    members: int
    entitled: int
    aside: int
    present: int
    in_favour: int
    against: int
    quorum: int
    needed: int
    left: int


def count_of(share: Decimal, members: int, above: bool = False) -> int:
    """The smallest number of people that is at least (`above`: more than) a share of the members. Two thirds are written 66.67 % and must
    not ask for three of three: a hundredth of a vote is no vote."""
    exact = share * members - HUNDREDTH
    if above:
        exact = share * members
    whole = int(exact.to_integral_value(rounding=ROUND_CEILING))
    return whole + 1 if above and whole == exact else whole


def decide(members: int, votes: Sequence[str], quorum: Decimal, majority: Decimal) -> Verdict:
    """members: in office; votes cast so far (FOR, AGAINST, ABSTAIN, ASIDE); quorum: share of all members who must vote; majority: share of
    the entitled that must be in favour ("at least"; exactly one half means more than half)."""
    aside = sum(v == ASIDE for v in votes)
    entitled, present = members - aside, len(votes) - aside
    in_favour, against, left = sum(v == FOR for v in votes), sum(v == AGAINST for v in votes), members - len(votes)
    floor, needed = count_of(quorum, members), max(count_of(majority, entitled, above=majority == Decimal("0.5")), 1)
    if present + left < floor:
        state = NO_QUORUM
    elif present >= floor and in_favour >= needed:
        state = APPROVED
    elif in_favour + left < needed and (present >= floor or not left):
        state = REJECTED
    else:
        state = OPEN
    return Verdict(state, members, entitled, aside, present, in_favour, against, floor, needed, left)
