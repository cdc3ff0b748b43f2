"""Sentences that scripts show. Keys are used in JavaScript as `T("key", {n: 3})`; values are msgids."""

from __future__ import annotations

from ..i18n import _l

TEXTS = {
    "all": _l("All"), "search": _l("Search"), "empty": _l("Empty"), "not_empty": _l("Not empty"), "yes": _l("Yes"), "no": _l("No"),
    "no_value": _l("No value"), "no_rows": _l("Nothing matches. Remove a filter or add a record."),
    "count": _l("{n} records"), "page_of": _l("{from}–{to} of {n}"), "selected": _l("{n} selected"),
    "select_all": _l("Select all {n}"), "clear_selection": _l("Clear selection"), "clear_filters": _l("Clear filters"),
    "columns": _l("Columns"), "density": _l("Row height"), "auto": _l("Automatic"), "compact": _l("Compact"), "normal": _l("Normal"),
    "group_by": _l("Group by"), "no_group": _l("Not grouped"), "unit": _l("Money unit"), "yuan": _l("yuan"),
    "thousand": _l("thousand yuan"), "ten_thousand": _l("ten thousand yuan"), "save_view": _l("Save view"),
    "view_title": _l("Title of the view"), "share_view": _l("For everybody in this park"), "delete_view": _l("Delete view"),
    "delete_view_ask": _l("Delete the view “{title}”?"), "saved": _l("Saved."), "cancel": _l("Cancel"), "ok": _l("OK"), "run": _l("Run"),
    "reset": _l("Reset columns"), "export": _l("Export"), "reason": _l("What is the file for?"), "loading": _l("Loading …"),
    "failed": _l("The server did not answer. Check the connection and try again."), "signed_out": _l("Your session has ended. Log in again."),
    "previous": _l("Previous page"), "next": _l("Next page"), "contains": _l("contains"), "starts": _l("begins with"), "eq": _l("is"),
    "ne": _l("is not"), "in": _l("is one of"), "notin": _l("is none of"), "gt": _l("after or above"), "gte": _l("from"),
    "lt": _l("before or below"), "lte": _l("up to"), "between": _l("between"), "today": _l("today"), "month": _l("this month"),
    "year": _l("this year"), "me": _l("me"), "days": _l("{n} days"), "remove_filter": _l("Remove this filter"),
    "sum": _l("Sum"), "avg": _l("Average"), "min": _l("Least"), "max": _l("Most"), "range_hint": _l("e.g. >100, 10..20"),
    "date_hint": _l("e.g. 2026-11, >2026-01-01"), "text_hint": _l("contains …"), "percent_hint": _l("e.g. >10"),
    "bad_range": _l("Write a number, >100, <100 or 10..20."), "bad_date": _l("Write 2026-11-22, 2026-11, >2026-01-01 or 2026-01..2026-03."),
    "no_results": _l("Nothing found."), "see_all": _l("All results for “{text}”"), "shown_columns": _l("Shown columns"),
    "row_keys": _l("Arrows move, Enter opens, e edits, Space selects"), "nothing": _l("Not given"), "close": _l("Close"),
    "hidden_personal": _l("Personal data; the middle is hidden"), "group_more": _l("{n} in total"), "more": _l("More"),
    "confirm": _l("Confirm"), "sort_hint": _l("Click to sort, drag to move, drag the edge to widen"),
}


def texts() -> dict[str, str]:
    """All texts in the request's language."""
    return {key: str(text) for key, text in TEXTS.items()}
