"""The client's rating without a log-in: a signed link or QR code, one rating, nothing personal shown."""

from __future__ import annotations

from typing import Any

from flask import request

from parkops.db.session import system_scope
from parkops.errors import ParkOpsError, Refused
from parkops.i18n import _l
from parkops.web.values import clean_text
from parkops.web.views import Page, route

from ..models.quality import GRADES, OFFLINE, ONLINE, ServiceRating
from ..services import ratings


def stars_of(text: str | None) -> int | None:
    """1 to 5 as typed; anything else is refused."""
    if not text:
        return None
    if text not in GRADES:
        raise Refused(_l("A rating is 1 to 5 stars."))
    return int(text)


class HallRatePage(Page):
    """`/services/rate/<token>`: public; the token is signed and names one case (SV-46)."""

    route_base = "/services/rate"
    resource = "services.rating"
    portal = True

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """Whoever holds the link is the client."""
        return None

    @route("/<string(maxlength=80):token>", None, methods=("GET", "POST"))
    def show(self, token: str) -> Any:
        """The form, then a thank-you."""
        with system_scope("services: a client's rating by link") as s:
            case = ratings.case_of(s, token)
            park_id, pk = case.park_id, case.id
        said = None
        if request.method == "POST":
            said = self._rate(park_id, pk, token)
        with system_scope("services: a client's rating by link", parks={park_id}, park_id=park_id) as s:
            case = ratings.case_of(s, token)
            online = case.channel in ("online", "kiosk")
            names = {c.name: c.info["label"] for c in ServiceRating.__table__.c if c.name in (ONLINE if online else OFFLINE)}
            return self.draw(
                "services/rate.html",
                200 if said is None else 422,
                number=case.number,
                item=case.item.name,
                hall=case.hall.name,
                stars=case.stars,
                why=ratings.why_not_rate(s, case),
                said=said,
                names=names,
                grades=GRADES,
                given=request.form,
            )

    def _rate(self, park_id: int, pk: int, token: str) -> str | None:
        """None when it is stored, else the sentence."""
        try:
            values = {n: stars_of(request.form.get(n)) for n in ("stars", *OFFLINE, *ONLINE) if request.form.get(n)}
            if "stars" not in values:
                raise Refused(_l("Choose one of the five grades."))
            remark = clean_text(request.form.get("remark", ""), 1000, lines=True)
            with system_scope("services: a client's rating by link", parks={park_id}, park_id=park_id, via="link") as s:
                ratings.rate_case(s, ratings.case_of(s, token), remark=remark, rated_by="link", **values)
        except (ParkOpsError, ValueError) as refusal:
            return str(refusal)
        return None


PAGES = [HallRatePage]
