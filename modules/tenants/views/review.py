"""The reviewer's score sheet: one page per application, a score for every criterion."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request

from parkops.errors import ParkOpsError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.web.editing import as_rule_error, attempt
from parkops.web.views import PK, Page, route

from ..services import reviews


class ReviewPage(Page):
    """`/tenants/review/<application>`: the signed-in reviewer's own sheet."""

    route_base = "/tenants/review"
    resource = "tenants.application"
    title = _l("Score sheet")

    @route(f"/{PK}")
    def sheet(self, pk: int) -> Any:
        """The sheet with what was entered before."""
        return self._draw(load(self.session, self.resource, pk))

    @route(f"/{PK}/save", methods=("POST",))
    def save(self, pk: int) -> Any:
        """Keep the sheet; refused scores come back with what was typed."""
        application = load(self.session, self.resource, pk)
        items = reviews.criteria(self.session, application.park_id)
        scores = {item.code: _whole(request.form.get(f"score_{item.code}")) for item in items}
        _row, refusal = attempt(self.session, lambda: self._keep(application, scores))
        if refusal is None:
            flash(_("Your score sheet was saved."), "success")
            return redirect(f"/tenants/application/{pk}?tab=review", 303)
        return self._draw(load(self.session, self.resource, pk), refusal)

    def _keep(self, application: Any, scores: dict[str, Any]) -> Any:
        return reviews.score_application(self.session, application, scores=scores, opinion=request.form.get("opinion"),
                                         recommends=request.form.get("recommends") == "1")

    def _draw(self, application: Any, refusal: ParkOpsError | None = None) -> Any:
        own, marks = reviews.own_marks(self.session, application)
        found = {p.field: str(p.message) for p in as_rule_error(refusal).problems} if refusal is not None else {}
        typed = request.form if request.method == "POST" else {}
        return self.draw("tenants/review_sheet.html", 422 if refusal is not None else 200, application=application, own=own,
                         marks=marks, typed=typed, problems=found, criteria=reviews.criteria(self.session, application.park_id),
                         why_not=reviews.why_not_score(self.session, application))


def _whole(text: str | None) -> int | None:
    """A whole number as typed, else None (the service says what is wrong)."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


PAGES = [ReviewPage]
