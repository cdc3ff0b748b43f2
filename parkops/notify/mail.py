"""E-mail through the installation's own server, as set under Settings; nothing is guessed and nothing sent without one."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from .. import settings
from ..errors import Problem, Refused, RuleError
from ..i18n import _l
from ..security.user_rules import EMAIL

TIMEOUT = 20
NOT_SET = _l("No mail server is set. A system administrator enters it under Settings.")

NO_SENDER = _l("No sender of e-mails is set. A system administrator enters its address under Settings.")


@dataclass(frozen=True)
class Server:
    """Where mail leaves the house."""

    host: str
    port: int
    security: str  # none | starttls | tls
    user: str
    password: str
    sender: str


def check_address(text: str) -> str:
    """A plain e-mail address without line breaks or several receivers; RuleError otherwise."""
    found = (text or "").strip()
    if len(found) > 300 or not EMAIL.fullmatch(found) or any(c in found for c in ",;<>\r\n\"'() "):
        raise RuleError([Problem("notify.email", _l("Enter an e-mail address such as name@example.org."), "address")])
    return found


def server(session: Any) -> Server | None:
    """The mail server of the settings; None when no host is set."""
    host = (settings.get(session, "core.smtp_host") or "").strip()
    if not host:
        return None
    return Server(
        host,
        settings.get(session, "core.smtp_port"),
        settings.get(session, "core.smtp_security"),
        settings.get(session, "core.smtp_user") or "",
        settings.get(session, "core.smtp_password") or "",
        settings.get(session, "core.smtp_sender") or "",
    )


def _sender(known: Server) -> str:
    try:
        return check_address(known.sender)
    except RuleError:
        raise Refused(NO_SENDER) from None


def _letter(known: Server, to: str, title: str, text: str, key: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = _sender(known), check_address(to), " ".join(title.split())[:200]
    letter["Date"], letter["Message-ID"] = (
        formatdate(localtime=False),
        make_msgid(idstring="parkops", domain=known.sender.rpartition("@")[2]),
    )
    letter["X-ParkOps-Key"] = key
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter


def send(known: Server | None, to: str, title: str, text: str, key: str) -> None:
    """Send one letter; raises what the server said. `key` goes along so that a repetition can be told."""
    if known is None:
        raise Refused(NOT_SET)
    letter = _letter(known, to, title, text, key)
    context = ssl.create_default_context()
    if known.security == "tls":
        post: smtplib.SMTP = smtplib.SMTP_SSL(known.host, known.port, timeout=TIMEOUT, context=context)
    else:
        post = smtplib.SMTP(known.host, known.port, timeout=TIMEOUT)
    with post:
        if known.security == "starttls":
            post.starttls(context=context)
        if known.user:
            post.login(known.user, known.password)
        post.send_message(letter)
