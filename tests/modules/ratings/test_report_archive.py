"""Saved reports: dates, receivers, the kept report and its hash, what changed since, the run with progress, the job."""

import hashlib
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from ratings_help import acting, example, refused
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from support_help import firm

from modules.ratings import calc_report, calc_report_dates
from modules.ratings.jobs.reports import JOBS
from modules.ratings.models.report_made import ReportMade, ReportRun
from modules.ratings.models.report_plan import ReportPlan
from modules.ratings.services import report_archive, report_plans, report_readers, report_runs
from parkops import attachments, clock
from parkops.clock import Period
from parkops.errors import NotAllowed, NotFound
from parkops.kpi import engine, freeze
from parkops.todos import Notice

AT = datetime(2026, 4, 6, 2, 0, tzinfo=UTC)
ON = date(2026, 4, 6)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("last_month", "2026-03"),
        ("last_quarter", "2026Q1"),
        ("last_year", "2025"),
        ("this_month", "2026-04"),
        ("this_quarter", "2026Q2"),
        ("this_year", "2026"),
    ],
)
def test_the_period_a_rule_covers(rule, key):
    assert calc_report_dates.period_of(rule, ON).key == key


@pytest.mark.parametrize(
    ("every", "day", "on", "due"),
    [
        ("month", 5, "2026-04-06", "2026-04-05"),
        ("month", 5, "2026-04-05", "2026-04-05"),
        ("month", 5, "2026-04-04", "2026-03-05"),
        ("month", 31, "2026-03-01", "2026-02-28"),  # the month's last day where it is shorter
        ("quarter", 10, "2026-04-09", None),  # the January date lies before the start
        ("quarter", 10, "2026-04-10", "2026-04-10"),
        ("year", 46, "2026-04-06", "2026-02-15"),
        ("none", 5, "2026-04-06", None),
    ],
)
def test_when_a_report_is_due(every, day, on, due):
    found = calc_report_dates.last_due(every, day, date(2026, 2, 1), date.fromisoformat(on))
    assert found == (date.fromisoformat(due) if due else None)


def figures(*rows, total=None, facts=()):
    return {
        "sections": [
            {
                "title": "A",
                "facts": [{"label": k, "value": v, "text": str(v)} for k, v in facts],
                "table": {
                    "columns": [{"title": "n"}, {"title": "x"}, {"title": "x"}],
                    "rows": [list(r) for r in rows],
                    "shown": [[str(v) for v in r] for r in rows],
                    "totals": total and list(total),
                    "shown_totals": total and [str(v) for v in total],
                },
            }
        ]
    }


def test_differences_name_the_figure_then_now_and_by_how_much():
    then = figures(("r", 1, 2), ("r", 3, 4), ("old", 5, 6), total=("t", 9, 12), facts=(("f", 7),))
    now = figures(("r", 1, 2), ("r", 3, 5), ("new", 5, 6), total=("t", 9, 13), facts=(("f", 8),))
    found = [(d.kind, d.row, d.column, d.then, d.now, d.by) for d in calc_report.differences(then, now)]
    assert found == [
        ("changed", "f", "", "7", "8", 1),
        ("changed", "r #2", "x #2", "4", "5", 1),
        ("gone", "old", "x", "5", "", None),
        ("gone", "old", "x #2", "6", "", None),
        ("changed", "t", "x #2", "12", "13", 1),
        ("new", "new", "x", "", "5", None),
        ("new", "new", "x #2", "", "6", None),
    ]
    assert calc_report.differences(then, then) == []
    assert calc_report.digest(then) != calc_report.digest(now) and calc_report.digest(then) == calc_report.digest(dict(then))


def plan(s, **values):
    given = {
        "name": "月度运营简报",
        "report": "board-pack",
        "period_rule": "last_quarter",
        "every": "quarter",
        "after_days": 5,
        "starts_on": date(2026, 1, 1),
    }
    return report_plans.create_plan(s, **{**given, **values})


def user_id(s, name):
    return s.execute(text("SELECT id FROM ab_user WHERE username = :n"), {"n": name}).scalar()


