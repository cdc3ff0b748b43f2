"""The break-even chart (yuan over hours) as an SVG picture: pure. Cost is fixed + variable × h, income price × h."""

from __future__ import annotations

from decimal import Decimal
from html import escape

W, H, LEFT, BOTTOM, TOP = 520, 228, 64, 28, 26


def _tick(value: Decimal) -> str:
    return f"{value / 10_000:,.1f}" if value else "0"


class Scale:
    """Hours to the right, yuan upwards; room for a quarter more than the larger of used and break-even hours."""

    def __init__(self, most: Decimal, top: Decimal) -> None:
        self.most, self.top = most, top

    def x(self, hours: Decimal) -> str:
        return f"{LEFT + hours / self.most * (W - LEFT - 12):.1f}"

    def y(self, value: Decimal) -> str:
        return f"{H - BOTTOM - value / self.top * (H - BOTTOM - TOP):.1f}"

    def grid(self) -> list[str]:
        """Five steps on both axes."""
        out = []
        for n in range(5):
            y, h = self.y(self.top * n / 4), self.most * n / 4
            out.append(
                f'<line x1="{LEFT}" x2="{W - 12}" y1="{y}" y2="{y}" class="be-g" stroke="#d5dae1"/>'
                f'<text x="{LEFT - 6}" y="{y}" dy="4" text-anchor="end" class="be-t" fill="#566172">{_tick(self.top * n / 4)}</text>'
                f'<text x="{self.x(h)}" y="{H - 10}" text-anchor="{"end" if n == 4 else "middle"}" class="be-t" fill="#566172">'
                f"{h:,.0f}</text>"
            )
        return out

    def line(self, start: Decimal, end: Decimal, css: str, colour: str, title: str) -> str:
        """From no hours to the most."""
        return (
            f'<line x1="{self.x(Decimal(0))}" y1="{self.y(start)}" x2="{self.x(self.most)}" y2="{self.y(end)}" class="{css}" '
            f'stroke="{colour}" stroke-width="2"><title>{escape(title)}</title></line>'
        )

    def mark(self, at: Decimal, css: str, colour: str, name: str) -> str:
        """A dashed line at so many hours."""
        x = self.x(at)
        return (
            f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{H - BOTTOM}" class="{css}" stroke="{colour}" stroke-dasharray="4 3"/>'
            f'<text x="{x}" y="{TOP - 3}" text-anchor="middle" class="{css}" fill="{colour}">{escape(name)}</text>'
        )


def draw(fixed: Decimal, variable: Decimal, price: Decimal, hours: Decimal, even: Decimal | None, words: dict[str, str]) -> str:
    """`words`: title, cost, income, even, now, unit (of the money axis), hours."""
    most = max(hours, even or Decimal(0), Decimal(1)) * Decimal("1.25")
    scale = Scale(most, max(fixed + variable * most, price * most, Decimal(1)))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" width="{W}" height="{H}" role="img" class="be" '
        f'aria-label="{escape(words["title"])}" font-size="11" font-family="sans-serif">',
        *scale.grid(),
        f'<text x="4" y="11" class="be-t" fill="#566172">{escape(words["unit"])}</text>',
        scale.line(fixed, fixed + variable * most, "be-c", "#b3261e", words["cost"]),
        scale.line(Decimal(0), price * most, "be-i", "#1a6e3a", words["income"]),
        scale.mark(hours, "be-n", "#1f5fbf", words["now"]),
    ]
    if even is not None:
        out.append(scale.mark(even, "be-e", "#6b4300", words["even"]))
    return "".join(out) + "</svg>"
