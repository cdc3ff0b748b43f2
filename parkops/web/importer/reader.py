"""Files to rows of text. CSV is decoded strictly here; workbooks are scanned and read in a child process with limits,
so that the worst file costs a child and one sentence, never the worker."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ...errors import Refused
from ...i18n import Lazy, _l
from ...importing import unguarded
from .child import LONG_NUMBER
from .prescan import MAX_CELL, MAX_COLUMNS, MAX_FILE, MAX_ROWS, MIB, OLE_MAGIC

CHILD_SECONDS = 60
SUFFIXES = (".csv", ".txt", ".xlsx", ".xls")
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
__all__ = ["LONG_NUMBER", "Table", "open_table"]


@dataclass
class Table:
    """A readable file. `rows()` may be called again; row numbers start at 1 and equal the spreadsheet's."""

    path: Path
    filename: str
    encoding: str | None = None
    delimiter: str | None = None
    spool: Path | None = None
    merged: list[list[int]] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        source = self._spooled() if self.spool else self._csv()
        for number, row in enumerate(source, 1):
            if number > MAX_ROWS:
                raise Refused(_l("The file has more than %(n)s rows; split it and import the parts.", n=MAX_ROWS - 50))
            if len(row) > MAX_COLUMNS:
                raise Refused(_l("Row %(row)s has more than %(n)s columns; delete those that are not needed.",
                                 row=number, n=MAX_COLUMNS))
            yield number, row

    def head(self, count: int) -> list[tuple[int, list[str]]]:
        return list(islice(self.rows(), count))

    def _spooled(self) -> Iterator[list[str]]:
        assert self.spool is not None
        with self.spool.open(encoding="ascii") as f:
            next(f)
            for line in f:
                yield json.loads(line)

    def _csv(self) -> Iterator[list[str]]:
        with io.TextIOWrapper(self.path.open("rb"), encoding=self.encoding, errors="strict", newline="") as f:
            lines = csv.reader(f, delimiter=self.delimiter or ",", strict=True)
            try:
                for row in lines:
                    if any(len(cell) > MAX_CELL for cell in row):
                        raise Refused(_l("Line %(line)s has a cell with more than %(n)s characters; shorten it.",
                                         line=lines.line_num, n=MAX_CELL))
                    yield [unguarded(cell) for cell in row]
            except csv.Error:
                raise Refused(_l("Line %(line)s of the file cannot be read; check the quotation marks around it.",
                                 line=lines.line_num)) from None

    def close(self) -> None:
        """Remove the spool."""
        if self.spool:
            self.spool.unlink(missing_ok=True)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def open_table(path: Path, filename: str | None = None, *, limit: int = MAX_FILE, prescan: bool = True) -> Table:
    """Open an upload; every defect is one sentence (Refused), found before anything is written.

    limit: bytes; the command, which an administrator runs on files of his own, allows more than the screen.
    `prescan=False` exists for the tests' control only: the child then meets its limits instead of the scan."""
    filename = filename or path.name
    suffix = Path(filename).suffix.lower()
    if suffix not in SUFFIXES:
        raise Refused(_l("Files of this kind cannot be imported; save the table as .xlsx, .xls or .csv."))
    try:
        size = path.stat().st_size
        with path.open("rb") as f:
            magic = f.read(8)
    except OSError:
        raise Refused(_l("The file %(name)s cannot be read; check the name and the rights.", name=filename)) from None
    if size > limit:
        refuse_large(limit)
    if size == 0:
        raise Refused(_l("The file is empty; choose the file that holds the table."))
    check_kind(suffix, magic)
    if suffix in (".csv", ".txt"):
        return open_csv(path, filename)
    return open_workbook(path, filename, prescan=prescan)