def test_only_reports_that_need_no_record_and_only_the_rating_report_has_a_carrier(session):
    c, _firms = example(session)
    names = {r.name for r in report_plans.offered(session)}
    assert {"annual-rating", "board-pack", "fund-quarterly", "operations-monthly", "platform-recovery", "rent-relief"} <= names
    assert "fund-quarter" not in names and "firm-sheet" not in names
    with refused("ratings.R-130"):
        plan(session, report="fund-quarter")
    with refused("ratings.R-130"):
        plan(session, carrier_id=c.id)
    with refused("ratings.R-130"):
        plan(session, as_pdf=False, as_xlsx=False)
    assert plan(session, report="annual-rating", carrier_id=c.id).carrier_id == c.id


def test_a_clerk_saves_no_reports(session):
    with acting(session, "operations_clerk"), pytest.raises(NotAllowed):
        plan(session)


def test_a_receiver_is_an_active_user_of_the_park_who_may_see_it(session, park):
    p = plan(session, report="fund-quarterly")
    report_readers.create_reader(session, plan_id=p.id, user_id=user_id(session, "leadership"))
    with refused("ratings.R-134"):  # an administrator has no business figures
        report_readers.create_reader(session, plan_id=p.id, user_id=user_id(session, "system_administrator"))
    session.execute(text("DELETE FROM core_user_park WHERE user_id = :u"), {"u": user_id(session, "finance")})
    session.execute(text("UPDATE core_user SET all_parks = false WHERE id = :u"), {"u": user_id(session, "finance")})
    with refused("ratings.R-134"):
        report_readers.create_reader(session, plan_id=p.id, user_id=user_id(session, "finance"))


def make(s, p, key="2026Q1", **values):
    with acting(s, "leadership"):
        return report_archive.make_report(s, p, Period.parse(key), on=ON, at=AT, **values)


def test_a_made_report_keeps_figures_and_files_with_their_hashes_and_tells_its_receivers(session):
    p = plan(session)
    reader = user_id(session, "leadership")
    report_readers.create_reader(session, plan_id=p.id, user_id=reader)
    steps = []
    made = make(session, p, tell=steps.append)
    assert steps == [1, 2, 3, 4] and (made.period_key, made.as_of, made.counted_on) == ("2026Q1", AT, ON)
    files = {a.kind: a for a in attachments.of(session, made)}
    for kind in ("pdf", "xlsx"):
        content = attachments.open_file(session, files[f"report_{kind}"]).read()
        assert hashlib.sha256(content).hexdigest() == getattr(made, f"{kind}_sha256") == files[f"report_{kind}"].sha256
    assert report_archive.problems_of(session, made) == [] and calc_report.digest(made.figures) == made.figures_sha256
    told = session.scalars(select(Notice).where(Notice.user_id == reader)).all()
    assert [n.record_id for n in told] == [made.id] and "2026Q1" in told[0].text


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ratings_report_made SET figures = '{}'", "DELETE FROM ratings_report_made", "TRUNCATE ratings_report_made CASCADE"],
)
def test_a_kept_report_is_never_changed_by_anybody(session, statement):
    make(session, plan(session))
    with pytest.raises(DBAPIError, match=r"never changed|permission denied"), session.begin_nested():
        session.execute(text(statement))


def test_a_receiver_with_an_address_gets_a_letter_with_the_link_and_the_audit_trail_holds_no_figures(session, park, monkeypatch):
    """Through the outbox, after the commit; whoever lost the right meanwhile gets nothing."""
    from parkops import outbox, settings
    from parkops.notify import mail
    from parkops.notify.models import NotifyAddress, NotifyDelivery

    settings.put(session, "core.public_url", "https://park.example")
    p, letters = plan(session), []
    people = {name: user_id(session, name) for name in ("leadership", "finance")}
    for name, uid in people.items():
        report_readers.create_reader(session, plan_id=p.id, user_id=uid)
        session.add(NotifyAddress(user_id=uid, channel="email", address=f"{name}@park.example", shown=name, is_on=True))
    session.execute(text("DELETE FROM ab_user_role WHERE user_id = :u"), {"u": people["finance"]})
    session.flush()
    monkeypatch.setattr(mail, "send", lambda server, to, title, body, key: letters.append((to, title, body)))
    made = make(session, p)
    assert [d.user_id for d in session.scalars(select(NotifyDelivery))] == [people["leadership"]] and letters == []
    outbox.deliver(session)
    assert [to for to, _title, _body in letters] == ["leadership@park.example"]
    assert f"https://park.example/ratings/report_made/{made.id}" in letters[0][2] and "2026Q1" in letters[0][1]
    kept = session.execute(
        text("SELECT row_to_json(a)::text FROM core_audit a WHERE resource = 'ratings.report_made' AND record_id = :i"), {"i": made.id}
    )
    rows = list(kept.scalars())
    assert rows and all("sections" not in r for r in rows) and any(made.figures_sha256 in r for r in rows)


