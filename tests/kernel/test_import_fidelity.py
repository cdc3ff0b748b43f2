"""G44: what leaves through our export comes back equal through our import, value by value, and is never a formula."""

from __future__ import annotations

import csv
import io
import random
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from parkops.importing import ImportField, clean, kind_of, unguarded
from parkops.registry import registry
from parkops.testing.depth import depth
from parkops.testing.registers import credit_code
from parkops.web.importer import engine, mapping
from parkops.web.importer.reader import encoding_of, open_table

ON = date(2026, 11, 22)
FIELDS = ("credit_code", "name", "short_name", "source", "products", "note", "registered_on", "track")
SPECIAL = ["NA", "NULL", "None", "nan", "TRUE", "1E5", "0x10", "2026-01-01", "1/2", "007", "000123456789", "3.10", "1,234.50", "'", "''", "'=x",
           "''=x", "=1+1", "+86 537 1234567", "-5", "@SUM(A1)", "＝甲", "=HYPERLINK(\"http://a\")", "a\tb", "a\nb", "a\r\nb", "a\"b", "a,b;c", "#N/A#",
           "𠮷䶮㐂𪚥", "é€ß", "　", "ZÜRICH", "\u2028x", "x\u0085y"]


def texts(rng: random.Random, count: int) -> list[str]:
    """Random values of the kinds that spreadsheets spoil."""
    out = []
    for _ in range(count):
        kind = rng.randrange(6)
        if kind == 0:
            out.append("".join(rng.choices("0123456789", k=18)))
        elif kind == 1:
            out.append("0" * rng.randint(1, 6) + str(rng.randint(0, 10**8)))
        elif kind == 2:
            out.append(rng.choice(SPECIAL))
        elif kind == 3:
            out.append("".join(rng.choices("𠮷䶮㐂𪚥华鲁泰恒〇", k=rng.randint(1, 12))))
        elif kind == 4:
            out.append(rng.choice("=+-@") + "".join(rng.choices("A1+()\"'!,，", k=5)) + "z")
        else:
            out.append("".join(chr(rng.choice((rng.randint(33, 0x2FFF), rng.randint(0x3400, 0x9FFF), rng.randint(0x20000, 0x2A6DF))))
                               for _ in range(rng.randint(1, 20))) + "。")
    return [clean(x) or "NA" for x in out]


def records(count: int) -> list[dict[str, Any]]:
    rng = random.Random(44)
    made = []
    for n in range(count):
        a, b, c, d, e = texts(rng, 5)
        made.append({"credit_code": credit_code(n * 7919), "name": a + "号", "short_name": b[:60].strip(), "source": c, "products": d,
                     "note": e, "registered_on": date(1990 + n % 30, 1 + n % 12, 1 + n % 28),
                     "track": ("biomed", "software", None)[n % 3]})
    return made


@pytest.fixture
def exported(session: Any) -> Any:
    """`export("csv")` gives the bytes of 2,000 stored firms (more than 10,000 values), and the firms."""
    registry().load(["tenants"])
    from modules.tenants.models.firm import Firm
    from parkops.db.session import scope_of
    from parkops.web import export
    from parkops.web.compile import resolve
    from parkops.web.gridquery import Query
    from parkops.web.resource import Col, Resource, Titles

    made = records(2000)
    session.add_all([Firm(park_id=scope_of(session).park_id, **r) for r in made])
    session.flush()
    resolved = resolve(Resource("tenants.firm", Firm, Titles("Firms", "Firm"), tuple(Col(n) for n in FIELDS), export=FIELDS, sort="id"))

    def export_as(file_format: str) -> bytes:
        order = export.order(session, resolved, Query(columns=FIELDS, sort=(("id", False),)), raw={}, file_format=file_format)
        writer = export._csv if file_format == "csv" else export._xlsx
        return b"".join(writer(session, order))

    return export_as, made


