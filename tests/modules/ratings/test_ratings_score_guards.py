"""Who may decide a score sheet, what reopening leaves of the experts' points, and locks of a round. Rules R-25, R-34 to R-36, R-43."""

from datetime import timedelta
from decimal import Decimal

import pytest
from ratings_help import ON, acting, refused
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from support_help import carrier
from test_ratings_pages import built  # noqa: F401
from test_ratings_schemes import AT, judge, scheme, sheet, shipped  # noqa: F401

from modules.ratings.models.scheme import RatingIndicator, RatingScheme
from modules.ratings.models.score import RatingScore, ScoreLine
from modules.ratings.services import experts, schemes, scores
from modules.ratings.words import Joined, packed, unpacked
from parkops import clock
from parkops.errors import RuleError
from parkops.i18n import _l, force_locale


def settled(s, **values):
    """A sheet of the clerk whose round one expert (finance) decided."""
    row = sheet(s, **values)
    with acting(s, "operations_manager"):
        experts.open_round(s, row, needed=1, outlier="none")
    judge(s, row, "finance", *["1"] * len(experts.asked_of(s, row)))
    with acting(s, "operations_manager"):
        experts.close_round(s, row)
    return row


def sign(s, row, on, user="leadership"):
    with acting(s, "leadership", user):
        scores.sign_score(s, row, on=on)


def test_whoever_changed_the_sheet_last_does_not_sign_it(shipped):  # noqa: F811
    row = sheet(shipped)
    with acting(shipped, "operations_manager"):
        scores.change_score(shipped, row, year=2025, on_date=ON, note="改评价年度")
        experts.open_round(shipped, row, needed=1, outlier="none")
    judge(shipped, row, "finance", "1", "1", "1", "1")
    with acting(shipped, "operations_manager"):
        experts.close_round(shipped, row)
        with refused("ratings.R-36"):
            scores.sign_score(shipped, row, on=ON)
    with refused("ratings.R-36"):
        sign(shipped, row, ON, "operations_clerk")  # nor who prepared it
    sign(shipped, row, ON)
    assert row.state == "signed"


def test_a_sheet_is_signed_neither_before_its_day_nor_ahead(shipped):  # noqa: F811
    row = settled(shipped)
    with refused("ratings.R-36", ON.isoformat()):
        sign(shipped, row, ON - timedelta(days=1))
    with refused("record.future_date"):
        sign(shipped, row, clock.today() + timedelta(days=1))
    sign(shipped, row, ON)
    assert row.signed_on == ON


def test_a_round_before_the_last_reopening_no_longer_bars(shipped):  # noqa: F811
    row = settled(shipped)
    with refused("ratings.R-36"):
        sign(shipped, row, ON, "finance")
    with acting(shipped, "operations_manager"):
        scores.reopen_score(shipped, row, reason="复核")
        experts.open_round(shipped, row, needed=1, outlier="none")
    judge(shipped, row, "leadership", "1", "1", "1", "1")
    with acting(shipped, "operations_manager"):
        experts.close_round(shipped, row)
    with refused("ratings.R-36"):
        sign(shipped, row, ON)
    sign(shipped, row, ON, "finance")
    assert row.state == "signed"


def test_reopening_clears_what_experts_gave_and_only_experts_finish_it(shipped):  # noqa: F811
    row = settled(shipped)
    asked = {x.code for x in experts.asked_of(shipped, row)}
    assert set(scores.given_points(shipped, row)) == asked  # of every kind experts judge, also base indicators
    with acting(shipped, "operations_manager"):
        scores.reopen_score(shipped, row, reason="补充材料")
        assert scores.given_points(shipped, row) == {} and row.open_lines == len(asked)
        with refused("ratings.R-34", min(asked)):
            scores.finish_score(shipped, row)
    assert row.state == "draft"


