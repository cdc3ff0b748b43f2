"""Runs the journey of this folder: text a clerk can read, each line of it checked against a real database."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from pathlib import Path

from parkops.i18n import force_locale

STORY = Path(__file__).parent / "loan_from_enquiry_to_settlement.rst"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_loan_from_enquiry_to_settlement(session, as_role):
    """Fails with the first differing lines of the journey."""
    names = {"session": session, "as_role": as_role, "date": date, "Decimal": Decimal}
    found = doctest.DocTestParser().get_doctest(STORY.read_text(encoding="utf-8"), names, STORY.name, str(STORY), 0)
    lines: list[str] = []
    with force_locale("en"):
        outcome = doctest.DocTestRunner(optionflags=FLAGS).run(found, out=lines.append, clear_globs=False)
    assert found.examples and outcome.failed == 0, "".join(lines)
