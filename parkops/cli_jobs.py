"""`parkops kpi`, `jobs`, `report`, `scheduler`: the commands beside what they drive."""

from __future__ import annotations

import getpass
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from .errors import NotFound, Refused


def _helpers() -> Any:
    from . import cli

    return cli


def _period(text: str) -> Any:
    from .clock import Period

    try:
        return Period.parse(text)
    except ValueError as e:
        raise click.UsageError(str(e)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no date; write 2022-06-30") from None


def _park_id(session: Any, code: str | None) -> int | None:
    from sqlalchemy import select

    from .models import Park

    if code is None:
        return None
    found = session.scalar(select(Park.id).where(Park.code == code))
    if found is None:
        known = ", ".join(session.scalars(select(Park.code).order_by(Park.id))) or "none"
        raise NotFound(f"there is no park {code!r}; there are {known}")
    return found


def _system(reason: str) -> Any:
    from .db.session import system_scope

    return system_scope(reason, via="cli")


def json_option(f: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")(f)


@click.group()
def kpi() -> None:
    """Indicators: list, compute, show, backfill, freeze."""


@kpi.command("list")
@json_option
def kpi_list(as_json: bool) -> None:
    """The definitions book."""
    h = _helpers()
    h.load_modules()
    from .kpi.catalogue import all_kpis

    h.show(
        [
            {
                "code": k.code,
                "title": str(k.title),
                "unit": k.unit,
                "adds_up": k.adds_up,
                "grains": ", ".join(k.grains),
                "version": k.version,
                "definition": str(k.explain),
                "source": k.source,
            }
            for k in all_kpis().values()
        ],
        as_json,
        ["code", "title", "unit", "adds_up", "grains", "version"],
    )


@kpi.command("compute")
@click.option("--period", required=True, help="2022-06, 2022Q2 or 2022")
@click.option("--park", help="park code; all parks and the company when left out")
@click.option("--code", "codes", multiple=True, help="only these indicators")
@json_option
def kpi_compute(period: str, park: str | None, codes: tuple[str, ...], as_json: bool) -> None:
    """Compute and store the figures of a period; exit 1 when an indicator failed."""
    h, wanted = _helpers(), _period(period)
    h.load_modules()
    from .clock import today
    from .kpi import engine

    with _system("cli: kpi compute") as s:
        done = engine.compute(s, wanted, list(codes) or None, _park_id(s, park), today=today())
    h.show([{"period": wanted.key, "values": done.values, "failed": done.failed}], as_json)
    sys.exit(1 if done.failed else 0)


@kpi.command("show")
@click.argument("code")
@click.option("--period", required=True, help="2022-06, 2022Q2 or 2022")
@click.option("--park", help="park code; every park and the company when left out")
@click.option("--keys", is_flag=True, help="also the split by the indicator's dimension")
@json_option
def kpi_show(code: str, period: str, park: str | None, keys: bool, as_json: bool) -> None:
    """The figures of one indicator. A period that was never computed is computed first."""
    h, wanted = _helpers(), _period(period)
    h.load_modules()
    from .clock import today
    from .kpi import engine, store

    with _system("cli: kpi show") as s:
        park_id = _park_id(s, park)
        rows = store.show(s, code, wanted, park_id=park_id, keys=keys)
        if not rows:
            done = engine.compute(s, wanted, [code], today=today())
            if done.failed:
                raise Refused(f"{code} cannot be computed: {done.failed[code]}")
            rows = store.show(s, code, wanted, park_id=park_id, keys=keys)
        parks = store.park_codes(s)
        h.show([r.as_json(parks) for r in rows], as_json, ["period", "park", "key", "value", "numerator", "denominator", "frozen"])


@kpi.command("backfill")
@click.argument("code")
@click.option("--from", "first", required=True, help="first period")
@click.option("--to", "last", required=True, help="last period")
@click.option("--park", help="park code")
@json_option
def kpi_backfill(code: str, first: str, last: str, park: str | None, as_json: bool) -> None:
    """Compute every month, quarter and year of a span (CODE may be `all`)."""
    h, begin, end = _helpers(), _period(first), _period(last)
    h.load_modules()
    from .clock import today
    from .kpi import engine
    from .kpi.catalogue import all_kpis

    rows, failed = [], False
    for one in all_kpis() if code == "all" else [code]:
        with _system("cli: kpi backfill") as s:
            done = engine.backfill(s, one, begin, end, _park_id(s, park), today=today())
        failed = failed or any(d.failed for d in done)
        rows.append({"code": one, "periods": len(done), "values": sum(d.values for d in done), "failed": sum(bool(d.failed) for d in done)})
    h.show(rows, as_json)
    sys.exit(1 if failed else 0)


@kpi.command("freeze")
@click.option("--period", required=True, help="2022-06, 2022Q2 or 2022")
@click.option("--park", required=True, help="park code")
@click.option("--reason", required=True, help="which report was sent")
def kpi_freeze(period: str, park: str, reason: str) -> None:
    """Make the figures of a period final."""
    h, wanted = _helpers(), _period(period)
    h.load_modules()
    from .clock import now, today
    from .kpi import freeze

    with _system("cli: kpi freeze") as s:
        head = freeze.freeze(s, wanted, park_id=_park_id(s, park), reason=reason, today=today(), at=now())  # type: ignore[arg-type]
        click.echo(f"frozen: {wanted.key}, hash {head.hash}")


@click.group()
def jobs() -> None:
    """Jobs: list, run, retry, skip."""


@jobs.command("list")
@json_option
def jobs_list(as_json: bool) -> None:
    """Every job with its latest run and next date."""
    h = _helpers()
    h.load_modules()
    from .clock import local, now
    from .jobs import control

    with _system("cli: jobs list") as s:
        rows = [
            {
                "code": line.job.code,
                "title": str(line.job.title),
                "state": line.last.state if line.last else None,
                "last": f"{local(line.last.started_at):%Y-%m-%d %H:%M}" if line.last and line.last.started_at else None,
                "next": f"{local(line.next_due):%Y-%m-%d %H:%M}" if line.next_due else None,
                "failed": line.failed,
                "counts": line.last.counts if line.last else None,
                "error": line.last.error if line.last else None,
            }
            for line in control.overview(s, now())
        ]
        health = control.health(s, now())
    h.show(rows, as_json, ["code", "title", "state", "last", "next", "failed", "counts"])
    if health.alarm:
        click.echo(health.sentence, err=True)


@jobs.command("run")
@click.argument("code")
@click.option("--date", "day", required=True, help="the day the job is to work for, 2022-06-30")
@click.option("--park", help="park code; every park when left out")
@click.option("--force", is_flag=True, help="repeat a date that is done")
@json_option
def jobs_run(code: str, day: str, park: str | None, force: bool, as_json: bool) -> None:
    """Run a job for a day by hand; exit 1 when it fails."""
    h, on = _helpers(), _day(day)
    h.load_modules()
    from dataclasses import replace

    from .jobs import control

    with _system("cli: jobs run") as s:
        s.info["scope"] = replace(s.info["scope"], user_name=f"cli:{getpass.getuser()}"[:80])
        outcomes = control.run_now(s, code, on=on, park_id=_park_id(s, park), force=force)
    h.show([{"code": code, "date": day, "state": o.state, "counts": o.counts, "error": o.error} for o in outcomes], as_json)
    sys.exit(1 if any(o.state == "failed" for o in outcomes) else 0)


@jobs.command("due")
@json_option
def jobs_due(as_json: bool) -> None:
    """What the scheduler would run now, oldest first."""
    h = _helpers()
    h.load_modules()
    from .clock import local, now
    from .jobs import schedule

    with _system("cli: jobs due") as s:
        rows = [
            {"code": d.job.code, "park_id": d.park_id, "due": f"{local(d.scheduled_for):%Y-%m-%d %H:%M}"} for d in schedule.due(s, now())
        ]
    h.show(rows, as_json, ["code", "park_id", "due"])


@click.command()
@click.argument("name", required=False)
@click.option("--park", help="park code; all parks when left out")
@click.option("--period", help="2022-06, 2022Q2 or 2022")
@click.option("--record", type=int, help="id of the record the report is about")
@click.option("--format", "fmt", type=click.Choice(["pdf", "xlsx", "html", "json"]), default="pdf", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="the file to write")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def report(name: str | None, park: str | None, period: str | None, record: int | None, fmt: str, out: Path | None, lang: str) -> None:
    """Write a report; without NAME, list them."""
    h = _helpers()
    h.load_modules()
    from .clock import now, today
    from .i18n import force_locale
    from .reports import registry

    if name is None:
        h.show([{"name": r.name, "title": str(r.title), "formats": ", ".join(r.formats)} for r in registry.all_reports().values()], False)
        return
    if out is None:
        raise click.UsageError("name the file with --out")
    wanted = _period(period) if period else None
    with _system("cli: report") as s, force_locale(lang):
        moment: datetime = now()
        asked = registry.Request(_park_id(s, park), wanted, today(), moment, record, made_by=getpass.getuser())
        content = registry.make(s, name, asked, fmt)
    out.write_bytes(content)
    click.echo(f"written: {out} ({len(content):,} bytes)")


@click.command()
def scheduler() -> None:
    """The scheduler process; stops on SIGTERM or Ctrl-C."""
    from scheduler.runtime import main

    sys.exit(main())


commands = [kpi, jobs, report, scheduler]
