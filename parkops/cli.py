"""`parkops`: the command. Each command is one sentence of work; refusals are one sentence, exit 1; wrong usage exits 2."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from . import __version__
from .errors import ParkOpsError


class Commands(click.Group):
    """Turns every refusal into one sentence on stderr; a programming error still shows its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ParkOpsError as e:
            click.echo(str(e), err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="parkops")
def main() -> None:
    """ParkOps: incubator and park operations."""


WIDE = 240  # a file or a pipe has no edge


def json_option(f: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")(f)


def show(rows: list[dict[str, Any]], as_json: bool, columns: list[str] | None = None) -> None:
    """Print a table (rich) or JSON. The first column names the row: it is never cut short, and into a file nothing is."""
    if as_json:
        click.echo(jsonlib.dumps(rows, ensure_ascii=False, default=str, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    names = columns or (list(rows[0]) if rows else [])
    for i, name in enumerate(names):
        table.add_column(name, no_wrap=i == 0, overflow="fold")
    for row in rows:
        table.add_row(*("" if row.get(n) is None else str(row.get(n)) for n in names))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def load_modules(*, screens: bool = False) -> None:
    """Load the installed modules, or say that `parkops upgrade` is due."""
    from . import upgrade as up
    from .errors import Refused
    from .registry import registry

    names = up.installed()
    if not names:
        raise Refused("the database is empty; run `parkops upgrade` first")
    registry().load(names, screens=screens)


def with_modules(f: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        load_modules()
        return f(*args, **kwargs)

    return wrapped


@main.group()
def db() -> None:
    """The embedded database server."""


@db.command("start")
def db_start() -> None:
    """Start it (creates the cluster on first need)."""
    from .db import embedded

    embedded.start()
    click.echo(f"running, data in {embedded.data_dir()}")


@db.command("stop")
def db_stop() -> None:
    """Stop it."""
    from .db import embedded

    click.echo("stopped" if embedded.stop() else "it was not running")


@db.command("status")
@json_option
def db_status(as_json: bool) -> None:
    """Whether it runs and where."""
    from .db import embedded

    show([embedded.status()], as_json)


@db.command("revision")
@click.argument("module_name", metavar="MODULE")
@click.argument("message")
def db_revision(module_name: str, message: str) -> None:
    """Write a migration for MODULE (or `core`) from the difference between models and database (for developers)."""
    from .db import migrations
    from .registry import discover, registry

    registry().load(list(discover()))
    click.echo(migrations.revision(module_name, message))


@main.command()
def upgrade() -> None:
    """Migrate, load reference data, sync roles and permissions (idempotent)."""
    from . import upgrade as up

    names = up.run(say=click.echo)
    click.echo(f"up to date: kernel {__version__}, modules {', '.join(names) or 'none'}")


@main.group()
def module() -> None:
    """Modules: list, install, uninstall."""


@module.command("list")
@json_option
def module_list(as_json: bool) -> None:
    """Every module in the source tree and whether it is installed."""
    from . import upgrade as up
    from .registry import discover

    have = set(up.installed())
    show([{"name": m.name, "title": m.title, "version": m.version, "state": "installed" if m.name in have else "available",
           "depends": ", ".join(m.depends), "summary": m.summary} for m in discover().values()], as_json)


@module.command("install")
@click.argument("name")
def module_install(name: str) -> None:
    """Install a module and what it depends on."""
    from . import upgrade as up
    from .registry import with_dependencies

    names = list(dict.fromkeys([*up.installed(), *with_dependencies(name)]))
    up.run(only=names, say=click.echo)
    click.echo(f"installed: {', '.join(names)}")


@module.command("uninstall")
@click.argument("name")
@click.option("--yes", is_flag=True, help="do not ask")
def module_uninstall(name: str, yes: bool) -> None:
    """Remove a module and ALL its data."""
    from . import upgrade as up

    if not yes:
        click.confirm(f"This deletes every record of module {name}. Go on?", abort=True)
    up.uninstall(name)
    click.echo(f"uninstalled: {name}")


@main.group()
def park() -> None:
    """Parks."""


@park.command("list")
@json_option
def park_list(as_json: bool) -> None:
    """Every park."""
    from sqlalchemy import select

    from .db.session import system_scope
    from .models import Park

    load_modules()
    with system_scope("cli: park list") as s:
        show([{"code": p.code, "name": p.name, "company": p.company, "active": p.is_active}
              for p in s.scalars(select(Park).order_by(Park.id))], as_json, ["code", "name", "company", "active"])


@park.command("add")
@click.argument("code")
@click.argument("name")
def park_add(code: str, name: str) -> None:
    """Add a park."""
    from .db.session import system_scope
    from .models import Park

    load_modules()
    with system_scope("cli: park add") as s:
        s.add(Park(code=code, name=name))
    click.echo(f"added park {code}")


@main.group()
def user() -> None:
    """Users (the first administrator is made here; the others on the screen)."""


@user.command("add")
@click.argument("username")
@click.option("--role", "roles", multiple=True, required=True, help="persona role, e.g. system_administrator; may be repeated")
@click.option("--name", default="", help="full name")
@click.option("--email", default="")
@click.option("--park", "parks", multiple=True, help="park code; without any: all parks")
def user_add(username: str, roles: tuple[str, ...], name: str, email: str, parks: tuple[str, ...]) -> None:
    """Add a user with a one-time password, which is printed and must be changed at the first log-in."""
    import secrets

    from sqlalchemy import select

    from .db.session import system_scope
    from .errors import Refused
    from .models import Park
    from .security import users

    load_modules()
    password = "-".join(secrets.token_hex(2) for _ in range(4)).capitalize() + "A1"
    with system_scope("cli: user add", via="cli") as s:
        known = {p.code: p.id for p in s.scalars(select(Park))}
        unknown = [code for code in parks if code not in known]
        if unknown:
            raise Refused(f"there is no park {', '.join(unknown)}; see `parkops park list`")
        users.create_user(s, username=username, name=name or username, email=email or f"{username}@localhost.localdomain",
                          password=password, role_codes=roles, park_ids=[known[c] for c in parks], all_parks=not parks)
    click.echo(f"added {username}; one-time password: {password}")


@main.command()
@click.option("--verify", is_flag=True, help="compare each published figure with the figure counted from records")
@json_option
def demo(verify: bool, as_json: bool) -> None:
    """Load the demo park (idempotent)."""
    from . import demo as demos

    load_modules()
    if verify:
        rows = demos.verify()
        show(rows, as_json, ["code", "published", "counted", "equal", "title"])
        sys.exit(0 if all(r["equal"] for r in rows) else 1)
    demos.load(say=(lambda *_: None) if as_json else click.echo)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=int)
@click.option("--workers", default=2, show_default=True, type=int)
@click.option("--with-scheduler", is_flag=True, help="run the scheduler beside the web server")
def serve(host: str, port: int, workers: int, with_scheduler: bool) -> None:
    """The web server."""
    from .server import run

    load_modules()
    run(host=host, port=port, workers=workers, with_scheduler=with_scheduler)


@main.command()
@json_option
def check(as_json: bool) -> None:
    """Integrity and tie-outs; exit 1 on any difference."""
    from .checks import run_all

    load_modules()
    rows = run_all()
    show(rows, as_json, ["check", "title", "differences"])
    sys.exit(1 if any(r["differences"] for r in rows) else 0)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database and the attachments into one file."""
    from .backup import write

    write(file)
    click.echo(f"written: {file} ({file.stat().st_size:,} bytes)")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="replace what is there without asking")
def restore(file: Path, yes: bool) -> None:
    """Replace the database and the attachments with a backup."""
    from .backup import read

    if not yes:
        click.confirm("This replaces the whole database and all attachments. Go on?", abort=True)
    read(file)
    click.echo("restored")


@main.command()
@click.argument("name")
@click.option("--size", default=10_000, show_default=True, type=int)
@click.option("--parks", type=click.IntRange(1), help="with --firms: generated parks instead of --size (kpi)")
@click.option("--firms", type=click.IntRange(1), help="firms of these parks together")
@click.option("--months", type=click.IntRange(1, 6), help="fewer months of the workload (lu1)")
@json_option
def bench(name: str, size: int, parks: int | None, firms: int | None, months: int | None, as_json: bool) -> None:
    """A benchmark of bench/, next to raw SQL in the same run."""
    import importlib.util
    import inspect

    from .errors import Refused
    from .registry import ROOT

    names = sorted(p.stem for p in (ROOT / "bench").glob("*.py") if not p.stem.startswith("_"))
    file = {"import": "importing"}.get(name, name)
    if file not in names:
        raise Refused(f"there is no benchmark {name!r}; there are {', '.join(names)}")
    spec = importlib.util.spec_from_file_location(f"bench_{file}", ROOT / "bench" / f"{file}.py")
    found = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(found)  # type: ignore[union-attr]
    if months is not None and "months" not in inspect.signature(found.run).parameters:
        raise Refused(f"{name} has no --months")
    if parks is None and firms is None:
        show(found.run(size) if months is None else found.run(size, months), as_json)
    elif hasattr(found, "run_parks") and parks is not None and firms is not None:
        rows = found.run_parks(parks, firms)
        show(rows, as_json, list(dict.fromkeys(n for row in rows for n in row)))
    else:
        raise Refused("give --parks and --firms together, and only to kpi; other benchmarks take --size")


def _late_commands() -> None:
    """Commands kept beside what they drive."""
    from .cli_jobs import commands
    from .web.importer.cli_import import import_command

    for command in commands:
        main.add_command(command)
    main.add_command(import_command, "import")


_late_commands()

if __name__ == "__main__":
    main()
