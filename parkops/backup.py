"""Backup and restore: one tar with a database dump, the attachments and a manifest that restore checks against.

The dump is `pg_dump -Fc` taken by the owner; attachments are content-addressed, so files written during the dump do no
harm. Restore refuses a file that is not ours or whose attachments do not match their hash."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from . import __version__
from .clock import now
from .config import config
from .db import embedded, session
from .errors import Refused

FORMAT = 1


def _pg(program: str, *arguments: str, database: str | None = None) -> None:
    url = make_url(embedded.owner_url())
    env = {**os.environ, "PGHOST": str(url.query.get("host") or url.host or ""), "PGUSER": url.username or "",
           "PGPASSWORD": url.password or "", "PGPORT": str(url.port or 5432), "PGDATABASE": database or url.database or ""}
    done = subprocess.run([str(embedded.bin_dir() / program), *arguments], env=env, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.strip()[-400:]}")


def counts() -> dict[str, int]:
    """Rows per table of ours, as the owner sees them."""
    with session.engine(owner=True).connect() as c:
        names = c.execute(text("select tablename from pg_tables where schemaname = 'public' order by 1")).scalars().all()
        return {n: c.execute(text(f'select count(*) from "{n}"')).scalar_one() for n in names}


def write(file: Path) -> None:
    """Write the backup. The parent folder must exist; an existing file is replaced only when all went well."""
    if not file.parent.is_dir():
        raise Refused(f"there is no folder {file.parent}; make it first")
    with tempfile.TemporaryDirectory(dir=config().data_dir) as folder:
        dump = Path(folder) / "database.dump"
        _pg("pg_dump", "-Fc", "--no-owner", "-f", str(dump))
        manifest = {"format": FORMAT, "version": __version__, "written_at": now().isoformat(), "tables": counts()}
        (Path(folder) / "manifest.json").write_text(json.dumps(manifest, indent=1))
        part = file.with_suffix(file.suffix + ".part")
        with tarfile.open(part, "w") as tar:
            tar.add(Path(folder) / "manifest.json", "manifest.json")
            tar.add(dump, "database.dump")
            if config().files_dir.is_dir():
                tar.add(config().files_dir, "files")
        part.replace(file)


def _manifest(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    try:
        member = tar.extractfile("manifest.json")
        manifest = json.loads(member.read()) if member else {}
    except (KeyError, ValueError):
        manifest = {}
    if manifest.get("format") != FORMAT:
        raise Refused(f"{file} is no ParkOps backup of format {FORMAT}")
    return manifest


def read(file: Path) -> None:
    """Replace database and attachments. The manifest's row counts must come out equal."""
    if not file.is_file():
        raise Refused(f"there is no file {file}")
    try:
        tar = tarfile.open(file)
    except (tarfile.TarError, OSError):
        raise Refused(f"{file} is no ParkOps backup") from None
    with tar, tempfile.TemporaryDirectory(dir=config().data_dir) as folder:
        manifest = _manifest(tar, file)
        tar.extractall(folder, filter="data")
        _check_files(Path(folder) / "files")
        session.dispose()
        _empty_database()
        database = str(make_url(embedded.owner_url()).database)
        _pg("pg_restore", "--no-owner", "--exit-on-error", "-d", database, str(Path(folder) / "database.dump"))
        _place_files(Path(folder) / "files")
        found = counts()
        wrong = {t: (n, found.get(t)) for t, n in manifest["tables"].items() if found.get(t) != n}
        if wrong:
            raise Refused(f"the restored tables differ from the backup's manifest: {wrong}")


def _empty_database() -> None:
    """Drop what the owner owns; grants for the app role stay as default privileges."""
    with session.engine(owner=True).connect() as c:
        c.execute(text("drop schema public cascade"))
        c.execute(text("create schema public"))
        c.execute(text(f"grant usage on schema public to {embedded.APP}"))
        for what, rights in (("tables", "select, insert, update, delete"), ("sequences", "usage, select"), ("functions", "execute")):
            c.execute(text(f"alter default privileges in schema public grant {rights} on {what} to {embedded.APP}"))
        c.commit()


def _check_files(folder: Path) -> None:
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            raise Refused(f"attachment {path.name} in the backup does not match its hash; nothing was restored")


def _place_files(folder: Path) -> None:
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file():
            target = config().files_dir / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
