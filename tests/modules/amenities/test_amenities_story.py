"""Runs the story of this folder: text a clerk can read, every line of it checked against a real database."""

import doctest
from datetime import date
from decimal import Decimal
from pathlib import Path

from amenities_help import english, incubatee, local, till  # noqa: F401

STORY = Path(__file__).with_name("a_resident_and_her_meal_card.rst")


def test_a_resident_and_her_meal_card(session):
    names = {"session": session, "date": date, "Decimal": Decimal, "firm": incubatee(session), "box": till(session), "noon": local(2)}
    found = doctest.DocTestParser().get_doctest(STORY.read_text(encoding="utf-8"), names, STORY.name, str(STORY), 0)
    lines: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(
        found, out=lines.append, clear_globs=False
    )
    assert found.examples and outcome.failed == 0, "".join(lines)
