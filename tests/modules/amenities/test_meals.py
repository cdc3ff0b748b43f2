"""Rules of meal cards and tills (Y-20 to Y-33): who pays, once per key, never negative, monthly line for the firm."""

from datetime import date, time

import pytest
from amenities_help import MARCH, D, agree, card, english, incubatee, local, plan, till  # noqa: F401
from sqlalchemy import func, select

from modules.amenities import calc_meals as calc
from modules.amenities.models.meals import MealCard, MealUse
from modules.amenities.services import meal_cards, meal_month
from modules.amenities.services import till as tills
from modules.billing.models.catalogue import Account
from modules.billing.models.ledger import LedgerLine
from modules.billing.services import charges
from parkops.errors import Conflict, NotFound, RuleError

PLAN = calc.Plan(D("8"), 1, D("100"))


@pytest.mark.parametrize(("price", "meal", "plan_", "used", "subsidy"), [
    ("15", "lunch", PLAN, calc.Counters(None, 0, D(0)), "8"),
    ("5", "lunch", PLAN, calc.Counters(None, 0, D(0)), "5"),
    ("15", "lunch", PLAN, calc.Counters(MARCH, 1, D("8")), "0"),
    ("15", "other", PLAN, calc.Counters(None, 0, D(0)), "0"),
    ("15", "lunch", PLAN, calc.Counters(MARCH, 0, D("97")), "3"),
    ("15", "lunch", PLAN, calc.Counters(MARCH, 0, D("100")), "0"),
    ("15", "lunch", None, calc.Counters(None, 0, D(0)), "0"),
    ("15", "dinner", calc.Plan(D("8"), 2, None), calc.Counters(MARCH, 1, D("999")), "8")])
def test_subsidy(price, meal, plan_, used, subsidy):
    assert calc.subsidy_of(D(price), meal, plan_, used) == D(subsidy)


def test_counters_begin_anew_each_day_and_month():
    used = calc.Counters(date(2026, 3, 31), 2, D("50"))
    assert used.on(date(2026, 3, 31)) == used
    assert used.on(date(2026, 4, 1)) == calc.Counters(date(2026, 4, 1), 0, D(0))
    assert calc.Counters(date(2026, 3, 30), 2, D("50")).on(date(2026, 3, 31)) == calc.Counters(date(2026, 3, 31), 0, D("50"))


@pytest.mark.parametrize(("at", "meal"), [
    (time(6), "breakfast"), (time(9, 29), "breakfast"), (time(9, 30), "other"), (time(12), "lunch"), (time(14), "other"), (time(20, 29), "dinner")])
def test_meal_of(at, meal):
    assert calc.meal_of(at) == meal


