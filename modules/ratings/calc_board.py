"""Charts of the cockpit as SVG: bars and lines over periods, drawn on the server, so that screen, wall and paper show the same. Pure.

A missing figure is a gap, never a zero. Bars read on the left axis, lines on the right one when they have another unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any


@dataclass(frozen=True)
class Series:
    """name, figures by period, kind bar|line, tone (a class), text of a figure."""

    name: str
    values: Sequence[Decimal | None]
    kind: str = "line"
    tone: str = "a"
    text: Callable[[Decimal], str] = str


W, H, LEFT, RIGHT, TOP, BOTTOM = 300, 132, 4, 4, 8, 18


def chart(labels: Sequence[str], series: Sequence[Series], *, title: str = "", base: bool = False) -> str:
    """One chart. base: the axis starts at zero for lines too. '' when nothing is known."""
    bars, lines = [s for s in series if s.kind == "bar"], [s for s in series if s.kind == "line"]
    if not any(v is not None for s in series for v in s.values):
        return ""
    out = [f'<svg class="rc-chart" viewBox="0 0 {W} {H}" role="img" aria-label="{escape(title)}">']
    out.append(f'<line class="rc-axis" x1="{LEFT}" x2="{W - RIGHT}" y1="{H - BOTTOM}" y2="{H - BOTTOM}"/>')
    out += _bars(bars, len(labels)) + _lines(lines, len(labels), base or bool(bars))
    step = _step(len(labels))
    every = max(1, -(-len(labels) // 5))
    for i, label in enumerate(labels):
        if (len(labels) - 1 - i) % every == 0:
            x, anchor = LEFT + step * (i + 0.5), "middle"
            if len(labels) > 1 and i in (0, len(labels) - 1):  # the outer ones stay inside the drawing
                x, anchor = (LEFT, "start") if i == 0 else (W - RIGHT, "end")
            out.append(f'<text x="{x:.1f}" y="{H - 6}" text-anchor="{anchor}">{escape(label)}</text>')
    return "".join([*out, "</svg>"])


def _step(n: int) -> float:
    return (W - LEFT - RIGHT) / max(n, 1)


def legend(series: Sequence[Series]) -> list[tuple[str, str, str]]:
    """(tone, name, text of the last known figure) per series: written beside the drawing, so that it stays readable at any size."""
    out = []
    for s in series:
        last = next((v for v in reversed(s.values) if v is not None), None)
        out.append((s.tone, s.name, "" if last is None else s.text(last)))
    return out


def _bars(bars: Sequence[Series], n: int) -> list[str]:
    known = [float(v) for s in bars for v in s.values if v is not None]
    top = max([*known, 0.0]) or 1.0
    width, out = _step(n) * 0.7 / max(len(bars), 1), []
    for k, s in enumerate(bars):
        for i, v in enumerate(s.values):
            if v is None or v < 0:
                continue
            h = (H - TOP - BOTTOM) * float(v) / top
            x = LEFT + _step(n) * (i + 0.15) + k * width
            out.append(
                f'<rect class="rc-fill-{s.tone}" x="{x:.1f}" y="{H - BOTTOM - h:.1f}" width="{max(width - 1, 1):.1f}" height="{h:.1f}">'
                f"<title>{escape(s.name)} {escape(s.text(v))}</title></rect>"
            )
    return out


def _lines(lines: Sequence[Series], n: int, base: bool) -> list[str]:
    known = [float(v) for s in lines for v in s.values if v is not None]
    if not known:
        return []
    low = min([*known, 0.0]) if base else min(known)
    spread = (max(known) - low) or abs(max(known)) or 1.0
    out: list[str] = []
    for s in lines:
        points: list[Any] = []
        for i, v in enumerate(s.values):
            if v is None:
                points.append(None)
                continue
            y = H - BOTTOM - 4 - (H - TOP - BOTTOM - 12) * (float(v) - low) / spread
            points.append((LEFT + _step(n) * (i + 0.5), y, v))
        out += _runs(points, s)
    return out


def _runs(points: Sequence[Any], s: Series) -> list[str]:
    out, run = [], []
    for p in [*points, None]:
        if p is None:
            if len(run) > 1:
                out.append(f'<polyline class="rc-line-{s.tone}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _v in run)}"/>')
            run = []
        else:
            run.append(p)
            said = f"<title>{escape(s.name)} {escape(s.text(p[2]))}</title>"
            out.append(f'<circle class="rc-fill-{s.tone}" cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="2.6">{said}</circle>')
    return out