def test_a_lost_or_exchanged_file_is_found_by_the_check(session):
    from modules.ratings.checks.reports import kept_reports

    made = make(session, plan(session))
    assert kept_reports(session) == []
    file = attachments.of(session, made, "report_pdf")[0]
    kept = attachments.path_of(file.sha256).read_bytes()
    try:
        attachments.path_of(file.sha256).write_bytes(kept + b" ")
        assert [d for d in kept_reports(session) if "PDF" in d]
    finally:
        attachments.path_of(file.sha256).write_bytes(kept)
    assert kept_reports(session) == []


def test_a_frozen_quarter_shows_a_delta_never_a_changed_past(session, park):
    """Freeze, report, change a source: the kept report stays, its successor shows the frozen figure with its correction."""
    c, _firms = example(session)
    quarter = Period.parse("2026Q1")
    engine.compute(session, quarter, park_id=park.id, today=ON)
    freeze.freeze(session, quarter, park_id=park.id, reason="报送季报", today=ON, at=AT)
    p = plan(session)
    first = make(session, p)
    before = {(x.section, x.row, x.column): x for x in calc_report.cells(first.figures)}
    name = next(k for k in before if k[2] == "2026Q1" and k[1] == "新增在孵企业")
    assert report_archive.differences(session, first, on=ON, at=AT) == []
    firm(session, ("incubating", c, "2026-02-10"))  # registered late: it belongs to the frozen quarter
    engine.compute(session, quarter, park_id=park.id, today=ON)
    found = report_archive.differences(session, first, on=ON, at=AT)
    changed = [d for d in found if (d.section, d.row) == name[:2]]
    assert changed and all(d.by in (None, 0, 1) for d in changed)
    again = make(session, p)
    after = {(x.section, x.row, x.column): x for x in calc_report.cells(again.figures)}
    assert after[name].value == before[name].value  # the past is what was reported
    correction = next(k for k in after if k[:2] == name[:2] and k[2] == "此后更正")
    assert Decimal(after[correction].value) == 1
    assert calc_report.digest(session.get(ReportMade, first.id).figures) == first.figures_sha256


def test_who_may_not_see_the_records_cannot_open_the_files(session):
    made = make(session, plan(session, report="trial-balance", period_rule="last_month"), "2026-03")
    file = attachments.of(session, made, "report_pdf")[0]
    with acting(session, "leadership"):
        assert attachments.open_file(session, file).read(4) == b"%PDF"
    with acting(session, "operations_clerk"):  # reads kept reports, but not the books
        assert not report_archive.may_open(session, made)
        with pytest.raises(NotFound):
            attachments.open_file(session, file)
        with pytest.raises(NotAllowed):
            report_archive.opened(session, made)


def test_the_job_makes_each_date_once_and_a_failure_keeps_no_other_from_being_made(session, park):
    job = next(j for j in JOBS if j.code == "ratings.make_reports")
    good, bad = plan(session), plan(session, name="不能生成", report="group-article")  # nothing was published about this park
    plan(session, name="未到期", starts_on=date(2026, 7, 1))
    assert {p.id for p, _day in report_archive.due(session, on=ON, park_id=park.id)} == {good.id, bad.id}
    assert job.run(session, on=ON, park_id=park.id) == {"made": 1, "failed": 1}
    made = session.scalars(select(ReportMade)).all()
    assert [(m.plan_id, m.due_on, m.period_key) for m in made] == [(good.id, date(2026, 4, 5), "2026Q1")]
    assert session.scalars(select(ReportRun.message)).one()
    assert job.run(session, on=date(2026, 4, 7), park_id=park.id) == {"made": 0, "failed": 1}
    with pytest.raises(DBAPIError), session.begin_nested():  # and the database would refuse a second one
        make(session, good, due_on=date(2026, 4, 5))


