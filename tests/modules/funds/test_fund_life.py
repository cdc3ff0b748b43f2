"""Runs the story of a fund: text a colleague can read, each line of it checked against a real database."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from pathlib import Path

from core_help import incubatee
from funds_help import other, user

from parkops.i18n import force_locale

STORY = Path(__file__).parent / "fund_life.rst"


def test_the_life_of_a_fund(session):
    names = {"session": session, "date": date, "Decimal": Decimal, "person": lambda name: other(session, name),
             "user": lambda name: user(session, name), "firm": lambda name: incubatee(session, name=name)}
    found = doctest.DocTestParser().get_doctest(STORY.read_text(encoding="utf-8"), names, STORY.name, str(STORY), 0)
    lines: list[str] = []
    with force_locale("en"):
        outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(found, out=lines.append, clear_globs=False)
    assert len(found.examples) > 40
    assert outcome.failed == 0, "".join(lines)
