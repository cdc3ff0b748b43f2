"""What the portal's pages share: the base class, the menu and the cards of the home page that modules contribute.

# modules/<m>/views/portal.py
PORTAL_AREAS = [Area("bills", _l("Bills"), ("owner", "finance"), ("billing.bill read",))]
PORTAL_ROWS  = [Own("billing.bill"), Through("billing.charge", "bill_id", "billing.bill")]
PORTAL_LINKS = [Link("bills", _l("Bills"), "/portal/bills/", "receipt", bottom=True, order=20)]
PORTAL_CARDS = [Card("bills", "billing/portal/card.html", balance_card, order=10)]
PAGES        = [BillsPortal]          # class BillsPortal(PortalPage): area = "bills"; @route("/") def index(self): …"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import flash, g, redirect, request

from ...errors import NotAllowed
from ...i18n import _, _l
from ...registry import registry
from ...security import portal
from .. import idempotency
from ..editing import attempt
from ..values import id_typed
from ..views import MUTATING, Page, signed_in

LOGIN = "/portal/login/"


@dataclass(frozen=True)
class Link:
    """An entry of the portal's menu. `bottom`: also in the bar at the foot of the phone (the first three)."""

    area: str
    title: Any
    url: str
    icon: str
    order: int = 50
    bottom: bool = False


@dataclass(frozen=True)
class Card:
    """A card of the home page; `data(session) -> dict | None`, None leaves the card out."""

    area: str
    template: str
    data: Callable[[Any], dict[str, Any] | None]
    order: int = 50


def _collect(name: str) -> list[Any]:
    return sorted(registry().collect("views", name), key=lambda x: x.order)


def links() -> list[Link]:
    """The menu as this person may see it."""
    return [x for x in _collect("PORTAL_LINKS") if portal.may_enter(g.user.portal_role, x.area)]


def bottom() -> list[Link]:
    """The bar: home, at most three of the modules, and everything else."""
    chosen = [x for x in links() if x.bottom][:3]
    return [Link("home", _l("Home"), "/portal/", "home"), *chosen, Link("home", _l("All services"), "/portal/all/", "layout-grid")]


def cards(session: Any) -> list[tuple[str, dict[str, Any]]]:
    """(template, values) of the home page's cards."""
    out = []
    for card in _collect("PORTAL_CARDS"):
        if portal.may_enter(g.user.portal_role, card.area):
            values = card.data(session)
            if values is not None:
                out.append((card.template, values))
    return out


def is_here(url: str) -> bool:
    """Whether the page shown belongs to a menu entry."""
    return request.path == url if url == "/portal/" else request.path.startswith(url)


class PortalPage(Page):
    """Base of every page for firms' users. `area` names the part of the portal whose roles may enter."""

    portal = True
    area = "home"

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """None when the request may go on: a firm's user whose role may enter this part."""
        if not signed_in():
            return self.anonymous()
        if not g.user.is_portal:
            raise NotAllowed(_l("The portal is for people of the firms. Staff work on the other pages."))
        if not portal.may_enter(g.user.portal_role, self.area):
            raise NotAllowed(_l("Your role in the firm does not include this part. Ask the head of your firm."))
        return None

    def anonymous(self) -> Any:
        if request.method in MUTATING:
            raise NotAllowed(_l("Please log in first; your session may have ended."))
        return redirect(f"{LOGIN}?next={quote(request.full_path.rstrip('?'), safe='/')}")

    @property
    def firm_id(self) -> int:
        """The firm this session acts for."""
        return getattr(g.get("user"), "firm_id", None) or 0  # FAB looks at every attribute while it registers the class

    def own(self, model: Any, record_id: int) -> Any:
        """The firm's own record; every other number is not found."""
        return portal.owned(self.session, model, record_id)

    def run(self, work: Callable[[], Any]) -> tuple[Any, Any]:
        """Call a module's service in the firm's name and commit: (result, None), or (None, why it was refused). What the work
        loaded is forgotten afterwards: return ids and texts."""

        def inside() -> Any:
            with portal.acting(self.session):
                return work()

        return attempt(self.session, inside)

    def run_once(self, work: Callable[[], tuple[str, Any]], fallback: str) -> tuple[str, Any]:
        """`run` for a form with the one-time key `_once` (`once` in the template): however often it is sent, the work is done
        once. `work` returns (address to go on to, sentence of thanks); the same answer is (address, why it was refused or None)."""
        typed = {k: v for k, v in request.form.items() if k not in ("csrf_token", "_once")}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is not None:
            self.session.rollback()
            answer, refusal = claimed.answer, None
        else:

            def once() -> dict[str, str]:
                url, thanks = work()
                answer = {"url": url, "said": str(thanks)}
                idempotency.keep(self.session, claimed, answer)
                return answer

            answer, refusal = self.run(once)
        if refusal is None and answer.get("said"):
            flash(answer["said"], "success")
        return str((answer or {}).get("url") or fallback), refusal

    @staticmethod
    def said(refusal: Any, model: Any = None) -> list[str]:
        """The sentences of a refusal; what `records` says of a field of `model` begins with the field's name."""
        columns = model.__table__.columns if model is not None else {}
        out = []
        for p in getattr(refusal, "problems", [refusal]) if refusal is not None else []:
            field = getattr(p, "field", None)
            named = str(getattr(p, "code", "")).startswith("record.") and field in columns
            out.append(_("%(field)s: %(text)s", field=str(columns[field].info.get("label", field)), text=str(p)) if named else str(p))
        return out

    def draw(self, template: str, status: int = 200, **values: Any) -> Any:
        values.setdefault("once", idempotency.new_key())
        return super().draw(template, status, portal_links=links, portal_bottom=bottom, is_here=is_here, **values)


def chosen_id(name: str) -> int | None:
    """A record's number from the query or form; Refused in one sentence when it is none."""
    return id_typed(request.values.get(name))
