"""Units of rules and parameters. Rule files write them in Chinese, as the regulations do; people read them in their language."""

from __future__ import annotations

from ..i18n import _l

UNITS = {"元": _l("yuan"), "万元": _l("10,000 yuan"), "月": _l("months"), "年": _l("years"), "天": _l("days"), "人": _l("people"),
         "件": _l("pieces"), "台": _l("instruments"), "机时": _l("machine hours"), "家": _l("firms"), "平方米": _l("m²"), "%": "%",
         "次": _l("times"), "岁": _l("years of age"), "级": _l("grade"), "只": _l("funds in number"), "年利率": _l("a year")}


def unit_text(unit: str | None) -> str:
    """The unit in the reader's language; one that is not known is shown as the rule file has it."""
    return str(UNITS.get(unit or "", unit or ""))