def test_people_seated_at_once():
    seated = calc.seated({720: 100, 730: 50, 755: 10}, 35)
    assert (seated[720 // 5], seated[735 // 5], seated[750 // 5], seated[755 // 5], seated[765 // 5]) == (100, 150, 150, 60, 10)
    assert calc.by_hour({720: 100, 755: 10, 780: 4})[12:14] == [110, 4]


def sell(s, box, c, price="15", key="k-0001", at=None):
    return tills.consume(s, till=box.code, card=c.number, price=D(price), key=key, at=at or local(2))


def test_y27_the_firm_pays_its_part_and_the_card_the_rest(session):
    firm = incubatee(session)
    plan(session, firm)
    box, c = till(session), card(session, firm)
    first, second = sell(session, box, c), sell(session, box, c, key="k-0002")
    assert (first.subsidy, first.own, first.balance) == (D("8.00"), D("7.00"), D("93.00"))
    assert (second.subsidy, second.own, second.balance) == (D("0"), D("15"), D("78.00"))


def test_y27_an_empty_card_is_refused_in_one_sentence(session):
    box, c = till(session), card(session, balance="10")
    with pytest.raises(RuleError, match=r"holds 10\.00 yuan, 15.00 are needed"):
        sell(session, box, c)
    assert session.scalar(select(func.count(MealUse.id))) == 0


def test_y30_same_key_same_answer_other_body_conflict(session):
    box, c = till(session), card(session, balance="15")
    first = sell(session, box, c)
    again = sell(session, box, c)  # the card is empty now; the retry still gets its first answer
    assert (again.id, again.balance, again.again) == (first.id, first.balance, True)
    with pytest.raises(Conflict):
        sell(session, box, c, price="14")
    with pytest.raises(Conflict):
        sell(session, box, card(session))


def test_y28_y29_wrong_price_till_card(session):
    box, c = till(session), card(session)
    with pytest.raises(RuleError, match="price"):
        sell(session, box, c, price="0")
    with pytest.raises(NotFound, match="till"):
        tills.consume(session, till="nobody", card=c.number, price=D("5"), key="k-00001", at=local(2))
    with pytest.raises(NotFound, match="card"):
        tills.consume(session, till=box.code, card="nobody", price=D("5"), key="k-00001", at=local(2))
    box.active = False
    session.flush()
    with pytest.raises(RuleError, match="out of use"):
        sell(session, box, c)


def test_y31_taken_back_once_with_money_and_counters(session):
    firm = incubatee(session)
    plan(session, firm)
    box, c = till(session), card(session, firm)
    use = session.get(MealUse, sell(session, box, c).id)
    tills.take_back(session, use, reason="wrong dish")
    session.refresh(c)
    agree(session)
    assert (c.balance, c.day_meals, c.month_subsidy) == (D("100.00"), 0, D("0.00"))
    with pytest.raises(RuleError, match="already"):
        tills.take_back(session, use, reason="again")


def test_rows_are_never_changed(session):
    box, c = till(session), card(session)
    use = sell(session, box, c).id
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError, match="never changed"):
        session.execute(text("update amenities_meal_use set price = 1 where id = :i"), {"i": use})


def test_y24_y25_top_up_limit_and_closing_pays_back(session):
    c = card(session, balance="900")
    with pytest.raises(RuleError, match="at most 1000"):
        meal_cards.top_up(session, c, amount=D("101"), on=MARCH)
    assert "900.00" in meal_cards.close_card(session, c, on=MARCH)
    assert (c.state, c.balance) == ("closed", D("0.00"))
    with pytest.raises(RuleError, match="blocked or closed"):
        meal_cards.top_up(session, c, amount=D("1"), on=MARCH)
    owed = session.scalar(select(func.sum(LedgerLine.credit - LedgerLine.debit)).join(Account, Account.id == LedgerLine.account_id)
                          .where(Account.code == meal_cards.BALANCES))
    assert owed == 0


def test_y33_one_line_a_firm_and_month_once_the_month_is_over(session, park):
    firm = incubatee(session)
    plan(session, firm, meals=2)
    box, a, b = till(session), card(session, firm), card(session, firm)
    for n, (c, day) in enumerate(((a, 2), (b, 2), (a, 3), (a, 31))):
        sell(session, box, c, key=f"key-{n:05d}", at=local(day))
    sell(session, box, a, key="april-01", at=local(1, month=4))
    april = date(2026, 4, 1)
    assert session.execute(meal_month.demands(session, park.id, MARCH, date(2026, 3, 31))).all() == []
    rows = session.execute(meal_month.demands(session, park.id, april, date(2026, 4, 20))).mappings().all()
    assert [(r["firm_id"], r["amount"], r["period_from"], r["period_to"]) for r in rows] == [(firm.id, D("32.00"), MARCH, date(2026, 3, 31))]
    assert charges.add_charges(session, park.id, meal_month.demands(session, park.id, april, date(2026, 4, 20))) == 1
    assert charges.add_charges(session, park.id, meal_month.demands(session, park.id, april, date(2026, 4, 20))) == 0


def test_the_balance_is_what_came_in_less_what_was_eaten(session):
    box, c = till(session), card(session)
    for n in range(5):
        sell(session, box, c, price="7.35", key=f"sum-{n:05d}")
    session.refresh(c)
    eaten = session.scalar(select(func.sum(MealUse.own)).where(MealUse.card_id == c.id))
    assert c.balance == D("100") - eaten == session.get(MealCard, c.id).balance == D("63.25")
