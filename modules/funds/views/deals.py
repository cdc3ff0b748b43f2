"""Screens of the pipeline: deals, due diligence, the committee's meetings and votes, term sheets."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.deal import RISKS, VOTES, CommitteeMeeting, CommitteeVote, DiligenceItem, InvestmentDeal, TermSheet
from ..services import committee

D = "modules.funds.services.deals"
C = "modules.funds.services.committee"
T = "modules.funds.services.terms"
ON = Input("on", "date", _l("Date"), required=True)


def votes_tab(session: Any, row: CommitteeMeeting) -> dict[str, Any]:
    """The count, who voted how, who is missing."""
    votes = {v.member_id: v for v in committee.votes_of(session, row)}
    members = committee.members_on(session, row.fund_id, row.held_on)
    return {"row": row, "found": committee.verdict_of(session, row), "members": [(m, votes.get(m.id)) for m in members], "votes": VOTES}


DEAL = Resource(
    "funds.deal",
    InvestmentDeal,
    Titles(_l("Deals"), _l("Deal"), _l("New deal")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("firm.name", _l("Firm"), 260, True),
        Col("fund.name", _l("Fund"), 200),
        Col("round", width=110),
        Col("instrument", width=120),
        Col("amount", total="sum"),
        Col("pre_money"),
        Col("seen_on", width=110),
        Col("state", width=140, important=True),
        Col("fund_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(Section(_l("Deal"), ("fund_id", "firm_id", "round", "instrument", "amount", "pre_money", "seen_on", "source", "thesis")),),
    create=f"{D}:create_deal",
    change=f"{D}:change_deal",
    workflow="modules.funds.states_deal:DEAL",
    editable_in=("lead", "diligence"),
    opens="open",
    views=(
        View("open", _l("Under way"), (Filter("state", "in", ["lead", "diligence", "committee", "term_sheet", "closing"]),), "seen_on"),
        View("committee", _l("Before the committee"), (Filter("state", "eq", "committee"),)),
        View("closing", _l("Terms and closing"), (Filter("state", "in", ["term_sheet", "closing"]),)),
        View("over", _l("Decided"), (Filter("state", "in", ["invested", "declined", "withdrawn"]),), "-seen_on"),
        View("all", _l("All"), ()),
    ),
    tabs=(
        Related("diligence", _l("Due diligence"), "funds.diligence", "deal_id", order=10),
        Related("meetings", _l("Committee meetings"), "funds.meeting", "deal_id", order=20),
        Related("terms", _l("Term sheets"), "funds.term_sheet", "deal_id", order=30),
        Related("investments", _l("Investments"), "funds.investment", "deal_id", order=40),
    ),
    load=("fund", "firm"),
    search=("number", "firm.name"),
    sort="-seen_on",
    parent=("fund_id", "funds.fund"),
    menu=("deals", 10),
    icon="filter",
    code_field="number",
)
DILIGENCE = Resource(
    "funds.diligence",
    DiligenceItem,
    Titles(_l("Due diligence"), _l("Area of due diligence")),
    columns=(
        Col("area", width=160, important=True, link=True),
        Col("deal.number", _l("Deal"), 130),
        Col("risk", width=90, important=True),
        Col("finding", width=360),
        Col("examiner", width=120),
        Col("done_on", width=110, important=True),
        Col("deal_id", hidden=True),
    ),
    sections=(Section(_l("Due diligence"), ("deal_id", "area", "finding", "risk", "examiner", "done_on")),),
    actions=(
        Action(
            "finish",
            _l("Record the finding"),
            f"{D}:finish_item",
            (
                Input("finding", "longtext", _l("Finding"), required=True),
                Input("risk", "choice", _l("Risk"), required=True, choices=RISKS),
                Input("examiner", "text", _l("Examined by"), max_length=80),
                ON,
            ),
            word="change",
            primary=True,
        ),
    ),
    load=("deal",),
    search=("deal.number", "finding"),
    sort="id",
    icon="zoom-check",
)
MEETING = Resource(
    "funds.meeting",
    CommitteeMeeting,
    Titles(_l("Committee meetings"), _l("Committee meeting")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("deal.firm.name", _l("Firm"), 260, True),
        Col("held_on", width=110),
        Col("amount", total="sum"),
        Col("members", width=80),
        Col("present", width=80),
        Col("in_favour", width=100),
        Col("state", width=110, important=True),
        Col("fund_id", hidden=True),
        Col("deal_id", hidden=True),
    ),
    sections=(
        Section(_l("Committee meeting"), ("fund_id", "deal_id", "held_on", "amount", "proposal", "quorum", "majority", "decided_on")),
    ),
    workflow="modules.funds.states_deal:MEETING",
    views=(View("open", _l("Voting"), (Filter("state", "eq", "open"),), "held_on"), View("all", _l("All"), (), "-held_on")),
    actions=(
        Action(
            "vote",
            _l("Vote"),
            f"{C}:cast_vote",
            (Input("vote", "choice", _l("Vote"), required=True, choices=VOTES), Input("reason", "longtext", _l("Reason"))),
            word="read",
            guard=f"{C}:why_not_vote",
            primary=True,
        ),
    ),
    tabs=(
        Tab("count", _l("Count"), "funds/votes.html", votes_tab, order=5),
        Related("votes", _l("Votes"), "funds.vote", "meeting_id", order=10),
    ),
    load=("deal", "fund"),
    search=("number", "deal.firm.name"),
    sort="-held_on",
    menu=("deals", 20),
    icon="gavel",
    code_field="number",
)
VOTE = Resource(
    "funds.vote",
    CommitteeVote,
    Titles(_l("Votes"), _l("Vote")),
    columns=(
        Col("member.name", _l("Member of the committee"), 160, True, link=True),
        Col("meeting.number", _l("Committee meeting"), 130),
        Col("vote", width=110, important=True),
        Col("reason", width=360),
        Col("voted_at", width=150, important=True),
        Col("meeting_id", hidden=True),
        Col("member_id", hidden=True),
    ),
    sections=(Section(_l("Vote"), ("meeting_id", "member_id", "vote", "reason", "voted_at")),),
    load=("meeting", "member"),
    search=("member.name", "reason"),
    sort="-id",
    icon="checks",
)
TERM_SHEET = Resource(
    "funds.term_sheet",
    TermSheet,
    Titles(_l("Term sheets"), _l("Term sheet"), _l("New term sheet")),
    columns=(
        Col("deal.number", _l("Deal"), 130, True, link=True),
        Col("deal.firm.name", _l("Firm"), 240, True),
        Col("amount", total="sum"),
        Col("pre_money"),
        Col("preference", width=110),
        Col("anti_dilution", width=130),
        Col("board_seat", width=90),
        Col("signed_on", width=110),
        Col("state", width=120, important=True),
        Col("deal_id", hidden=True),
    ),
    sections=(
        Section(_l("Terms"), ("deal_id", "amount", "pre_money", "preference", "anti_dilution", "board_seat", "information", "conditions")),
        Section(_l("Convertible loan"), ("discount", "cap", "interest", "matures_on")),
    ),
    create=f"{T}:create_terms",
    change=f"{T}:change_terms",
    workflow="modules.funds.states_deal:TERM_SHEET",
    editable_in=("draft",),
    views=(View("open", _l("Under way"), (Filter("state", "in", ["draft", "sent"]),)), View("all", _l("All"), ())),
    load=("deal",),
    search=("deal.number", "deal.firm.name"),
    sort="-id",
    parent=("deal_id", "funds.deal"),
    menu=("deals", 30),
    icon="file-text",
)
RESOURCES = [DEAL, DILIGENCE, MEETING, VOTE, TERM_SHEET]
slots.tile(
    Tile(
        "funds.meetings",
        _l("Deals to vote on"),
        "funds.meeting",
        "open",
        ("operations_manager", "finance", "leadership"),
        ("deal.firm.name", "amount"),
        24,
        "violet",
    )
)
slots.tile(
    Tile(
        "funds.deals", _l("Deals under way"), "funds.deal", "open", ("operations_clerk", "operations_manager"), ("firm.name", "amount"), 67
    )
)
