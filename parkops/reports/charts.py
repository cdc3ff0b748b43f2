"""Charts of reports as SVG: bars, columns, lines, a radar. Pure: the same picture on screen, in print and in an archive.

A value of None is a gap, never a zero, and its text says "not reported". Colours and fonts stand in the drawing itself, because a PDF
knows no style sheet. Coordinates are the only numbers that are rounded; the texts are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from math import cos, pi, sin
from typing import Any

from ..i18n import _
from .document import shown

INK, QUIET, GRID, BLUE = "#1f2937", "#6b7280", "#d5dae1", "#1f5fbf"
COLOURS = (BLUE, "#1a6e3a", "#b45309", "#7c3aed", "#b3261e", "#0f766e")
FONT = 'font-family="Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif" font-size="11"'


@dataclass(frozen=True)
class Series:
    """One line or set of bars: its name and a value per label."""

    name: str
    values: Sequence[Any]


def _open(width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}" {FONT}>'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, bold: bool = False) -> str:
    thick = "0.9" if bold else "0.4"  # the shipped font comes as its thinnest weight in a picture; the outline gives it body
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" stroke="{fill}" stroke-width="{thick}">{escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'


def _known(values: Sequence[Any]) -> list[Decimal]:
    return [Decimal(v) for v in values if v is not None]


def _wide(words: str) -> float:
    """About how wide words are at 11 px."""
    return sum(11.5 if ord(c) > 255 else 6.2 for c in words)


def _short(label: str, room: float) -> str:
    """The label, cut with an ellipsis where there is no room for it."""
    if _wide(label) <= room:
        return label
    while label and _wide(label) > room - 11:
        label = label[:-1]
    return label.rstrip() + "…"


def nice(top: Decimal) -> Decimal:
    """The next of 1, 2, 2.5, 5 × 10ⁿ at or above `top`, so that the axis has round numbers; 1 for nothing."""
    if top <= 0:
        return Decimal(1)
    unit = Decimal(1).scaleb(top.adjusted())
    return next(unit * m for m in (1, 2, Decimal("2.5"), 5, 10) if unit * m >= top)


def bars(
    labels: Sequence[str],
    values: Sequence[Any],
    fmt: str = "int",
    *,
    title: str = "",
    width: int = 640,
    tones: Sequence[str] = (),
    limit: Any = None,
    texts: Sequence[str] = (),
) -> str:
    """Lying bars, one per label, with the figure at the end; `limit` draws a dashed line (a threshold); `tones` colours by bar."""
    left, right, step = 190, 96, 24
    height = 14 + step * len(labels)
    known = [*_known(values), *_known([limit])]
    top = nice(max([v for v in known if v > 0], default=Decimal(1)))
    room, out = width - left - right, [_open(width, height, title)]
    if limit is not None:
        x = left + float(Decimal(limit) / top) * room
        out.append(_line(x, 2, x, height - 4, "#b3261e", ' stroke-dasharray="4 3"'))
    for i, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = 8 + i * step
        long = float(max(Decimal(value or 0), Decimal(0)) / top) * room
        colour = tones[i] if i < len(tones) else BLUE
        out.append(_text(left - 8, y + 12, _short(label, left - 12), anchor="end"))
        if value is not None:
            out.append(f'<rect x="{left}" y="{y}" width="{max(long, 1):.1f}" height="{step - 8}" fill="{colour}"/>')
        words = texts[i] if i < len(texts) else shown(value, fmt)
        out.append(_text(left + (long if value is not None else 0) + 6, y + 12, words, fill=INK if value is not None else QUIET))
    return "".join([*out, "</svg>"])


class _Frame:
    """The axes of columns and lines: labels below, four steps at the left, names of the series above."""

    def __init__(self, labels: Sequence[str], series: Sequence[Series], fmt: str, title: str, width: int, height: int) -> None:
        self.labels, self.series, self.fmt, self.title, self.width, self.height = labels, series, fmt, title, width, height
        known = [v for s in series for v in _known(s.values)]
        self.top = nice(max([v for v in known if v > 0], default=Decimal(1)))
        low = min(known, default=Decimal(0))
        self.low = -nice(-low) if low < 0 else Decimal(0)
        self.left, self.under = 84, 26
        self.names = list(self._places([s.name for s in series]))
        self.above = 30 + 16 * max([row for _n, _x, row in self.names], default=0)
        self.step = (width - self.left - 14) / max(len(labels), 1)

    def x(self, i: int) -> float:
        return self.left + self.step * (i + 0.5)

    def y(self, value: Any) -> float:
        span = self.height - self.under - self.above
        return self.height - self.under - float((Decimal(value) - self.low) / (self.top - self.low)) * span

    def draw(self) -> list[str]:
        out = [_open(self.width, self.height, self.title)]
        for n in range(5):
            value = self.low + (self.top - self.low) * n / 4
            out += [_line(self.left, self.y(value), self.width - 8, self.y(value))]
            out += [_text(self.left - 6, self.y(value) + 4, axis(value, self.fmt), anchor="end", fill=QUIET)]
        every = max(1, -(-len(self.labels) * 52 // max(self.width - self.left, 1)))
        for i, label in enumerate(self.labels):
            if (len(self.labels) - 1 - i) % every == 0:
                out.append(_text(self.x(i), self.height - 8, label, anchor="middle", fill=QUIET))
        for n, x, row in self.names:
            out.append(f'<rect x="{x:.1f}" y="{6 + 16 * row}" width="10" height="10" fill="{COLOURS[n % len(COLOURS)]}"/>')
            out.append(_text(x + 15, 15 + 16 * row, self.series[n].name))
        return out

    def _places(self, names: Sequence[str]) -> Iterator[tuple[int, float, int]]:
        """Where each name of the legend stands: its number, x and row; a row that is full is followed by another."""
        x, row = float(self.left), 0
        for n, name in enumerate(names):
            wide = 34 + _wide(name)
            if x + wide > self.width and x > self.left:
                x, row = float(self.left), row + 1
            if name:
                yield n, x, row
                x += wide


def axis(value: Decimal, fmt: str) -> str:
    """A number beside an axis: percent without a place, large numbers in ten thousands."""
    if fmt == "percent":
        return f"{value * 100:.0f} %" if value * 100 == (value * 100).to_integral_value() else f"{value * 100:.1f} %"
    if abs(value) >= 100_000:
        return _("%(n)s × 10k", n=f"{(value / 10_000).quantize(Decimal('0.1')).normalize():,f}")
    return f"{value.normalize():,f}"


def columns(
    labels: Sequence[str], series: Sequence[Series], fmt: str = "int", *, title: str = "", width: int = 640, height: int = 220
) -> str:
    """Standing bars, one group per label."""
    frame = _Frame(labels, series, fmt, title, width, height)
    out, n = frame.draw(), max(len(series), 1)
    wide = min(frame.step * 0.76 / n, 34)
    for k, s in enumerate(series):
        for i, value in enumerate(s.values):
            x = frame.x(i) - wide * n / 2 + wide * k
            if value is None:
                out.append(_text(x + wide / 2, frame.y(0) - 4, "·", anchor="middle", fill=QUIET))
                continue
            y, zero, colour = frame.y(value), frame.y(0), COLOURS[k % len(COLOURS)]
            out.append(f'<rect x="{x:.1f}" y="{min(y, zero):.1f}" width="{wide - 1:.1f}" height="{abs(zero - y):.1f}" fill="{colour}"/>')
            words = _label(value, fmt)
            if _wide(words) * 0.9 <= (wide if n > 1 else frame.step):  # else the figures would stand on each other; the table has them
                out.append(_text(x + wide / 2, min(y, zero) - 3, words, anchor="middle"))
    return "".join([*out, "</svg>"])


def _label(value: Any, fmt: str) -> str:
    return shown(value, fmt) if fmt in ("int", "percent") else axis(Decimal(value).quantize(Decimal("0.01")), fmt)


def lines(
    labels: Sequence[str], series: Sequence[Series], fmt: str = "int", *, title: str = "", width: int = 640, height: int = 220
) -> str:
    """Lines over time; a period without a figure is a gap; the last known figure is written beside its dot."""
    frame = _Frame(labels, series, fmt, title, width, height)
    out, ends = frame.draw(), []
    for k, s in enumerate(series):
        colour = COLOURS[k % len(COLOURS)]
        points = [(frame.x(i), frame.y(v)) for i, v in enumerate(s.values) if v is not None]
        out += [_path(run, colour) for run in _runs(frame, s.values)]
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]
        if points:
            last = next(v for v in reversed(s.values) if v is not None)
            ends.append((points[-1][1] - 6, min(points[-1][0], width - 30), _label(last, fmt), colour))
    return "".join([*out, *_apart(ends), "</svg>"])


def _runs(frame: _Frame, values: Sequence[Any]) -> Iterator[list[tuple[float, float]]]:
    """The stretches of known figures that a line joins."""
    run: list[tuple[float, float]] = []
    for i, value in enumerate([*values, None]):
        if value is not None:
            run.append((frame.x(i), frame.y(value)))
        else:
            if len(run) > 1:
                yield run
            run = []


def _path(run: list[tuple[float, float]], colour: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _apart(ends: list[tuple[float, float, str, str]]) -> Iterator[str]:
    """The last figures beside their lines, from below upwards, never one on another."""
    free = float("inf")
    for y, x, words, colour in sorted(ends, reverse=True):
        y = min(y, free)
        free = y - 12
        yield _text(x, y, words, anchor="middle", fill=colour)


def radar(
    labels: Sequence[str], series: Sequence[Series], fmt: str = "percent", *, title: str = "", size: int = 300, top: Any = None
) -> str:
    """Axes by label; a series with an unknown axis is drawn at the centre there, with "not reported" beside the name."""
    known = [v for s in series for v in _known(s.values)]
    most = Decimal(top) if top is not None else nice(max([v for v in known if v > 0], default=Decimal(1)))
    middle, radius, n = size / 2, size / 2 - 44, max(len(labels), 3)
    wide = size + 320

    def at(i: int, value: Any) -> tuple[float, float]:
        angle, far = -pi / 2 + 2 * pi * i / n, radius * float(Decimal(value) / most)
        return 160 + middle + far * cos(angle), middle + far * sin(angle)

    def ring(values: Sequence[Any], more: str) -> str:
        return f'<polygon points="{" ".join("{:.1f},{:.1f}".format(*at(i, v)) for i, v in enumerate(values))}" {more}/>'

    out = [_open(wide, size, title)]
    out += [
        ring([most * part] * n, f'fill="none" stroke="{GRID}"') for part in (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal(1))
    ]
    for k, s in enumerate(series):
        colour = COLOURS[k % len(COLOURS)]
        out.append(
            ring([v if v is not None else 0 for v in s.values], f'fill="{colour}" fill-opacity="0.18" stroke="{colour}" stroke-width="2"')
        )
    for i, label in enumerate(labels):
        x, y = at(i, most * Decimal("1.14"))
        anchor = "middle" if abs(x - 160 - middle) < 12 else "start" if x > 160 + middle else "end"
        out.append(_text(x, y, _short(label, 150), anchor=anchor))
        out.append(_text(x, y + 13, " / ".join(shown(s.values[i], fmt) for s in series), anchor=anchor, fill=QUIET))
    return "".join([*out, "</svg>"])
