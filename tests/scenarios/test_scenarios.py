"""Runs every journey in this folder: text a clerk can read, each line of it checked against a real database."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from parkops.i18n import force_locale

HERE = Path(__file__).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("journey", sorted(p.name for p in HERE.glob("*.rst")))
def test_journey(journey, session, as_role):
    """Fails with the first differing lines of the journey."""
    source = (HERE / journey).read_text(encoding="utf-8")
    names = {"session": session, "as_role": as_role, "date": date, "Decimal": Decimal}
    found = doctest.DocTestParser().get_doctest(source, names, journey, str(HERE / journey), 0)
    lines: list[str] = []
    with force_locale("en"):
        outcome = doctest.DocTestRunner(optionflags=FLAGS).run(found, out=lines.append, clear_globs=False)
    assert found.examples, f"{journey} has no steps"
    assert outcome.failed == 0, "".join(lines)
