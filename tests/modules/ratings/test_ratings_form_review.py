"""What a review of forms and evidence found: personal data of the filed copy, makers and checkers, carriers of a firm, ties, stored packs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from bills_help import demand
from ratings_help import acting, refused
from space_help import lease, unit
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from support_help import carrier, firm
from test_ratings_evidence import built as billed_built  # noqa: F401  a fixture
from test_ratings_forms import FIRM, GZ, built, cells, explain_all, form_of, run, sign  # noqa: F401  two are fixtures

from modules.billing.models.charge import Charge
from modules.billing.services import bills, charges, posting
from modules.ratings.models.filing import StatisticsFiling
from modules.ratings.models.form import StatForm
from modules.ratings.models.form_run import FormRun
from modules.ratings.services import (
    exemption,
    exemption_pack,
    exemption_papers,
    form_carriers,
    form_cells,
    form_deadlines,
    form_firms,
    form_layout,
    form_many,
    form_runs,
    form_signing,
    forms,
    stock,
)
from modules.ratings.services.form_sources import Span, known
from modules.tenants.models.person import FirmPerson, Person
from modules.tenants.models.stage import Stage
from parkops import attachments, todos
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed
from parkops.i18n import Lazy, force_locale

FILED = date(2026, 1, 20)
YEAR = Span(date(2025, 1, 1), date(2025, 12, 31))
FEB = (date(2026, 2, 1), date(2026, 2, 28))
D = Decimal


def events(s, action):
    s.flush()
    return s.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.op == action))


def test_the_filed_copy_is_opened_by_who_may_unmask(session, run):  # noqa: F811
    """It names people in full: clerk, finance and leadership are refused, the manager's look is in the audit trail."""
    sign(session, run)
    (copy,) = attachments.of(session, run, kind="filed_copy")
    for role in ("operations_clerk", "finance", "leadership"):
        with acting(session, role), pytest.raises(NotAllowed):
            attachments.open_file(session, copy)
    with acting(session, "operations_manager"):
        before = events(session, "unmask")
        attachments.open_file(session, copy).close()
        assert events(session, "unmask") == before + 1


def test_only_the_form_that_counts_is_statistics_filed(session, run):  # noqa: F811
    """R-79: another yearly form of the carrier (an application) leaves recognition's question open."""
    flags = {f.key: f.counts_as_statistics for f in session.scalars(select(StatForm))}
    assert [k for k, v in flags.items() if v] == [GZ] and len(flags) > 2
    session.execute(text("UPDATE ratings_form SET counts_as_statistics = false WHERE key = :k"), {"k": GZ})
    session.expire_all()
    sign(session, run)
    assert run.filing_id is None
    assert session.scalar(select(StatisticsFiling.id).where(StatisticsFiling.year == 2025)) is None


def test_the_area_of_a_firm_is_of_the_carrier_asked(session, built):  # noqa: F811
    """Item 17 and the evidence: a lease in another carrier is not counted here."""
    c, firms = built
    other = carrier(session)
    lease(session, unit(session), firm=firms[0], starts=date(2025, 1, 1), ends=date(2026, 12, 31), carrier_id=c.id)
    lease(session, unit(session, area="70"), firm=firms[0], starts=date(2025, 1, 1), ends=date(2026, 12, 31), carrier_id=other.id)
    with acting(session, "operations_clerk"):
        row = form_runs.create_run(session, form_id=form_of(session, FIRM).id, carrier_id=c.id, period="2025", firm_id=firms[0].id)
    assert cells(session, row)["17"].value == "100"
    there = form_firms.premises(session, [firms[0]], Span(YEAR.first, YEAR.last, other.id))
    assert there[firms[0].id].value == 70


def test_a_lease_elsewhere_is_no_evidence_here(session, billed_built):  # noqa: F811
    where, stays, _goes = billed_built
    elsewhere = lease(session, unit(session), firm=stays, starts=date(2025, 1, 1), ends=date(2026, 12, 31), carrier_id=carrier(session).id)
    found = exemption.gather(session, where, *FEB)
    assert ("lease", stays.id) in [(g["kind"], g.get("firm_id")) for g in found.gaps] and not found.areas
    elsewhere.carrier_id = where.id
    found = exemption.gather(session, where, *FEB)
    assert ("lease", stays.id) not in [(g["kind"], g.get("firm_id")) for g in found.gaps]
    assert set(found.areas.values()) == {D(100)}


