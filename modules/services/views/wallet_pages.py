"""The licence wallet of a firm for staff, its picture and sheet, and the public page behind the code."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.session import system_scope
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.web.addresses import public_url
from parkops.web.views import PK, Page, require_record, route

from ..services import permits, wallet

STATUS = {"shown": 200, "revoked": 410, "replaced": 410, "unknown": 404, "limited": 429}


class WalletPage(Page):
    """`/services/wallet/7`: the code to show, what it shows today, a sheet to print."""

    route_base = "/services/wallet"
    resource = "services.licence_code"

    def _found(self, pk: int) -> tuple[Firm, Any, str]:
        firm = require_record(self.session.get(Firm, pk))
        code = wallet.active(self.session, pk)
        return firm, code, public_url(self.session) + wallet.path(code) if code is not None else ""

    @route(f"/{PK}")
    def show(self, pk: int) -> Any:
        """On the phone: the code large, the permits below."""
        firm, code, address = self._found(pk)
        on = clock.today()
        rows = [(p, permits.standing(p, on), permits.STANDINGS[permits.standing(p, on)]) for p in permits.of_firm(self.session, pk)]
        return self.draw("services/wallet.html", firm=firm, code=code, address=address, rows=rows, svg=wallet.svg(address) if code else "")

    @route(f"/{PK}/sheet")
    def sheet(self, pk: int) -> Any:
        """One page to hang on the wall."""
        firm, code, address = self._found(pk)
        return self.draw("services/wallet_sheet.html", firm=firm, code=require_record(code), address=address, svg=wallet.svg(address, 9))

    @route(f"/{PK}/code.png")
    def picture(self, pk: int) -> Any:
        """The code as a file."""
        _firm, code, address = self._found(pk)
        require_record(code)
        return Response(wallet.png(address), content_type="image/png", headers={"Cache-Control": "private, no-store"})


class VerifyPage(Page):
    """`/services/verify/<code>`: read by anybody who scans the code; the signed code alone decides, and shows one firm's permits only."""

    route_base = "/services/verify"
    resource = "services.licence_code"

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """The signed code is the right."""
        return None

    @route("/<string:token>", None)
    def verify(self, token: str) -> Any:
        """What holds now. Every look is kept; an address may look so many times a minute."""
        if len(token) > 80:
            raise NotFound(_l("This is no licence code."))
        at = clock.now()
        with system_scope("services: licence code shown to the public") as session:
            shown = wallet.look(session, token, at=at, on=clock.local(at).date(), address=request.remote_addr or "")
        page = self.render_template("services/verify.html", shown=shown, at=at, token=token)
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
        return Response(page, status=STATUS[shown.result], content_type="text/html; charset=utf-8", headers=headers)


PAGES = [WalletPage, VerifyPage]
