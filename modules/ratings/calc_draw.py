"""Radar and trend as SVG: pure, so that page and print show the same."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from math import cos, pi, sin


def pair(x: float, y: float) -> str:
    """A point of a polyline."""
    return f"{x:.1f},{y:.1f}"


def radar(labels: Sequence[str], now: Sequence[Decimal | None], base: Decimal | None = None, *, size: int = 360, title: str = "") -> str:
    """Axes by label; `base` is the ring of the base year. An unknown axis is drawn at the centre with a dash beside its name."""
    known = [float(x) for x in now if x is not None]
    top = max([*known, float(base or 0), 1.0]) * 1.1
    middle, radius, n = size / 2, size / 2 - 62, max(len(labels), 3)

    def at(i: int, value: float) -> tuple[float, float]:
        angle = -pi / 2 + 2 * pi * i / n
        return middle + radius * value / top * cos(angle), middle + radius * value / top * sin(angle)

    def ring(value: float, css: str) -> str:
        return f'<polygon class="{css}" points="{" ".join(pair(*at(i, value)) for i in range(n))}"/>'

    out = [f'<svg class="rt-radar" viewBox="-80 0 {size + 160} {size}" role="img" aria-label="{escape(title)}">']
    out += [ring(top * part, "rt-grid") for part in (0.25, 0.5, 0.75, 1)]
    if base is not None:
        out.append(ring(float(base), "rt-base"))
    shape = " ".join(pair(*at(i, float(x or 0))) for i, x in enumerate(now))
    out.append(f'<polygon class="rt-now" points="{shape}"/>')
    for i, (label, value) in enumerate(zip(labels, now, strict=True)):
        x, y = at(i, top * 1.16)
        anchor = "middle" if abs(x - middle) < 12 else "start" if x > middle else "end"
        text = "—" if value is None else f"{value:.1f}"
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(label)}<tspan x="{x:.1f}" dy="14">{text}</tspan></text>')
    return "".join([*out, "</svg>"])


def trend(
    points: Sequence[tuple[int, Decimal | None]], base: Decimal | None = None, *, width: int = 520, height: int = 220, title: str = ""
) -> str:
    """A line over years; a year without a value is a gap."""
    known = [float(v) for _y, v in points if v is not None]
    top, low = max([*known, float(base or 0), 1.0]) * 1.08, min([*known, float(base or 0)]) * 0.92 if known else 0.0
    step = (width - 80) / max(len(points) - 1, 1)

    def at(i: int, value: float) -> tuple[float, float]:
        return 40 + i * step, height - 30 - (value - low) / ((top - low) or 1) * (height - 60)

    out = [f'<svg class="rt-trend" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">']
    if base is not None:
        y = at(0, float(base))[1]
        out.append(f'<line class="rt-base" x1="40" x2="{width - 40}" y1="{y:.1f}" y2="{y:.1f}"/>')
    run: list[str] = []
    for i, (year, value) in enumerate(points):
        if value is None:
            out += [f'<polyline class="rt-line" points="{" ".join(run)}"/>'] if run else []
            run = []
        else:
            x, y = at(i, float(value))
            run.append(f"{x:.1f},{y:.1f}")
            out.append(
                f'<circle class="rt-dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
                f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{value:.1f}</text>'
            )
        out.append(f'<text x="{40 + i * step:.1f}" y="{height - 8}" text-anchor="middle">{year}</text>')
    out += [f'<polyline class="rt-line" points="{" ".join(run)}"/>'] if run else []
    return "".join([*out, "</svg>"])


def radar_many(
    labels: Sequence[str], shapes: Sequence[tuple[str, Sequence[Decimal | None], str]], *, size: int = 360, title: str = ""
) -> str:
    """Several shapes on one radar, each value a part of the best (0 to 1): (name, values, tone). Unknown values lie at the centre."""
    n, middle, radius = max(len(labels), 3), size / 2, size / 2 - 58

    def at(i: int, value: float) -> tuple[float, float]:
        angle = -pi / 2 + 2 * pi * i / n
        return middle + radius * value * cos(angle), middle + radius * value * sin(angle)

    out = [f'<svg class="rt-radar" viewBox="-150 0 {size + 300} {size + 14 * len(shapes)}" role="img" aria-label="{escape(title)}">']
    out += [f'<polygon class="rt-grid" points="{" ".join(pair(*at(i, part)) for i in range(n))}"/>' for part in (0.25, 0.5, 0.75, 1)]
    for k, (name, values, tone) in enumerate(shapes):
        points = " ".join(pair(*at(i, float(v or 0))) for i, v in enumerate(values))
        out.append(f'<polygon class="rt-shape rt-shape-{tone}" points="{points}"><title>{escape(name)}</title></polygon>')
        y = size + 14 * k
        out.append(f'<rect class="rt-shape-{tone}" x="0" y="{y - 9}" width="10" height="10"/><text x="16" y="{y}">{escape(name)}</text>')
    for i, label in enumerate(labels):
        x, y = at(i, 1.12)
        anchor = "middle" if abs(x - middle) < 12 else "start" if x > middle else "end"
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(label)}</text>')
    return "".join([*out, "</svg>"])