@pytest.mark.parametrize("work", ["correct", "explain"])
def test_who_worked_on_a_form_does_not_review_it(session, run, work):  # noqa: F811
    """R-79: a manager who corrected a cell or explained a finding is a maker of the form."""
    with acting(session, "operations_manager"):
        if work == "correct":
            form_cells.correct_cell(session, cells(session, run)["TDF7C00"], corrected="1", reason="台账")
        else:
            form_cells.explain_finding(session, form_cells.open_findings(session, run)[0], explanation="已核对")
    with acting(session, "operations_clerk"):
        explain_all(session, run)
        form_signing.submit_run(session, run, on=FILED)
    with acting(session, "operations_manager"), refused("ratings.R-79"):
        form_signing.review_run(session, run, on=FILED)
    session.execute(text("UPDATE ratings_form_cell SET corrected_by_id = NULL"))
    session.execute(text("UPDATE ratings_form_finding SET explained_by_id = NULL"))
    with acting(session, "operations_manager"):
        form_signing.review_run(session, run, on=FILED)  # control
    assert run.state == "reviewed"


def test_a_correction_reads_the_form_anew_and_holds_it(session, run, query_count):  # noqa: F811
    """R-77: another session handed the form on meanwhile; the state in memory does not decide. A signature reads it anew too."""
    cell = cells(session, run)["TDF7C00"]
    session.flush()
    session.execute(text("UPDATE ratings_form_run SET state = 'submitted' WHERE id = :i"), {"i": run.id})
    assert run.state == "draft"
    with acting(session, "operations_clerk"), query_count() as q, refused("ratings.R-77"):
        form_cells.correct_cell(session, cell, corrected="1", reason="台账")
    assert any("FOR UPDATE" in x for x in q.statements)
    session.execute(text("UPDATE ratings_form_run SET state = 'draft' WHERE id = :i"), {"i": run.id})
    assert run.state == "submitted"
    with acting(session, "operations_manager"), query_count() as q, refused("ratings.R-79"):
        form_signing.review_run(session, run, on=FILED)
    assert any("FOR UPDATE" in x for x in q.statements)


def movement(s, c):
    ask = lambda fn: fn(s, [c], YEAR)[c.id]  # noqa: E731
    return tuple(
        ask(f).value for f in (form_carriers.stock_opening, form_carriers.entered, form_carriers.left, form_carriers.stock_end)
    ), ask(form_carriers.entered).records


def test_a_firm_that_comes_twice_came_twice(session):
    """C5: opening + new − left is the end, also for a firm that left and was admitted again in the year."""
    c = carrier(session)
    firm(session, ("incubating", c, "2025-02-01"), ("left", c, "2025-05-01"), ("incubating", c, "2025-09-01"))
    firm(session, ("incubating", c, "2023-02-01"))
    found, records = movement(session, c)
    assert found == (1, 2, 1, 2)
    ids = set(session.scalars(select(Stage.id).where(Stage.carrier_id == c.id, Stage.starts_on >= YEAR.first, Stage.state == "incubating")))
    assert {(r, i) for r, i, _a in records} == {("tenants.stage", i) for i in ids}


def test_a_makerspace_counts_its_teams_on_both_sides(session):
    """A team that came is new; becoming a firm in the same carrier is neither coming nor leaving."""
    c = carrier(session, kind="makerspace")
    firm(session, ("team", c, "2025-02-01"), ("incubating", c, "2025-06-01"))
    firm(session, ("team", c, "2024-02-01"), ("left", c, "2025-06-01"))
    assert movement(session, c)[0] == (1, 1, 1, 1)


