"""`parkops import KIND FILE --park P`: the same engine as the screen, for scripts and large first loads."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from ...clock import today
from ...db.session import system_scope
from ...errors import ParkOpsError, Refused
from ...i18n import _, _l
from ...importing import MODES, ImportKind, kind_of
from .engine import Outcome

LIMIT = 200 * 1024 * 1024  # an administrator's own file, read in blocks


@click.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--park", "park_code", required=True, metavar="CODE", help="park that receives the records")
@click.option("--mode", type=click.Choice(MODES), default="upsert", show_default=True)
@click.option("--all-or-nothing", is_flag=True, help="save nothing when a row is rejected")
@click.option("--dry-run", is_flag=True, help="check only, save nothing")
@click.option("--errors", type=click.Path(path_type=Path), help="write the rejected rows into this .xlsx")
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of sentences")
@click.pass_context
def import_command(ctx: click.Context, kind: str, file: Path, park_code: str, mode: str, all_or_nothing: bool,
                   dry_run: bool, errors: Path | None, as_json: bool) -> None:
    """Import FILE (.xlsx, .xls, .csv) as KIND, e.g. tenants.firms. Exit code 1 when rows were rejected."""
    from ...cli import load_modules

    try:
        if not file.is_file():
            raise Refused(_l("The file %(name)s cannot be read; check the name and the rights.", name=str(file)))
        load_modules()
        outcome = import_file(kind_of(kind), file, park_code, mode=mode, all_or_nothing=all_or_nothing, dry_run=dry_run,
                              errors=errors)
    except ParkOpsError as e:
        click.echo(str(e), err=True)
        ctx.exit(2)
    if as_json:
        click.echo(json.dumps(outcome.as_dict(), ensure_ascii=False))
    else:
        say(outcome)
    ctx.exit(1 if outcome.rejected else 0)


def import_file(kind: ImportKind, file: Path, park_code: str, *, mode: str = "upsert", all_or_nothing: bool = False,
                dry_run: bool = False, errors: Path | None = None) -> Outcome:
    """One file in one transaction; keeps a batch, so that the screen can undo it. A dry run keeps nothing."""
    from . import batches, mapping
    from .engine import run_import
    from .errorbook import write_errors
    from .reader import open_table

    park_id = find_park(park_code)
    progress = tell if sys.stderr.isatty() else None
    with system_scope("parkops import", {park_id}, via="cli", park_id=park_id) as s, \
            open_table(file, limit=LIMIT) as table:
        header = mapping.find_header(kind, table)
        columns = mapping.check(kind, header, mapping.recall(s, kind, header))
        batch = None
        if not dry_run:
            with file.open("rb") as stream:
                batch = batches.upload(s, kind, stream, file.name, limit=LIMIT)
            batch.columns, batch.mode, batch.policy = columns, mode, "all" if all_or_nothing else "good"
            s.flush()
        outcome = run_import(s, kind, table, header=header, columns=columns, on=today(), mode=mode, dry_run=dry_run,
                             all_or_nothing=all_or_nothing, batch_id=batch.id if batch else None, progress=progress)
        if batch is not None:
            batches.record(s, batch, outcome, dry_run=False)
        if errors is not None:
            write_errors(str(errors), table, header, [(r.row, r.field, str(r.message)) for r in outcome.rejected])
        return outcome


def tell(done: int) -> None:
    """Progress for a person at a terminal."""
    click.echo(f"\r{done:,}", nl=False, err=True)


def find_park(code: str) -> int:
    """The park's id, or one sentence naming the parks there are."""
    from ...models import Park

    with system_scope("parkops import: find the park") as s:
        parks: dict[str, Any] = dict(s.execute(select(Park.code, Park.id).order_by(Park.code)).all())
    if code not in parks:
        raise Refused(_l("There is no park %(code)s; known are %(known)s.", code=code, known=", ".join(parks) or "-"))
    return parks[code]


def say(outcome: Outcome) -> None:
    """The result in sentences; the first errors inline."""
    click.echo(_("%(inserted)s added, %(updated)s updated, %(unchanged)s unchanged, %(rejected)s rejected",
                 inserted=outcome.inserted, updated=outcome.updated, unchanged=outcome.unchanged,
                 rejected=len(outcome.rejected)))
    if not outcome.saved and outcome.rejected:
        click.echo(_("Nothing was saved."))
    for r in outcome.rejected[:20]:
        click.echo(_("Row %(row)s: %(message)s", row=r.row, message=r.message))