def test_a_mistake_in_a_report_keeps_no_other_from_being_made(session, park, monkeypatch):
    first, second = plan(session, name="一"), plan(session, name="二", report="rent-relief")
    real = report_archive.make_report

    def breaks(s, p, *args, **values):
        if p.id == first.id:
            s.execute(text("SELECT 1/0"))
        return real(s, p, *args, **values)

    monkeypatch.setattr(report_archive, "make_report", breaks)
    assert report_runs.make_due(session, on=ON, park_id=park.id) == {"made": 1, "failed": 1}
    assert session.scalars(select(ReportMade.plan_id)).all() == [second.id]
    said = session.scalars(select(ReportRun.message).where(ReportRun.plan_id == first.id)).one()
    assert "division" not in said and "管理员" in said


def test_a_plan_with_reports_is_taken_out_of_use_not_removed(session):
    p = plan(session)
    make(session, p)
    with refused("ratings.R-132"):
        report_plans.remove_plan(session, p)
    values = {c: getattr(p, c) for c in ("name", "report", "period_rule", "every", "after_days", "starts_on")}
    report_plans.change_plan(session, p, **values, is_on=False)
    with acting(session, "leadership"), refused("ratings.R-132"):
        report_archive.make_report(session, p, Period.parse("2026Q1"), on=ON, at=AT)
    fresh = plan(session, name="从未生成")
    report_plans.remove_plan(session, fresh)
    assert session.scalar(select(func.count(ReportPlan.id)).where(ReportPlan.name == "从未生成")) == 0


def test_one_making_at_a_time_and_none_ahead_of_its_period(session):
    p = plan(session)
    with refused("ratings.R-138"):
        report_runs.ask(session, p, period_key="2026Q3", on=ON, at=AT)
    with refused("ratings.R-138"):
        report_runs.ask(session, p, period_key="yesterday", on=ON, at=AT)
    run = report_runs.ask(session, p, period_key=None, on=ON, at=AT)
    assert (run.period_key, run.state) == ("2026Q1", "queued")
    with refused("ratings.R-138"):
        report_runs.ask(session, p, period_key=None, on=ON, at=AT)
    later = AT + report_runs.SILENT * 2
    assert report_runs.state_of(run, later) == "failed"  # its process died
    assert report_runs.ask(session, p, period_key=None, on=ON, at=later).id != run.id
    session.refresh(run)
    assert run.state == "failed" and run.message  # and is written down as such


def test_the_daily_job_writes_down_runs_whose_process_died(session, park):
    p = plan(session, every="none")
    silent = report_runs.ask(session, p, period_key=None, on=ON, at=clock.now() - report_runs.SILENT * 2)
    other = plan(session, name="另一份", every="none")
    living = report_runs.ask(session, other, period_key=None, on=ON, at=clock.now())
    report_runs.make_due(session, on=ON, park_id=park.id)
    for run in (silent, living):
        session.refresh(run)
    assert (silent.state, living.state) == ("failed", "queued") and silent.message


def test_a_long_step_gives_signs_of_life_without_end(session, monkeypatch):
    """Two beats while the work does nothing at all; none after it."""
    beats, enough = [], threading.Event()
    monkeypatch.setattr(report_runs, "BEAT", 0.01)
    monkeypatch.setattr(report_runs, "_set", lambda scope, run: beats.append(run) or (len(beats) >= 2 and enough.set()))
    with report_runs._beating(None, 7):
        assert enough.wait(20)
    assert set(beats) == {7} and not [t for t in threading.enumerate() if t.name == "beat-7"]


def may_read(s, *resources):
    """A user with these rights and no other."""
    rights = frozenset((r, "read") for r in ("ratings.report_made", *resources))
    s.info["scope"] = replace(s.info["scope"], system=False, rights=rights)


