"""Small drawings made on the server as SVG: a line of a few periods where a missing figure is a gap, never a zero."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def sparkline(values: Sequence[Decimal | None], *, width: int = 120, height: int = 28, label: str = "") -> str:
    """An inline SVG line; gaps where the value is None; a dot on the last known value. '' when nothing is known."""
    known = [v for v in values if v is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    spread = high - low
    step = Decimal(width - 6) / max(len(values) - 1, 1)

    def point(i: int, v: Decimal) -> tuple[str, str]:
        y = Decimal(height) / 2 if spread == 0 else Decimal(height - 4) - (v - low) / spread * Decimal(height - 8)
        return f"{3 + i * step:.1f}", f"{y:.1f}"

    lines, run, last = [], [], None
    for i, v in enumerate([*values, None]):
        if v is None:
            if len(run) > 1:
                points = " ".join(",".join(p) for p in run)
                lines.append(f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>')
            elif len(run) == 1:
                lines.append(f'<circle cx="{run[0][0]}" cy="{run[0][1]}" r="1.5" fill="currentColor"/>')
            run = []
        else:
            last = point(i, v)
            run.append(last)
    dot = f'<circle cx="{last[0]}" cy="{last[1]}" r="2.2" fill="currentColor"/>' if last else ""
    return (f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
            f' aria-label="{_escape(label)}">{"".join(lines)}{dot}</svg>')


def _escape(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
