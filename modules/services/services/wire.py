"""The way out to a partner hall: one signed POST, no redirects, ten seconds."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from parkops.errors import Refused
from parkops.i18n import _l

from .. import calc_sign
from ..models.partner import PartnerHall

TIMEOUT, MOST = 10, 1_000_000


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A signed message goes where it was meant to go."""
        return None


def send(partner: PartnerHall, message: dict[str, Any], *, path: str) -> dict[str, Any]:
    """POST the message; returns the partner's JSON. Raises Refused with the status when it is not 2xx."""
    if not partner.active or not partner.url or not partner.url.startswith(("https://", "http://")):
        raise Refused(_l("This partner hall is out of use or has no address."))
    body = json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
    about = {"sender": partner.side, "method": "POST", "path": path, "key_id": partner.key_id}
    sealed = calc_sign.seal(partner.key, **about, now=int(time.time()), nonce=secrets.token_urlsafe(24), body=body)
    request = Request(  # noqa: S310 - the scheme is checked above
        partner.url.rstrip("/") + path,
        data=body,
        method="POST",
        headers={"Content-Type": "application/json", **sealed.headers()},
    )
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
            found = json.loads(answer.read(MOST) or b"{}")
    except HTTPError as e:
        raise Refused(
            _l("The partner hall answered %(status)s: %(text)s", status=e.code, text=e.read(500).decode("utf-8", "replace"))
        ) from e
    except (URLError, TimeoutError, OSError, ValueError) as e:
        raise Refused(_l("The partner hall cannot be reached: %(text)s", text=str(e)[:300])) from e
    return found if isinstance(found, dict) else {}
