"""Who of a firm may use the portal: invitations (a link, once, for a time), accounts with a role, withdrawing, shared files.
Rules T-120 to T-124."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from parkops import attachments, records, settings
from parkops.attachments import Attachment
from parkops.clock import now
from parkops.db.reads import ONLY_READS
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.notify import mail, sending
from parkops.security import access, identity, portal_users
from parkops.security.models import UserProfile
from parkops.security.portal import ROLES

from ..models.firm import Firm
from ..models.portal import PortalAccount, PortalInvitation, SharedFile

ACCOUNT, INVITATION, SHARED = "tenants.portal_account", "tenants.portal_invitation", "tenants.shared_file"
LEFT = ("dissolved", "rejected")
GONE = _l("This link is not valid any more. Ask the park for a new one.")
ACCOUNT_OF = text("select firm_id, park_id, role from tenants_portal_account where user_id = :id and state = 'active'").execution_options(
    **ONLY_READS)


@identity.portal_accounts
def account_of(connection: Any, user_id: int) -> tuple[int, int, str] | None:
    """(firm, park, role) of an active account: what the kernel asks on every request of a firm's user."""
    row = connection.execute(ACCOUNT_OF, {"id": user_id}).one_or_none()
    return (row.firm_id, row.park_id, row.role) if row is not None else None


def fingerprint(token: str) -> str:
    """What is stored of a link."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def invite_person(session: Any, firm: Firm, *, name: str, email: str, role: str) -> tuple[PortalInvitation, str]:
    """An invitation and its link's secret, which is shown once and kept nowhere (T-120). Open invitations of the same address
    are withdrawn. Raises RuleError with every problem."""
    access.require(session, INVITATION, "add")
    problems, address = Problems(), (email or "").strip()
    if firm.state in LEFT:
        problems.add("tenants.T-120", _l("This firm has left; nobody of it can be invited."))
    if role not in ROLES:
        problems.add("tenants.T-120", _l("Choose one of the roles offered."), "role")
    _check_person(session, problems, firm.id, name=name, email=address)
    problems.stop()
    mail.check_address(address)
    same = func.lower(PortalInvitation.email) == address.lower()
    session.execute(
        update(PortalInvitation)
        .where(PortalInvitation.firm_id == firm.id, same, PortalInvitation.state == "open")
        .values(state="withdrawn", version=PortalInvitation.version + 1)
        .execution_options(synchronize_session=False)
    )
    token = secrets.token_urlsafe(32)
    hours = settings.get(session, "core.invitation_hours", firm.park_id)
    row = PortalInvitation(
        firm_id=firm.id,
        park_id=firm.park_id,
        name=name.strip(),
        email=address,
        role=role,
        token_hash=fingerprint(token),
        expires_at=now() + timedelta(hours=hours),
        state="open",
        invited_by=scope_of(session).user_name,
    )
    session.add(row)
    session.flush()
    return row, token


def _check_person(session: Any, problems: Problems, firm_id: int, *, name: str, email: str) -> UserProfile | None:
    """Name and address of who is invited. Returns the log-in the address has already: withdrawn everywhere, or of this firm; the
    address of anybody else is a problem."""
    known = portal_users.find(session, email)
    session.flush()
    active = account_of(session.connection(), known.user_id) if known is not None else None
    if known is None or (active is not None and active[0] != firm_id):
        portal_users.check(session, problems, email=email, name=name)
        return None
    portal_users.check(session, problems, email=email, name=name, known=known)
    return known


def withdraw_invitation(session: Any, row: PortalInvitation) -> str:
    """The link opens nothing from now on."""
    access.require(session, INVITATION, "act")
    if row.state != "open":
        raise RuleError([Problem("tenants.T-121", _l("This invitation is closed already."))])
    row.state = "withdrawn"
    session.flush()
    return _("The link opens nothing any more.")


def find_invitation(session: Any, token: str, at: datetime) -> PortalInvitation:
    """The open invitation of a link; NotFound in one sentence for used, withdrawn, expired and unknown ones alike, and when the
    firm has left since."""
    row = session.scalars(
        select(PortalInvitation).where(PortalInvitation.token_hash == fingerprint(token)), execution_options={"populate_existing": True}
    ).one_or_none()
    firm = session.get(Firm, row.firm_id, populate_existing=True) if row is not None else None
    if row is None or row.state != "open" or row.expires_at <= at or firm is None or firm.state in LEFT:
        raise NotFound(GONE)
    return row


def accept_invitation(session: Any, token: str, *, password: str, again: str, locale: str, at: datetime) -> PortalAccount:
    """Take an invitation up once (T-121): the statement that closes it decides between two who hold the link. Who had a log-in
    before gets it back with the new password. The session is the system's: the link was the right."""
    row = find_invitation(session, token, at)
    problems = Problems()
    if password != again:
        problems.add("tenants.T-121", _l("The two passwords differ; type the password twice."), "again")
    known = _check_person(session, problems, row.firm_id, name=row.name, email=row.email)
    portal_users.check_password(session, problems, email=row.email, name=row.name, password=password, known=known)
    problems.stop()
    taken = session.execute(
        update(PortalInvitation)
        .where(PortalInvitation.id == row.id, PortalInvitation.state == "open")
        .values(state="used", used_at=at, version=PortalInvitation.version + 1)
        .execution_options(synchronize_session=False)
    ).rowcount
    if not taken:
        raise NotFound(GONE)
    if known is None:
        profile = portal_users.create_portal_user(session, email=row.email, name=row.name, password=password, locale=locale)
    else:
        profile = portal_users.restore_portal_user(session, known, name=row.name, password=password)
    return _open_account(session, row, profile, at)


