"""The heat map of use (hour × weekday) as an SVG picture: pure, no session, no clock, no script needed.

A cell is the share of the weeks' hours that was used: minutes used ÷ (60 × weeks × instruments)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

CELL_W, CELL_H, LEFT, TOP = 34, 24, 46, 22
LEVELS = 5


def share(minutes: int, weeks: Decimal, instruments: int) -> Decimal | None:
    """The used part of a cell, 0 to 1; None when nothing was available."""
    if weeks <= 0 or instruments <= 0:
        return None
    return min(Decimal(minutes) / (60 * weeks * instruments), Decimal(1))


def level(part: Decimal | None) -> int:
    """0 (unused) to 5 (four fifths or more)."""
    if part is None or part <= 0:
        return 0
    return min(int(part * LEVELS) + 1, LEVELS)


def draw(minutes: Mapping[tuple[int, int], int], weeks: Decimal, instruments: int, days: Sequence[str], title: str) -> str:
    """`minutes[(weekday 1…7, hour 0…23)]`; every cell has its number in words for readers without colour."""
    width, height = LEFT + 24 * CELL_W, TOP + 7 * CELL_H
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}" class="hm" font-size="11" font-family="sans-serif">'
    ]
    out += [f'<text x="{LEFT + h * CELL_W + CELL_W // 2}" y="14" text-anchor="middle" class="hm-t">{h}</text>' for h in range(24)]
    for d, name in enumerate(days, 1):
        y = TOP + (d - 1) * CELL_H
        out.append(f'<text x="{LEFT - 6}" y="{y + 16}" text-anchor="end" class="hm-t">{escape(name)}</text>')
        for h in range(24):
            part = share(minutes.get((d, h), 0), weeks, instruments)
            words = f"{part * 100:.0f}" if part is not None else "—"
            x = LEFT + h * CELL_W
            out.append(
                f'<rect x="{x}" y="{y}" width="{CELL_W - 2}" height="{CELL_H - 2}" rx="2" class="hm-{level(part)}">'
                f"<title>{escape(name)} {h}:00 · {words} %</title></rect>"
            )
            if part and words != "0":
                out.append(f'<text x="{x + CELL_W // 2 - 1}" y="{y + 15}" text-anchor="middle" class="hm-n{level(part)}">{words}</text>')
    return "".join(out) + "</svg>"
