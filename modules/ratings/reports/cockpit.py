"""The cockpit's figures as a workbook and on paper: the same items as the screen, with targets and where each opens."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _, _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..services import cockpit
from ..services.definitions import definitions

LIGHTS = {"green": _l("Target reached"), "amber": _l("Just below the target"), "red": _l("Target missed"), "grey": _l("No figure yet")}


FIGURES = (
    Column(_l("Tile"), width=1.2),
    Column(_l("Indicator"), width=1.8),
    Column(_l("Figure"), right=True),
    Column(_l("Unit"), width=0.6),
    Column(_l("Against previous"), right=True),
    Column(_l("Target"), right=True),
    Column(_l("Against the target")),
    Column(_l("Code"), width=1.5),
)
CARRIERS = (
    Column(_l("Carrier"), width=1.6),
    Column(_l("Verdict")),
    Column(_l("Gates not met"), "int", 0.6),
    Column(_l("Gates that cannot be judged"), "int", 0.6),
    Column(_l("What is missing"), width=2.5),
    Column(_l("Own grade"), width=0.7),
    Column(_l("As of"), "date"),
)
ANNEX = (
    Column(_l("Indicator"), width=1.4),
    Column(_l("Unit"), width=0.6),
    Column(_l("Formula"), width=3),
    Column(_l("Legal source"), width=1.4),
    Column(_l("Clause"), width=0.7),
    Column(_l("Answers for it")),
)


def _rows(board: cockpit.Board) -> list[list[Any]]:
    out = []
    for t in board.tiles:
        for i in (t.lead, *t.more):
            light = str(LIGHTS[i.against.light]) if i.against is not None else ""
            out.append([str(t.title), str(i.kpi.title), i.text, i.unit, i.change, i.target, light, i.kpi.code])
    return out


def cockpit_sheet(session: Any, request: Request) -> Document:
    """Tiles, verdict of each carrier, definitions of every figure."""
    query = f"period={request.period.key}&park={request.park_id or 'all'}"
    board = cockpit.board(session, request.period, request.today, park_id=request.park_id, query=query)
    words = {"pass": _("Met"), "fail": _("Not met")}
    verdicts = [[v.carrier, words.get(v.verdict, _("Cannot say")), v.failed, v.unknown, v.missing, v.grade, v.on] for v in board.verdicts]
    book = [[d.title, d.unit, d.formula, d.source, d.clause, d.owner] for d in definitions(session, [r[-1] for r in _rows(board)])]
    return Document(
        _l("Cockpit"),
        request.period.key,
        (
            Section(_l("Figures"), table=Table(FIGURES, _rows(board))),
            Section(_l("Recognition per carrier"), table=Table(CARRIERS, verdicts)),
            Section(_l("Definitions"), table=Table(ANNEX, book)),
        ),
        request.at,
        request.made_by,
        landscape=True,
    )


REPORTS = [
    Report(
        "cockpit",
        _l("Cockpit"),
        cockpit_sheet,
        cockpit.RESOURCE,
        explain=_l("The tiles of the cockpit with targets, verdicts and definitions."),
    )
]