def test_returnees_are_asked_on_the_day(session):
    """A founder who came back from abroad and left the firm before the last day does not count."""
    c = carrier(session)
    rows = [firm(session, ("incubating", c, "2023-02-01")) for _n in range(3)]
    for f, days in zip(rows, ({}, {"until": date(2025, 6, 1)}, {"since": date(2026, 1, 5)}), strict=True):
        p = Person(name="海归", trait="returnee", park_id=f.park_id)
        session.add(p)
        session.flush()
        session.add(FirmPerson(firm_id=f.id, person_id=p.id, part="founder", park_id=f.park_id, **days))
    session.flush()
    assert form_carriers.returnees(session, [c], YEAR)[c.id].value == 1
    assert stock.firms_on(session, [c], YEAR.last)[c.id] == {f.id for f in rows}


def test_the_tie_out_has_another_side(session, billed_built, monkeypatch):  # noqa: F811
    """R-81: a line lost on the way, or put under another treatment, is a difference to what the bills say."""
    where, stays, _goes = billed_built
    assert exemption.gather(session, where, *FEB).ties
    real = exemption._lines
    lost = lambda *a: {k: v[1:] if k == stays.id else v for k, v in real(*a).items()}  # noqa: E731
    turned = lambda *a: {k: [replace(x, treatment="taxed") for x in v] for k, v in real(*a).items()}  # noqa: E731
    for broken in (lost, turned):
        with monkeypatch.context() as m:
            m.setattr(exemption, "_lines", broken)
            assert not exemption.gather(session, where, *FEB).ties
            with acting(session, "finance"), refused("ratings.R-81"):
                exemption.keep_pack(session, where, first=FEB[0], last=FEB[1], today=date(2026, 3, 5))


def test_lines_without_a_carrier_are_a_gap(session, park, billed_built):  # noqa: F811
    where, stays, _goes = billed_built
    row = demand(session, stays, "50.00", "property_fee", carrier_id=None)
    charges.add_charges(session, park.id, [row])
    line = session.scalars(select(Charge).where(Charge.key == row["key"])).one()
    one = bills.make_bill(session, firm_id=stays.id, charge_ids=[line.id], issued_on=FEB[0], due_on=FEB[1])
    posting.post_bill(session, one, on=FEB[0])
    gaps = [g for g in exemption.gather(session, where, *FEB).gaps if g["kind"] == "no_carrier"]
    assert line.carrier_id is None and [(g["charge_id"], g["firm_id"]) for g in gaps] == [(line.id, stays.id)]


def test_papers_cover_every_day_of_the_period(session, billed_built):  # noqa: F811
    """R-83: one day of overlap is not enough; two papers without a day between them are."""
    where = billed_built[0]
    lacks = lambda: "original_value" in [g["kind"] for g in exemption.gather(session, where, *FEB).gaps]  # noqa: E731
    with acting(session, "finance"):
        values = {"carrier_id": where.id, "kind": "original_value", "amount": D(1)}
        exemption_papers.create_paper(session, reference="1", valid_from=date(2025, 1, 1), valid_to=date(2026, 2, 10), **values)
        assert lacks()
        exemption_papers.create_paper(session, reference="2", valid_from=date(2026, 2, 12), **values)
        assert lacks()
        exemption_papers.create_paper(session, reference="3", valid_from=date(2026, 2, 11), valid_to=date(2026, 2, 11), **values)
        assert not lacks()


def test_a_kept_pack_is_handed_out_as_it_was(session, billed_built):  # noqa: F811
    """R-84: papers entered later change nothing; keeping writes no export event, handing out writes one for each file."""
    where = billed_built[0]
    with acting(session, "finance"):
        pack = exemption.keep_pack(session, where, first=FEB[0], last=FEB[1], today=date(2026, 3, 5))
        before = events(session, "export")
        exemption_pack.store(session, pack)
        exemption_pack.store(session, pack)
        assert events(session, "export") == before and len(attachments.of(session, pack)) == 2
        exemption_papers.create_paper(session, carrier_id=where.id, kind="title", reference="T", valid_from=date(2020, 1, 1))
        for ending in ("xlsx", "zip"):
            with attachments.open_file(session, exemption_pack.stored(session, pack, ending)) as stream:
                assert exemption_pack.hand_out(session, pack, ending) == stream.read()
        assert exemption_pack.hand_out(session, pack, "xlsx") != exemption_pack.workbook(session, pack)
        assert events(session, "export") == before + 3


