"""Import of the firm register: credit codes, wording, the command on 1,250 rows as .csv and .xls. Rule T: imports make no tenants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from stdnum.cn import uscc

from modules.tenants.calc_capital import parse_capital
from modules.tenants.services import firm_import
from parkops.importing import BadValue, ImportRow
from parkops.testing.registers import CAPITAL, HEADINGS, credit_code, register_rows, write_csv

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kernel"))
import import_hostile as legacy

REGISTER = list(register_rows(1250))


def parkops(*args: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "parkops.cli", *args], env={**os.environ}, capture_output=True, text=True)


def write_xls(path: Path, rows: list[tuple[str, ...]]) -> Path:
    cells = b"".join(legacy.label(i, j, v) for i, row in enumerate([HEADINGS, *rows]) for j, v in enumerate(row))
    path.write_bytes(legacy.ole({"Workbook": legacy.biff(cells)}))
    return path


@pytest.mark.parametrize("text", ["91370800MA3C4D5E6F", "913701031631311018", "9137010316313110", "A1370103163131101X", "91370103163131I019",
                                  "91370103163131101９９", "https://example.org"])
def test_wrong_codes_get_a_sentence(text: str) -> None:
    assert not uscc.is_valid(text)
    with pytest.raises(BadValue) as refusal:
        firm_import.read_code(text)
    assert str(refusal.value.message).endswith((".", "。"))


def test_codes_are_put_right() -> None:
    code = credit_code(12345)
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in code)
    for text in (code, code.lower(), f" {code[:8]} {code[8:]} ", wide, f"{code[:2]}-{code[2:]}"):
        assert firm_import.read_code(text) == code


def test_generated_codes_are_valid_and_distinct() -> None:
    codes = [credit_code(n) for n in range(0, 3_000_000, 991)]
    assert all(uscc.is_valid(c) for c in codes) and len(set(codes)) == len(codes)


def test_days_that_cannot_be() -> None:
    rows = [ImportRow(n, {"registered_on": d}) for n, d in enumerate((date(2026, 11, 22), date(2026, 11, 23), date(1700, 1, 1), None))]
    firm_import.prepare(None, rows, date(2026, 11, 22))
    assert [bool(r.problems) for r in rows] == [False, True, True, False]


def test_types_are_named_only_when_certain() -> None:
    assert firm_import.read_firm_type("有限责任公司（国有控股）")["registration_type"] == "limited"
    unknown = firm_import.read_firm_type("外国(地区)企业常驻代表机构")
    assert unknown == {"firm_type": "外国(地区)企业常驻代表机构", "registration_type": None}


def test_the_command_on_a_register(fresh_db: str, tmp_path: Path, session: Any) -> None:
    """.csv dry run, .csv, then the same rows as .xls and again .csv: counts always add up to 1,250, the repeats change nothing."""
    from sqlalchemy import func, select

    from modules.tenants.models.firm import Firm

    as_csv, as_xls = write_csv(tmp_path / "r.csv", REGISTER, encoding="utf-8"), write_xls(tmp_path / "r.xls", REGISTER)
    steps = ((as_csv, ("--dry-run",), 1250, 0), (as_csv, (), 1250, 0), (as_xls, (), 0, 1250), (as_csv, ("--dry-run",), 0, 1250))
    for path, extra, inserted, unchanged in steps:
        done = parkops("import", "tenants.firms", str(path), "--park", "east", "--json", *extra)
        assert done.returncode == 0, done.stderr[-800:]
        assert json.loads(done.stdout) == {"inserted": inserted, "updated": 0, "unchanged": unchanged, "rejected": []}
    found = session.execute(select(Firm.capital_text, Firm.capital_amount, Firm.capital_currency, Firm.state)).all()
    assert len(found) == 1250 and {f.state for f in found} == {"prospect"}
    for row in found:
        if row.capital_text is None:
            assert (row.capital_amount, row.capital_currency) == (None, None)
        else:
            assert (row.capital_amount, row.capital_currency) == parse_capital(row.capital_text)
    want = Counter("-" if r[5] == "N/A" else parse_capital(r[5])[1] for r in REGISTER)
    assert Counter(f.capital_currency or "-" for f in found) == want and want["USD"] > 10 and want["-"] > 50
    assert session.scalar(select(func.sum(Firm.capital_amount))) == sum((parse_capital(r[5])[0] or Decimal(0)) for r in REGISTER)
    assert len(CAPITAL) == 8


def test_the_command_names_each_bad_row_once(fresh_db: str, tmp_path: Path) -> None:
    rows = [*REGISTER[:5], ("", "123", "2096-13-01", *REGISTER[0][3:])]
    book = tmp_path / "e.xlsx"
    done = parkops("import", "tenants.firms", str(write_csv(tmp_path / "r.csv", rows)), "--park", "east", "--json", "--errors", str(book))
    found = json.loads(done.stdout)
    assert done.returncode == 1 and book.exists()
    assert found["inserted"] == 5 and len(found["rejected"]) == 1 and set(found["rejected"][0]) == {"row", "field", "message"}
    again = parkops("import", "tenants.firms", str(tmp_path / "r.csv"), "--park", "east", "--json", "--all-or-nothing")
    assert json.loads(again.stdout)["unchanged"] == 5


@pytest.mark.parametrize("args,word", [
    (("tenants.firms", "/nowhere/a.csv", "--park", "east"), "a.csv"), (("tenants.firms", "FILE", "--park", "mars"), "mars"),
    (("tenants.planets", "FILE", "--park", "east"), "tenants.planets"), (("tenants.firms", "DAMAGED", "--park", "east"), "")])
def test_the_command_refuses_in_one_sentence(db: str, tmp_path: Path, args: tuple[str, ...], word: str) -> None:
    good, bad = write_csv(tmp_path / "good.csv", REGISTER[:2]), tmp_path / "bad.xlsx"
    bad.write_bytes(b"PK\x03\x04 nonsense")
    done = parkops("import", *({"FILE": str(good), "DAMAGED": str(bad)}.get(a, a) for a in args))
    assert done.returncode == 2 and word in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and not done.stdout
