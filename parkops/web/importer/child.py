"""The reading child: `python -m parkops.web.importer.child WORKBOOK OUT`. Scans, reads, writes JSON lines.

It owns nothing worth stealing and may die: it limits its own memory and processor time before it looks at the file, and
the parent turns every end into a sentence. First line of OUT: facts; then one list of cell texts per row. A refusal is
printed as JSON, exit 3."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ...errors import Refused
from . import ole, prescan

LONG_NUMBER = "\x01number"  # a cell the engine rejects: a number of more than 15 digits was already rounded
MEMORY, SECONDS, SPOOL = 512 * prescan.MIB, 60, 256 * prescan.MIB


def cell_text(value: Any) -> str:
    """The canonical text of a cell: ISO dates, plain numbers, never an exponent."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if abs(value) >= 10**15:
            return LONG_NUMBER
        if value == int(value):
            return str(int(value))
        return format_float(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)


def format_float(value: float) -> str:
    """At most 15 significant digits, as the spreadsheet shows it, without an exponent."""
    text = format(value, ".15g")
    return format(value, ".20f").rstrip("0").rstrip(".") if "e" in text else text


def rows(path: Path) -> Iterator[list[str]]:
    """The rows of the first sheet that holds anything, from row 1 on, so that numbers equal what the program shows."""
    import python_calamine as calamine

    book = calamine.CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if sheet.start is None:
            continue
        blank, left = [], [""] * sheet.start[1]
        for _row in range(sheet.start[0]):
            yield blank
        for row in sheet.iter_rows():
            yield left + [cell_text(v) for v in row]
        return


def convert(source: Path, out: Path) -> None:
    with source.open("rb") as f:
        legacy = f.read(8) == prescan.OLE_MAGIC
    facts = prescan.Facts()
    if "--no-prescan" not in sys.argv:  # the control of the hostile-file tests
        facts = ole.scan_xls(source) if legacy else prescan.scan_xlsx(source)
    with out.open("w", encoding="ascii") as f:
        f.write(json.dumps({"merged": facts.merged}) + "\n")
        for row in rows(source):
            while row and row[-1] == "":
                row.pop()
            f.write(json.dumps(row) + "\n")


def limit() -> None:
    """Set here and not between fork and exec, which is unsafe in a process with threads."""
    for what, amount in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0),
                         (resource.RLIMIT_FSIZE, SPOOL)):
        resource.setrlimit(what, (amount, amount))
    os.nice(5)


def main() -> int:
    limit()
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except Refused as e:
        print(json.dumps({"msgid": e.message.msgid, "values": {k: str(v) for k, v in e.message.values.items()}}))
        return 3
    except MemoryError:
        os._exit(4)
    except Exception as e:
        print(json.dumps({"error": f"{type(e).__name__}: {e}"[:300]}))
        return 5
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
