"""The firm's licence wallet in the portal: one code for its licence and permits, to show to whoever asks."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from sqlalchemy import select

from parkops import clock
from parkops.i18n import _l
from parkops.security.portal import Area, Own
from parkops.web.addresses import public_url
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.views import route

from ..models.wallet import PERMIT_KINDS, FirmPermit, LicenceCode
from ..services import permits, wallet

PORTAL_AREAS = [Area("licence", _l("Licence code"), ("owner", "finance", "staff"), ("services.licence_code read", "services.permit read"))]
PORTAL_ROWS = [Own("services.licence_code"), Own("services.permit")]
PORTAL_LINKS = [Link("licence", _l("Licence code"), "/portal/licence/", "qrcode", order=35)]
PORTAL_OPEN = (wallet.PATH,)  # the page a scanned code leads to is open to everybody, firms' users included


def _code(session: Any) -> LicenceCode | None:
    return session.scalars(select(LicenceCode).where(LicenceCode.state == "active")).one_or_none()


def _address(session: Any, code: LicenceCode) -> str:
    """What the code holds: the public page of this installation."""
    return public_url(session) + wallet.path(code)


def _licence_card(session: Any) -> dict[str, Any] | None:
    code = _code(session)
    return {"qr": Markup(wallet.svg(_address(session, code), 3))} if code is not None else None  # noqa: S704 - drawn here


PORTAL_CARDS = [Card("licence", "services/portal/licence_card.html", _licence_card, order=60)]


class LicencePortal(PortalPage):
    """`/portal/licence/`: the code, what it shows, and until when each permit holds."""

    route_base = "/portal/licence"
    area = "licence"

    @route("/", None)
    def index(self) -> Any:
        code, on = _code(self.session), clock.today()
        rows = [(p, permits.standing(p, on)) for p in self.session.scalars(select(FirmPermit).order_by(FirmPermit.kind, FirmPermit.id))]
        address = _address(self.session, code) if code is not None else ""
        qr = Markup(wallet.svg(address)) if code is not None else ""  # noqa: S704 - drawn here
        return self.draw(
            "services/portal/licence.html", code=code, qr=qr, address=address, rows=rows, kinds=PERMIT_KINDS, standings=permits.STANDINGS
        )


PAGES = [LicencePortal]