def test_a_bonus_alone_asks_for_experts(shipped):  # noqa: F811
    """A bonus is never among what cannot be judged; without experts it would silently count nothing."""
    key = shipped.scalars(
        select(RatingScheme.key)
        .join(RatingIndicator, RatingIndicator.scheme_id == RatingScheme.id)
        .where(RatingIndicator.kind == "bonus", RatingScheme.state == "active", RatingScheme.subject.in_(("incubator", "makerspace")))
    ).first()
    assert key
    subject = scheme(shipped, key).subject
    row = sheet(shipped, key, carrier=carrier(shipped, kind=subject))
    bonus = {x.code for x in experts.asked_of(shipped, row) if x.kind == "bonus"}
    assert bonus and not bonus & set(scores.count_sheet(shipped, row).total.unknown)
    with acting(shipped, "operations_manager"), pytest.raises(RuleError) as no:
        scores.finish_score(shipped, row)
    assert all(code in str(no.value) for code in bonus)


def test_one_edition_of_a_scheme_is_in_use(shipped):  # noqa: F811
    old = scheme(shipped, "EVAL-GX-2023")
    new = schemes.new_edition(shipped, old)
    statement = text("UPDATE ratings_scheme SET state = 'active', active_from = :on WHERE id = :i")
    with pytest.raises(IntegrityError), shipped.begin_nested():
        shipped.execute(statement, {"on": ON, "i": new.id})
    schemes.activate_scheme(shipped, new, on=ON)
    assert (old.state, new.state) == ("retired", "active")


def points(s, row):
    return {x.code: Decimal(1) for x in experts.asked_of(s, row)}


@pytest.mark.parametrize("locked", [True, False])
def test_a_round_is_not_closed_while_an_expert_signs(built, as_role, monkeypatch, locked):  # noqa: F811
    """The control without the lock closes the round and leaves the late expert's points out."""
    with as_role("finance") as s:
        experts.give_points(s, s.get(RatingScore, built["score"]), points=points(s, s.get(RatingScore, built["score"])), at=AT)
        s.commit()
    if not locked:
        plainly = experts.current_round
        monkeypatch.setattr(experts, "current_round", lambda s, row, *, lock=False: plainly(s, row))
    with as_role("leadership") as late, as_role("operations_manager") as s:
        row = late.get(RatingScore, built["score"])
        experts.give_points(late, row, points=points(late, row), at=AT)  # not committed yet
        s.execute(text("SET LOCAL lock_timeout = '300ms'"))
        if locked:
            with pytest.raises(DBAPIError, match="lock timeout"):
                experts.close_round(s, s.get(RatingScore, built["score"]))
        else:
            experts.close_round(s, s.get(RatingScore, built["score"]))
        s.rollback()
        late.rollback()


def test_the_what_if_of_another_carriers_sheet_is_not_found(client, login_as, built):  # noqa: F811
    from parkops.db.session import system_scope

    with system_scope("test") as s:
        s.info["scope"] = s.info["scope"].__class__(**{**s.info["scope"].__dict__, "park_id": s.get(RatingScore, built["score"]).park_id})
        other = carrier(s).id
        s.flush()
    login_as(client, "operations_manager")
    assert client.get(f"/ratings/whatif_score/{built['carrier']}?score={built['score']}").status_code == 200
    assert client.get(f"/ratings/whatif_score/{other}?score={built['score']}").status_code == 404


def test_sources_are_read_in_the_language_of_the_reader(shipped):  # noqa: F811
    said = _l("%(n)s more workstations", n=3)
    nested = Joined(_l("; "), (said, _l("lacks %(n)s", n=_l("%(n)s %(unit)s", n="2", unit=_l("firms"))), "1"))
    for words in (said, nested):
        kept = packed(words)
        for code in ("zh", "en"):
            with force_locale(code):
                assert unpacked(kept) == str(words)
    assert unpacked(packed("统计表")) == "统计表" and packed(None) is None
    row = sheet(shipped)
    line = shipped.scalars(select(ScoreLine).where(ScoreLine.score_id == row.id)).first()
    line.source = packed(said)
    shipped.flush()
    seen = set()
    for code in ("zh", "en"):
        with force_locale(code):
            shipped.expire(line)
            seen.add(line.source)
    assert "3 more workstations" in seen and len(seen) == 2
