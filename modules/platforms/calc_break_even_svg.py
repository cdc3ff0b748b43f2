"""The break-even chart (yuan over hours) as an SVG picture: pure. Cost is fixed + variable × h, income price × h."""

from __future__ import annotations

from decimal import Decimal
from html import escape

W, H, LEFT, BOTTOM, TOP = 520, 220, 64, 28, 14


def _tick(value: Decimal) -> str:
    return f"{value / 10_000:,.1f}" if value else "0"


def draw(fixed: Decimal, variable: Decimal, price: Decimal, hours: Decimal, even: Decimal | None, words: dict[str, str]) -> str:
    """`words`: title, cost, income, even, now, unit (of the money axis), hours."""
    most = max(hours, even or Decimal(0), Decimal(1)) * Decimal("1.25")
    top = max(fixed + variable * most, price * most, Decimal(1))

    def x(h: Decimal) -> str:
        return f"{LEFT + float(h / most) * (W - LEFT - 12):.1f}"

    def y(v: Decimal) -> str:
        return f"{H - BOTTOM - float(v / top) * (H - BOTTOM - TOP):.1f}"

    zero = Decimal(0)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" width="{W}" height="{H}" role="img" class="be" '
        f'aria-label="{escape(words["title"])}" font-size="11" font-family="sans-serif">'
    ]
    for n in range(5):
        value = top * n / 4
        out.append(
            f'<line x1="{LEFT}" x2="{W - 12}" y1="{y(value)}" y2="{y(value)}" class="be-g" stroke="#d5dae1"/>'
            f'<text x="{LEFT - 6}" y="{y(value)}" dy="4" text-anchor="end" class="be-t" fill="#566172">{_tick(value)}</text>'
        )
        h = most * n / 4
        out.append(
            f'<text x="{x(h)}" y="{H - 10}" text-anchor="{"end" if n == 4 else "middle"}" class="be-t" fill="#566172">{h:,.0f}</text>'
        )
    out.append(f'<text x="4" y="11" class="be-t" fill="#566172">{escape(words["unit"])}</text>')
    out.append(
        f'<line x1="{x(zero)}" y1="{y(fixed)}" x2="{x(most)}" y2="{y(fixed + variable * most)}" class="be-c" stroke="#b3261e" '
        f'stroke-width="2"><title>{escape(words["cost"])}</title></line>'
    )
    out.append(
        f'<line x1="{x(zero)}" y1="{y(zero)}" x2="{x(most)}" y2="{y(price * most)}" class="be-i" stroke="#1a6e3a" '
        f'stroke-width="2"><title>{escape(words["income"])}</title></line>'
    )
    for at, name, css, colour in ((hours, words["now"], "be-n", "#1f5fbf"), (even, words["even"], "be-e", "#6b4300")):
        if at is not None:
            out.append(
                f'<line x1="{x(at)}" x2="{x(at)}" y1="{TOP}" y2="{H - BOTTOM}" class="{css}" stroke="{colour}" '
                f'stroke-dasharray="4 3"/><text x="{x(at)}" y="{TOP - 3}" text-anchor="middle" class="{css}" fill="{colour}">'
                f"{escape(name)}</text>"
            )
    return "".join(out) + "</svg>"
