"""Robots of WeCom, DingTalk and Feishu: an address is their token, taken from the link the service gives, and only links of the
three services are understood. So no request ever goes to a host somebody typed (server-side request forgery)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ..errors import Problem, RuleError
from ..i18n import _l

TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")
SECRET = re.compile(r"SEC[A-Za-z0-9]{8,200}")
# channel -> (host, path of the link, where the token stands: a query name, or None for the end of the path)
LINKS: dict[str, tuple[str, str, str | None]] = {
    "wecom": ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key"),
    "dingtalk": ("oapi.dingtalk.com", "/robot/send", "access_token"),
    "feishu": ("open.feishu.cn", "/open-apis/bot/v2/hook/", None),
}


def _refuse(channel: str) -> RuleError:
    host, path, _name = LINKS[channel]
    return RuleError(
        [
            Problem(
                "notify.link",
                _l("Paste the robot's link as the service shows it; it begins with https://%(start)s.", start=host + path),
                "address",
            )
        ]
    )


def token_of(channel: str, typed: str, secret: str = "") -> str:
    """What is kept of a robot: its token, with DingTalk's signing secret before it when one is set. Raises RuleError for any
    other host, port, user part or form of a link."""
    host, path, name = LINKS[channel]
    try:
        parts = urlsplit(typed.strip())
        port = parts.port
    except ValueError:
        raise _refuse(channel) from None
    if parts.scheme != "https" or parts.netloc.lower() != host or port is not None or parts.fragment:
        raise _refuse(channel)
    if name is not None:
        token = (parse_qs(parts.query).get(name) or [""])[0] if parts.path == path else ""
    else:
        token = parts.path.removeprefix(path) if parts.path.startswith(path) and not parts.query else ""
    if not TOKEN.fullmatch(token) or (channel == "dingtalk" and not token.isalnum()):
        raise _refuse(channel)
    if secret.strip():
        if channel != "dingtalk" or not SECRET.fullmatch(secret.strip()):
            raise RuleError([Problem("notify.secret", _l("The signing secret begins with SEC; copy it from the robot's page."), "secret")])
        return f"{secret.strip()}@{token}"
    return token


def url_of(channel: str, token: str) -> str:
    """The address apprise understands."""
    return f"{ {'wecom': 'wecombot', 'dingtalk': 'dingtalk', 'feishu': 'feishu'}[channel] }://{token}/"


def _asset(apprise: Any) -> Any:
    return apprise.AppriseAsset(app_id="ParkOps", storage_mode=apprise.PersistentStoreMode.MEMORY, http_redirects=False)


def send(channel: str, token: str, title: str, text: str) -> None:
    """Send through apprise; raises RuntimeError when the service did not take it. The hosts are fixed in apprise's own
    plugins, and redirects are not followed."""
    import apprise  # its start costs a quarter of a second, which only the sender pays

    sender: Any = apprise.Apprise(asset=_asset(apprise))
    if not sender.add(url_of(channel, token)):
        raise RuntimeError("the robot's token is not understood")
    if not sender.notify(body=text, title=title):
        raise RuntimeError("the service did not take the message; look at the robot's settings there")
