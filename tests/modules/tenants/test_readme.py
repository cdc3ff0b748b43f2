"""The README says what the code does: the diagram comes from the table, every signal and every rule is listed."""

from __future__ import annotations

import re
from pathlib import Path

from modules.tenants.states import FIRM
from parkops.hooks import signals
from parkops.i18n import force_locale

ROOT = Path(__file__).resolve().parents[3] / "modules" / "tenants"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_diagram_is_the_workflow():
    drawn = {line.strip() for line in README.split("```mermaid")[1].split("```")[0].strip().splitlines()}
    with force_locale("en"):
        assert drawn == {line.strip() for line in FIRM.mermaid().splitlines()}


def test_every_signal_is_listed():
    import modules.tenants.signals  # noqa: F401

    section = README.split("## Signals")[1].split("\n## ")[0]
    assert {name for name in signals() if name.startswith("tenants.")} == set(re.findall(r"^\| `(tenants\.\w+)` \|", section, re.M))


def test_every_rule_code_is_explained():
    codes = {int(n) for p in (ROOT / "services").glob("*.py") for n in re.findall(r'"tenants\.T-(\d\d)"', p.read_text("utf-8"))}
    codes |= {int(n) for n in re.findall(r'"tenants\.T-(\d\d)"', (ROOT / "errors.py").read_text("utf-8"))}
    listed: set[int] = set()
    for row in re.findall(r"^\| (T-[^|]+) \|", README, re.M):
        numbers = [int(n) for n in re.findall(r"T-(\d\d)", row)]
        listed |= set(range(numbers[0], numbers[1] + 1)) if "–" in row else set(numbers)
    assert codes <= listed, sorted(codes - listed)