def test_a_report_of_the_job_is_opened_and_compared_by_who_may_read_all_it_tells_of(session):
    """R-135: made with every right, so every indicator is in it; a right on the sheet alone opens nothing."""
    p = plan(session)
    made = report_archive.make_report(session, p, Period.parse("2026Q1"), on=ON, at=AT)
    file = attachments.of(session, made, "report_pdf")[0]
    reads = made.parameters["reads"]
    assert {"core.kpi", "ratings.assessment", "funds.fund", "loans.case"} & set(reads) >= {"core.kpi", "ratings.assessment"}
    assert len(reads) > 4
    before = session.info["scope"]
    for gone in reads:
        may_read(session, *(r for r in reads if r != gone))
        assert not report_archive.may_open(session, made), gone
        with pytest.raises(NotFound):
            attachments.open_file(session, file)
        with pytest.raises(NotAllowed):
            report_archive.differences(session, made, on=ON, at=AT)
    may_read(session, *reads)
    assert report_archive.may_open(session, made)
    session.info["scope"] = replace(session.info["scope"], rights=session.info["scope"].rights | {("ratings.definition", "read")})
    assert report_archive.differences(session, made, on=ON, at=AT) == []  # nothing changed, so nothing differs for this reader
    session.info["scope"] = before


def test_a_report_without_indicators_asks_for_no_more_than_its_own_records(session):
    made = report_archive.make_report(session, plan(session, report="trial-balance"), Period.parse("2026-03"), on=ON, at=AT)
    assert len(made.parameters["reads"]) == 1
    may_read(session, *made.parameters["reads"])
    assert report_archive.may_open(session, made)


def test_a_receiver_who_may_not_read_all_is_left_out_and_named(session, monkeypatch):
    p = plan(session)
    people = {name: user_id(session, name) for name in ("leadership", "finance")}
    for uid in people.values():
        report_readers.create_reader(session, plan_id=p.id, user_id=uid)
    real = report_readers.role_rights
    lost = ("ratings.assessment", "read")
    monkeypatch.setattr(report_readers, "role_rights", lambda roles: real(roles) - ({lost} if "finance" in roles else set()))
    monkeypatch.setattr(report_readers, "site_rights", lambda rows: frozenset())
    made = report_archive.make_report(session, p, Period.parse("2026Q1"), on=ON, at=AT)
    told = session.scalars(select(Notice.user_id).where(Notice.record_id == made.id)).all()
    name = session.execute(text("SELECT name FROM core_user WHERE id = :i"), {"i": people["finance"]}).scalar()
    assert told == [people["leadership"]] and made.parameters["left_out"] == [name]


def test_a_file_put_beside_a_kept_report_is_neither_shown_nor_taken_for_its_own(session):
    from io import BytesIO

    made = make(session, plan(session))
    attachments.attach(session, made, BytesIO(b"%PDF-1.7 another"), "board-pack-2026Q1.pdf", "report_pdf")
    assert report_archive.problems_of(session, made) == []
    assert sorted(a.sha256 for a in report_archive.files_of(session, made)) == sorted([made.pdf_sha256, made.xlsx_sha256])


def test_pdf_and_workbook_hold_the_very_same_figures(session, park):
    """Every cell of every table of the workbook is the raw value of the figures kept, and its text stands in the PDF."""
    from io import BytesIO

    from pypdf import PdfReader

    engine.compute(session, Period.parse("2026Q1"), park_id=park.id, today=ON)
    example(session)
    for name in ("board-pack", "annual-rating"):
        p = plan(session, name=name, report=name, period_rule="last_year" if name == "annual-rating" else "last_quarter", every="none")
        made = make(session, p, "2025" if name == "annual-rating" else "2026Q1")
        files = {a.kind: attachments.open_file(session, a).read() for a in attachments.of(session, made)}
        words = "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(files["report_pdf"])).pages)
        sheets = load_workbook(BytesIO(files["report_xlsx"])).worksheets[1:]
        tables = [s["table"] for s in made.figures["sections"] if s["table"] is not None]
        assert len(sheets) == len(tables) and len(tables) >= 5
        for sheet, table in zip(sheets, tables, strict=True):
            rows = list(sheet.iter_rows(min_row=2, values_only=True))
            for raw, shown, cells in zip(table["rows"], table["shown"], rows, strict=False):
                for value, said, cell in zip(raw, shown, cells, strict=True):
                    if calc_report.number(value) is not None and not isinstance(cell, str):
                        assert Decimal(str(cell)) == pytest.approx(calc_report.number(value)), (sheet.title, said)
                        assert "".join(said.split()) in words, (name, said)