def test_a_version_with_a_slash_is_a_sheet_name(session, run):  # noqa: F811
    """A signed form whose edition is called 2026/carrier can be filed."""
    session.execute(text("UPDATE ratings_form SET version_name = '2026/carrier' WHERE id = :i"), {"i": run.form_id})
    session.expire_all()
    assert form_layout.workbook(session, run)[:2] == b"PK"


def test_one_edition_in_use(session, park):
    """R-74: the database refuses a second edition in use of the same form."""
    forms.ensure_forms(session, park.id)
    old = form_of(session, GZ)
    new = forms.new_edition(session, old)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("UPDATE ratings_form SET state = 'active', active_from = '2026-01-01' WHERE id = :i"), {"i": new.id})
    forms.activate_form(session, new, on=date(2026, 3, 1))
    assert (old.state, new.state) == ("retired", "active")


def test_reminders_speak_the_readers_language_and_end_with_the_filing(session, park, built):  # noqa: F811
    """R-90: one to-do per preparer, English for who reads English; filed, nobody is asked any more."""
    session.execute(text("UPDATE core_user SET locale = 'en' WHERE user_id = (SELECT id FROM ab_user WHERE username = 'finance')"))
    form_deadlines.open_filings(session, on=date(2026, 1, 2), park_id=park.id)
    form_deadlines.open_filings(session, on=date(2026, 2, 16), park_id=park.id)
    row = session.scalars(select(FormRun).where(FormRun.carrier_id == built[0].id)).one()
    mine = {t.assignee_name: t.title for t in todos.of(session, row)}
    assert mine["finance"].startswith("Late: Incubator summary") and "科技企业孵化器综合情况" in mine["operations_clerk"]
    assert mine["operations_clerk"].startswith(_lazy_zh(form_deadlines.LATE)[:2])
    sign(session, row)
    assert todos.of(session, row) and all(t.is_done and t.done_by == "operations_clerk" for t in todos.of(session, row))


def _lazy_zh(words):
    with force_locale("zh"):
        return str(Lazy(words.msgid, form="", carrier="", period="", day=""))


def test_words_of_a_cell_are_read_in_the_readers_language(session, built):  # noqa: F811
    """A figure of the gates and income by kind keep messages, not the counter's language."""
    c, _firms = built
    with force_locale("zh"):
        got = known("measure:fulltime_staff_share", "carrier")
        answers = [got.fn(session, [c], YEAR)[c.id], known("income.total", "carrier").fn(session, [c], YEAR)[c.id]]
        kept = [form_cells.kept_words(a.source) for a in answers]
        chinese = [form_cells.told(k) for k in kept]
    assert all("msgid" in k for k in kept)
    with force_locale("en"):
        english = [form_cells.told(k) for k in kept]
    assert all(a != b for a, b in zip(chinese[:1], english[:1], strict=True)) and english[1].startswith("2025")


def test_many_forms_ask_as_many_questions_as_few(session, built, query_count):  # noqa: F811
    """Begun and counted: 3 firms and 30 firms."""
    counts = []
    for size in (3, 30):
        other = carrier(session, kind="incubator")
        for _i in range(size):
            firm(session, ("incubating", other, "2024-01-01"))
        form = form_of(session, FIRM)
        with acting(session, "operations_clerk"), query_count() as q:
            assert form_runs.create_firm_runs(session, form, carrier_id=other.id, period="2025") == size
        rows = session.scalars(select(FormRun).where(FormRun.carrier_id == other.id)).all()
        with acting(session, "operations_clerk"), query_count() as again:
            form_many.count_many(session, rows)
        counts.append([sum(x.startswith("SELECT") for x in seen.statements) for seen in (q, again)])
    assert counts[0][1] == counts[1][1]  # what is written is one row each
