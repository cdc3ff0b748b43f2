"""Dunning: the ladder as a table, the order of Civil Code 721-722, disputes and promises, delivery, letters as PDF."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D
from io import BytesIO

import pytest
from bank_help import english  # noqa: F401
from receipts_help import bill, firm
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from modules.billing import calc_dunning as calc
from modules.billing.models.charge import Charge
from modules.billing.models.dunning import DunningLetter, PaymentPromise
from modules.billing.services import disputes, dunning, dunning_promises, receipts
from parkops import i18n
from parkops.clock import now
from parkops.errors import NotAllowed, RuleError
from parkops.reports.registry import Request, make

ON, DUE = date(2026, 6, 1), date(2026, 3, 1)
LIMITS = {"reminder": 3, "demand": 15, "final": 45, "termination": 75}


def sent(*levels: str, deadline: date = date(2026, 5, 1)) -> list[calc.Sent]:
    return [calc.Sent(i, x, deadline - timedelta(days=15), deadline) for i, x in enumerate(levels, 1)]


@pytest.mark.parametrize(
    "days,letters,limits,level",
    [
        (2, sent(), LIMITS, None),
        (3, sent(), LIMITS, "reminder"),
        (200, sent(), LIMITS, "reminder"),
        (14, sent("reminder"), LIMITS, None),
        (15, sent("reminder"), LIMITS, "demand"),
        (200, sent("reminder", deadline=ON), LIMITS, None),  # the last day of its period is not over
        (200, sent("reminder", "demand"), LIMITS, "final"),
        (200, sent("reminder", "demand", "final"), LIMITS, "termination"),
        (74, sent("reminder", "demand", "final"), LIMITS, None),
        (200, sent("reminder", "demand", "final", "termination"), LIMITS, None),
        (200, sent("reminder"), {"reminder": 3, "termination": 75}, None),  # no demand was made
        (200, sent("demand"), {"demand": 15, "termination": 75}, "termination"),
    ],
)
def test_ladder(days, letters, limits, level):
    assert calc.next_level(days, letters, ON, limits) == level


@pytest.fixture
def late(session, park):
    """A firm with 1,000 due on 1 March and 500 due in summer."""
    f = firm(session)
    return f, bill(session, f, "1000", date(2026, 2, 1), DUE), bill(session, f, "500", date(2026, 2, 1), date(2026, 8, 1))


def _delivered(session, f, level, on, **more):
    row = dunning.draft_letter(session, f, level=level, on=on)
    return dunning.deliver_letter(session, row, on=on, delivery="post", proof="EMS 1234", **more)


def test_run_drafts_once(session, park, late):
    f, one, _later = late
    found = dunning.propose(session, park_id=park.id, on=ON)
    assert [(p.firm.id, p.level, p.total, p.days) for p in found] == [(f.id, "reminder", D(1000), 92)]
    assert session.scalars(select(DunningLetter)).all() == []  # the dry run wrote nothing
    letter = dunning.run(session, park_id=park.id, on=ON)[0]
    assert (letter.total, [i["number"] for i in letter.items], letter.state) == (D(1000), [one.number], "draft")
    assert dunning.run(session, park_id=park.id, on=ON) == []
    assert letter.number in dunning.propose(session, park_id=park.id, on=ON)[0].stopped


def test_termination_only_after_a_demand_has_run_out(session, park, late):
    """N-05: refused without a demand, refused while its period runs, refused by the database too; then made, naming the demand."""
    f = late[0]
    with pytest.raises(RuleError) as refused:
        dunning.draft_letter(session, f, level="termination", on=ON)
    assert refused.value.codes == ["billing.N-05"]
    demand = _delivered(session, f, "demand", ON)
    assert demand.deadline_on == ON + timedelta(days=15)
    with pytest.raises(RuleError):
        dunning.draft_letter(session, f, level="termination", on=demand.deadline_on)
    values = dict(  # noqa: C408
        park_id=park.id,
        number="N-X",
        firm_id=f.id,
        level="termination",
        on_date=demand.deadline_on,
        total=D(1),
        days=1,
        deadline_days=15,
        items=[],
        subject="x",
        body="x",
        follows_id=demand.id,
        made_by="x",
        made_at=now(),
    )
    with pytest.raises(DBAPIError, match="period has run out"), session.begin_nested():
        session.connection().execute(insert(DunningLetter.__table__).values(**values))
    notice = dunning.draft_letter(session, f, level="termination", on=demand.deadline_on + timedelta(days=1))
    assert notice.follows_id == demand.id


def test_a_withdrawn_demand_does_not_count(session, park, late):
    demand = _delivered(session, late[0], "demand", date(2026, 5, 1))
    dunning.withdraw_letter(session, demand, reason="falscher Betrag")
    with pytest.raises(RuleError) as refused:
        dunning.draft_letter(session, late[0], level="termination", on=ON)
    assert refused.value.codes == ["billing.N-05"]


def test_dispute_and_promise_stop(session, park, late):
    f, one, _later = late
    line = session.scalars(select(Charge).where(Charge.bill_id == one.id)).one()
    case = disputes.raise_dispute(session, charge_id=line.id, requested=D(800), raised_on=ON, reason="Fläche")
    assert "disputed" in dunning.propose(session, park_id=park.id, on=ON)[0].stopped
    with pytest.raises(RuleError) as refused:
        dunning.draft_letter(session, f, level="reminder", on=ON)
    assert refused.value.codes == ["billing.N-03"]
    disputes.withdraw_dispute(session, case, reason="erledigt")
    promise = dunning_promises.record_promise(
        session, firm_id=f.id, amount=D(1000), promised_on=date(2026, 6, 10), made_on=ON, made_by="王经理"
    )
    assert "2026-06-10" in dunning.propose(session, park_id=park.id, on=date(2026, 6, 10))[0].stopped
    assert dunning.propose(session, park_id=park.id, on=date(2026, 6, 11))[0].level == "reminder"
    assert dunning_promises.judge(session, on=date(2026, 6, 10), park_id=park.id) == {"kept": 0, "broken": 0, "settled": 0}
    assert dunning_promises.judge(session, on=date(2026, 6, 11), park_id=park.id)["broken"] == 1
    assert promise.state == "broken"


def test_kept_promise_and_settled_letter(session, park, late):
    f, one, _later = late
    letter = _delivered(session, f, "demand", ON)
    dunning_promises.promise_after(session, letter, amount=D(1000), promised_on=date(2026, 6, 10), on=ON, made_by="王经理")
    with pytest.raises(RuleError, match=r"1,000\.00"):
        dunning.settle_letter(session, letter, on=ON)
    receipts.receive(session, firm_id=f.id, amount=D(1000), received_on=date(2026, 6, 9), allocate=[(one.id, D(1000))])
    assert dunning_promises.judge(session, on=date(2026, 6, 11), park_id=park.id) == {"kept": 1, "broken": 0, "settled": 1}
    assert (session.scalars(select(PaymentPromise)).one().state, letter.state) == ("kept", "settled")


def test_delivery_needs_proof_and_open_bills(session, park, late):
    f, one, _later = late
    letter = dunning.draft_letter(session, f, level="demand", on=ON)
    with pytest.raises(RuleError) as refused:
        dunning.deliver_letter(session, letter, on=ON - timedelta(days=1), delivery="post")
    assert refused.value.codes == ["billing.N-06", "billing.N-07"]
    receipts.receive(session, firm_id=f.id, amount=D(1000), received_on=ON, allocate=[(one.id, D(1000))])
    with pytest.raises(RuleError, match="paid"):
        dunning.deliver_letter(session, letter, on=ON, delivery="post", proof="EMS")


def test_a_delivered_letter_stays(session, park, late):
    letter = _delivered(session, late[0], "reminder", ON)
    letter.body = "anders"
    with pytest.raises(DBAPIError):
        session.flush()


def test_the_text_says_what_it_demands(session, park, late):
    """Both languages are written out: firm, sum and demand when drafted, the day to pay when delivered."""
    f = late[0]
    first = _delivered(session, f, "demand", date(2026, 5, 1))
    assert f.name in first.body and "1,000.00" in first.body and "2026-05-16 前" in first.body and "by 2026-05-16" in first.body_en
    final = dunning.draft_letter(session, f, level="final", on=ON)
    assert "2026-05-01" in final.body and first.number in final.body_en and "收到本函后 15 日内" in final.body
    assert "{" not in final.body + final.body_en


def test_reasonable_period(session, park):
    level = dunning.levels(session, park.id)["demand"]
    with pytest.raises(RuleError) as refused:
        dunning.change_level(session, level, days=15, deadline_days=6, subject="x", body="{firm} {nonsense}")
    assert refused.value.codes == ["billing.N-02", "billing.N-02"]
    dunning.change_level(session, level, days=20, deadline_days=10, subject="x", body="{firm}")
    assert (level.days, level.deadline_days) == (20, 10)


@pytest.mark.parametrize("lang,said", [("zh", "催缴通知书"), ("en", "Demand for payment")])
def test_letter_as_pdf(session, park, late, lang, said):
    from pypdf import PdfReader

    letter = _delivered(session, late[0], "demand", ON)
    with i18n.force_locale(lang):
        pdf = make(session, "dunning-letter", Request(park.id, None, ON, now(), letter.id, "test"), "pdf")
    text = "".join(p.extract_text() for p in PdfReader(BytesIO(pdf)).pages).replace("\n", "")
    assert said in text and "1,000.00" in text and letter.items[0]["number"] in text


def test_who_may(as_role, session, park):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        dunning.deliver_letter(s, DunningLetter(), on=ON, delivery="hand")