def _open_account(session: Any, row: PortalInvitation, profile: UserProfile, at: datetime) -> PortalAccount:
    """The person's account in the firm that invited: the one there was, or a new one."""
    account = session.scalars(
        select(PortalAccount).where(PortalAccount.firm_id == row.firm_id, PortalAccount.user_id == profile.user_id)
    ).one_or_none()
    if account is None:
        account = PortalAccount(firm_id=row.firm_id, park_id=row.park_id, user_id=profile.user_id)
        session.add(account)
    account.role, account.state, account.joined_at, account.invited_by = row.role, "active", at, row.invited_by
    account.withdrawn_at = account.withdrawn_by = account.withdrawn_reason = None
    session.flush()
    return account


def change_role(session: Any, account: PortalAccount, *, role: str) -> str:
    """Another role; the person's open sessions end, so that the old rights end with them (T-122)."""
    access.require(session, ACCOUNT, "change")
    if account.state != "active":
        raise RuleError([Problem("tenants.T-122", _l("This account was withdrawn; invite the person anew."))])
    if role not in ROLES:
        raise RuleError([Problem("tenants.T-122", _l("Choose one of the roles offered."), "role")])
    if role != account.role:
        account.role = role
        session.flush()
        portal_users.rights_changed(session, _profile(session, account))
    return _("%(name)s has the role %(role)s now.", name=str(_profile(session, account)), role=str(ROLES.label(role)))


def withdraw_account(session: Any, account: PortalAccount, *, reason: str | None = None) -> str:
    """The person can no longer log in, at once (T-123)."""
    access.require(session, ACCOUNT, "act")
    if account.state != "active":
        raise RuleError([Problem("tenants.T-123", _l("This account was withdrawn already."))])
    account.state, account.withdrawn_at, account.withdrawn_by = "withdrawn", now(), scope_of(session).user_name
    account.withdrawn_reason = (reason or "").strip()[:300] or None
    profile = _profile(session, account)
    portal_users.end_portal_user(session, profile)
    session.flush()
    return _("%(name)s can no longer log in.", name=profile.name)


def _profile(session: Any, account: PortalAccount) -> UserProfile:
    found = session.get(UserProfile, account.user_id)
    if found is None:
        raise NotFound(_l("There is no such user."))
    return found


def people_of(session: Any, firm_ids: list[int], roles: tuple[str, ...] = ()) -> dict[int, list[int]]:
    """firm -> user ids of its active accounts, of these roles when given: who is told something."""
    query = (
        select(PortalAccount.firm_id, PortalAccount.user_id)
        .where(PortalAccount.firm_id.in_(firm_ids), PortalAccount.state == "active")
        .order_by(PortalAccount.user_id)
    )
    out: dict[int, list[int]] = {}
    for firm_id, user_id in session.execute(query.where(PortalAccount.role.in_(roles)) if roles else query):
        out.setdefault(firm_id, []).append(user_id)
    return out


def share_file(session: Any, attachment: Attachment, firm: Firm, *, title: str, on: date) -> SharedFile:
    """Let a firm open a file of the park's records (T-124). The file's own record must be one the actor may read."""
    attachments.find(session, attachment.id)
    people = people_of(session, [firm.id]).get(firm.id, [])
    sending.tell(session, people, "tenants.shared_file", _l("The park shares a document with you: %(title)s"), {"title": title}, owner=firm)
    values = {"firm_id": firm.id, "attachment_id": attachment.id, "title": title, "shared_on": on, "shared_by": scope_of(session).user_name}
    return records.create(session, SharedFile, values)


def share_upload(session: Any, firm: Firm, *, title: str, stream: Any, filename: str, on: date) -> SharedFile:
    """Put a file beside the firm and share it in one step."""
    return share_file(session, attachments.attach(session, firm, stream, filename, "shared"), firm, title=title, on=on)


def unshare_file(session: Any, row: SharedFile) -> None:
    """The firm no longer sees it; the file stays beside its record."""
    records.remove(session, row)


def lead_to_invite(session: Any, firm: Firm) -> tuple[str, str]:
    """The button on the firm: leads to the page with the form."""
    access.require(session, INVITATION, "add")
    return _("Fill in who is invited."), f"/tenants/portal/{firm.id}/invite"


def lead_to_share(session: Any, firm: Firm) -> tuple[str, str]:
    """The button on the firm: leads to the page with the form."""
    access.require(session, SHARED, "add")
    return _("Choose the file."), f"/tenants/portal/{firm.id}/share"