def refuse_large(limit: int) -> None:
    raise Refused(_l("The file is larger than %(n)s MiB; split it and import the parts.", n=limit // MIB))


def check_kind(suffix: str, magic: bytes) -> None:
    """The content must be what the name says."""
    kind = ".xls" if magic == OLE_MAGIC else ".xlsx" if magic[:4] == b"PK\x03\x04" else ".csv"
    if kind == ".xls" and suffix == ".xlsx":
        raise Refused(_l("The name says .xlsx but the file is an old or password-protected workbook; remove the "
                         "password or rename it to .xls."))
    if (".csv" if suffix == ".txt" else suffix) != kind:
        raise Refused(_l("The name of the file says %(suffix)s but its content is something else; save it again in the "
                         "spreadsheet program.", suffix=suffix))


def decodes(path: Path, name: str) -> bool:
    """Whether the whole file is text of this encoding, without NUL; read in blocks."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        with path.open("rb") as f:
            while block := f.read(MIB):
                if "\x00" in decoder.decode(block):
                    return False
            return "\x00" not in decoder.decode(b"", final=True)
    except UnicodeError:
        return False


def encoding_of(path: Path, head: bytes) -> str:
    """UTF-16 by its mark, else UTF-8, else GB18030, each strictly. Nothing is guessed from letter frequencies."""
    names = () if head.startswith(UTF32) else ("utf-16",) if head.startswith(UTF16) else ("utf-8-sig", "gb18030")
    for name in names:
        if decodes(path, name):
            return name
    raise Refused(_l("The characters of the file cannot be read; save it as CSV UTF-8 and upload it again."))


def open_csv(path: Path, filename: str) -> Table:
    with path.open("rb") as f:
        raw = f.read(256 * 1024)
    encoding = encoding_of(path, raw)
    head = raw.decode(encoding, errors="ignore").lstrip("\ufeff\r\n")
    line = head.splitlines()[0] if head.strip() else ""
    if not line:
        raise Refused(_l("The file is empty; choose the file that holds the table."))
    if line.lower().startswith("sep=") and len(line) == 5:
        raise Refused(_l("Delete the first line (sep=) of the file and upload it again."))
    bare = "".join(line.split('"')[::2])  # outside quotation marks
    delimiter = max((",", ";", "\t"), key=lambda d: (bare.count(d), d == ","))
    return Table(path, filename, encoding=encoding, delimiter=delimiter)


def open_workbook(path: Path, filename: str, *, prescan: bool = True) -> Table:
    handle, name = tempfile.mkstemp(prefix="parkops-import-", suffix=".jsonl")
    os.close(handle)
    spool = Path(name)
    try:
        run_child(path, spool, prescan=prescan)
        with spool.open(encoding="ascii") as f:
            facts = json.loads(f.readline())
        return Table(path, filename, spool=spool, merged=facts["merged"])
    except BaseException:
        spool.unlink(missing_ok=True)
        raise


def run_child(path: Path, spool: Path, *, prescan: bool) -> None:
    """Scan and convert in the child; each way it can end is one sentence."""
    command = [sys.executable, "-m", "parkops.web.importer.child", str(path), str(spool)]
    root = Path(__file__).resolve().parents[3]
    try:
        done = subprocess.run(
            command + ([] if prescan else ["--no-prescan"]), stdin=subprocess.DEVNULL, capture_output=True, cwd=root,
            timeout=CHILD_SECONDS, env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(root)})
    except subprocess.TimeoutExpired:
        raise Refused(_l("The workbook takes too long to read; save it as CSV and upload that.")) from None
    if done.returncode == 0:
        return
    raise refusal(done.returncode, done.stdout)


def refusal(code: int, stdout: bytes) -> Refused:
    if code == 3:
        said: dict[str, Any] = json.loads(stdout)
        return Refused(Lazy(said["msgid"], **said["values"]))
    if code == 5:
        return Refused(_l("The workbook is damaged; open it in the spreadsheet program, save it again and upload it."))
    return Refused(_l("The workbook needs more memory or time than an import may use; save it as CSV and upload that."))
