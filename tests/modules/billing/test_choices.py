"""Records that no column names (runs, charge lines) can be chosen in forms and filters by what they call themselves."""

from __future__ import annotations

from datetime import date

import pytest

from modules.billing.models.bill import BillRun
from parkops.errors import NotFound
from parkops.web import grid, resources


def test_runs_are_chosen_by_their_month(session, park, park2):
    rows = [BillRun(park_id=p.id, month=m, issued_on=m, started_by="t") for p, m in (
        (park, date(2026, 1, 1)), (park, date(2026, 2, 1)), (park2, date(2026, 2, 1)))]
    session.add_all(rows)
    session.flush()
    runs = resources.resolved("billing.bill_run")

    def labels(text="", **more):
        return [entry["label"] for entry in grid.choices(session, runs, text, **more)]

    assert labels(limit=2) == ["2026-02", "2026-02"], "the newest first"
    assert labels("2026-01") == ["2026-01"]
    assert labels("2031") == []
    assert labels(ids=(rows[0].id,)) == ["2026-01"]


def test_no_words_where_they_could_give_away_personal_data(session):
    """A bank line calls itself after its payer, whose name is hidden from those without the right."""
    with pytest.raises(NotFound):
        grid.choices(session, resources.resolved("billing.bank_line"), "")


def test_the_other_park_is_not_offered(session, park2, as_role):
    session.add(BillRun(park_id=park2.id, month=date(2026, 3, 1), issued_on=date(2026, 3, 1), started_by="t"))
    session.commit()
    with as_role("finance") as s:
        assert grid.choices(s, resources.resolved("billing.bill_run"), "2026-03") == []
    with as_role("finance", park="west") as s:
        assert [e["label"] for e in grid.choices(s, resources.resolved("billing.bill_run"), "2026-03")] == ["2026-03"]
