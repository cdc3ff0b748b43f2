"""What each person wants to be told, and where: addresses checked and sealed, wishes per kind and channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from .. import clock
from ..db.session import scope_of
from ..errors import NotAllowed, Problem, RuleError
from ..i18n import Lazy, _l
from ..security.models import UserProfile
from ..todos import Notice
from . import mail, robots
from .kinds import CHANNELS, offered
from .models import NotifyAddress, NotifyPreference

TEST: Lazy = _l("This is a test message. If you read it here, this way works.")


TESTS_AN_HOUR = 5


def _me(session: Any) -> int:
    user_id = scope_of(session).user_id
    if user_id is None:
        raise NotAllowed(_l("Please log in first."))
    return user_id


def addresses(session: Any) -> dict[str, NotifyAddress]:
    """The actor's addresses by channel."""
    rows = session.scalars(select(NotifyAddress).where(NotifyAddress.user_id == _me(session)))
    return {row.channel: row for row in rows}


def set_address(session: Any, channel: str, typed: str, secret: str = "") -> NotifyAddress:
    """Where the actor is reached by a channel. Raises RuleError: robots are only those of the three services."""
    if channel not in CHANNELS:
        raise RuleError([Problem("notify.channel", _l("Choose one of the channels offered."), "channel")])
    if channel == "email":
        address = _own_only(session, mail.check_address(typed))
        shown = address
    else:
        address = robots.token_of(channel, typed, secret)
        shown = f"…{address[-4:]}"
    row = addresses(session).get(channel)
    if row is None:
        row = NotifyAddress(user_id=_me(session), channel=channel, address=address, shown=shown[:80], is_on=True)
        session.add(row)
    else:
        row.address, row.shown, row.is_on = address, shown[:80], True
    session.flush()
    return row


def own_email(session: Any) -> str | None:
    """The only e-mail address a firm's user may name: the one of the account; None for the staff, who name any."""
    me = session.get(UserProfile, _me(session))
    return me.email if me is not None and me.is_portal else None


def _own_only(session: Any, address: str) -> str:
    own = own_email(session)
    if own is not None and address.lower() != own.lower():
        text = _l("E-mails go to the address of your account only: %(email)s. Ask the park to change it.", email=own)
        raise RuleError([Problem("notify.own_email", text, "address")])
    return address


def send_test(session: Any) -> None:
    """A message to oneself through every channel; a few an hour, because others' mailboxes may stand behind them."""
    from .sending import tell

    me = _me(session)
    session.execute(select(UserProfile.id).where(UserProfile.id == me).with_for_update())
    since = clock.now() - timedelta(hours=1)
    sent = session.scalar(select(func.count()).select_from(Notice).where(
        Notice.user_id == me, Notice.msgid == TEST.msgid, Notice.told_at > since))
    if sent >= TESTS_AN_HOUR:
        raise RuleError([Problem("notify.tests", _l("Enough test messages for now. Wait an hour before the next one."))])
    tell(session, [me], "core.test", TEST)


def drop_address(session: Any, channel: str) -> None:
    """Forget an address; nothing more is sent there."""
    row = addresses(session).get(channel)
    if row is not None:
        session.delete(row)
        session.flush()


def overview(session: Any, *, portal: bool) -> dict[str, Any]:
    """Addresses and wishes for the page: kinds × channels that have an address."""
    have = addresses(session)
    wishes = {
        (w.kind, w.channel): w.wanted for w in session.scalars(select(NotifyPreference).where(NotifyPreference.user_id == _me(session)))
    }
    rows = [
        {"kind": kind, "wanted": {c: wishes.get((kind.code, c), kind.mail or c != "email") for c in have}}
        for kind in offered(portal)
        if kind.code != "core.test"
    ]
    channels = [(c, CHANNELS.label(c), have.get(c)) for c in CHANNELS]
    return {"channels": channels, "have": sorted(have), "rows": rows, "own": own_email(session)}


def set_wishes(session: Any, wanted: set[tuple[str, str]], *, portal: bool) -> None:
    """The whole table of wishes at once: what is named is wanted, the rest of the actor's channels is not."""
    me, have = _me(session), addresses(session)
    kept = {(w.kind, w.channel): w for w in session.scalars(select(NotifyPreference).where(NotifyPreference.user_id == me))}
    for kind in offered(portal):
        for channel in have if kind.code != "core.test" else ():
            row, wish = kept.get((kind.code, channel)), (kind.code, channel) in wanted
            if row is None:
                session.add(NotifyPreference(user_id=me, kind=kind.code, channel=channel, wanted=wish))
            else:
                row.wanted = wish
    session.flush()


def save_form(session: Any, form: Mapping[str, str], *, portal: bool) -> str:
    """One form, three buttons: `do` is `address` (channel, address, secret), `drop` (channel), `test` or `wishes`."""
    do = form.get("do", "wishes")
    if do == "address":
        set_address(session, form.get("channel", ""), form.get("address", ""), form.get("secret", ""))
    elif do.startswith("drop:"):
        drop_address(session, do.removeprefix("drop:"))
    elif do == "test":
        send_test(session)
    else:
        set_wishes(
            session, {(kind, channel) for kind, _bar, channel in (k[2:].partition("|") for k in form if k.startswith("w."))}, portal=portal
        )
    return do