def other_park() -> Any:
    from sqlalchemy import text

    from parkops.db.session import Scope, engine, new_session

    with engine().connect() as c:
        west = c.execute(text("select id from core_park where code = 'west'")).scalar_one()
    return new_session(Scope(parks=frozenset({west}), system=True, park_id=west, user_name="test"))


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_round_trip_is_equal(exported, file_format, tmp_path) -> None:
    from modules.tenants.models.firm import Firm

    export_as, made = exported
    path = tmp_path / f"a.{file_format}"
    path.write_bytes(export_as(file_format))
    kind = kind_of("tenants.firms")
    s = other_park()
    try:
        with open_table(path) as table:
            header = mapping.find_header(kind, table)
            columns = mapping.check(kind, header, mapping.guess(kind, header))
            assert set(columns) == set(FIELDS)
            first = engine.run_import(s, kind, table, header=header, columns=columns, on=ON)
            again = engine.run_import(s, kind, table, header=header, columns=columns, on=ON)
        assert [r.as_dict() for r in first.rejected[:3]] == [] and first.inserted == len(made)
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, len(made))
        found = s.execute(select(*(getattr(Firm, n) for n in FIELDS)).order_by(Firm.id)).mappings().all()
        different = [(n, a[n], b[n]) for a, b in zip(made, found, strict=True) for n in FIELDS if a[n] != b[n]]
        assert different[:5] == [] and len(made) * len(FIELDS) >= 10_000
    finally:
        s.rollback()
        s.close()


def test_no_exported_text_is_a_formula(exported, tmp_path) -> None:
    """Neither as an XLSX cell nor as a CSV field; the control shows that openpyxl would have written one."""
    export_as, made = exported
    assert sum(r["note"].startswith(("=", "+", "-", "@")) for r in made) > 100
    path = tmp_path / "a.xlsx"
    path.write_bytes(export_as("xlsx"))
    cells = [c for row in openpyxl.load_workbook(path).active.iter_rows() for c in row]
    assert not [c.value for c in cells if c.data_type == "f"]
    fields = [f for row in csv.reader(io.StringIO(export_as("csv").decode("utf-8-sig"), newline="")) for f in row]
    assert not [f for f in fields if f[:1] in ("=", "+", "-", "@", "\t", "\r")]
    book = openpyxl.Workbook()
    book.active.append([next(r["note"] for r in made if r["note"].startswith("="))])
    book.save(path)
    assert openpyxl.load_workbook(path).active["A1"].data_type == "f"


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60))
@settings(max_examples=depth(400, 10000), deadline=None)
def test_the_guard_is_lossless(text: str) -> None:
    """The CSV export's `disarmed`, then the CSV reader's `unguarded`, is the identity on any text."""
    from parkops.web.export import disarmed

    assert unguarded(disarmed(text)) == text
    assert disarmed(text)[0] not in "=+-@\t\r"


def codec_file(tmp_path: Path, raw: bytes) -> str:
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    return encoding_of(path, raw)


def test_encodings_are_decided_strictly(tmp_path) -> None:
    """Short GBK texts, UTF-8 with and without mark, UTF-16: right each time, never by letter statistics."""
    for word in ("华鑫", "济宁壹佳商贸", "鲁丰", "𠮷野家", "名称,代码\n"):
        for name, want in (("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")):
            assert codec_file(tmp_path, word.encode(name)) == want


@pytest.mark.parametrize("text,day", [("1996-01-02", date(1996, 1, 2)), ("1996/1/2", date(1996, 1, 2)), ("1996.1.2", date(1996, 1, 2)),
                                      ("1996年1月2日", date(1996, 1, 2)), ("19960102", date(1996, 1, 2)), ("1996-01-02 00:00:00", date(1996, 1, 2))])
def test_days(text: str, day: date) -> None:
    assert ImportField("d", "Day", kind="date").read(text) == {"d": day}


@pytest.mark.parametrize("kind,text", [
    ("date", "02/01/1996"), ("date", "1996-02-30"), ("date", "35000"), ("date", "1996-1"), ("date", "1996-01-02 13:00"), ("int", "1.5"), ("int", "1e3"),
    ("int", "12,34"), ("money", "1.005"), ("money", "NaN"), ("money", "1" * 16), ("decimal", "1 2"), ("bool", "maybe"), ("month", "2026-13")])
def test_unclear_values_are_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        ImportField("x", "Value", kind=kind).read(text)
