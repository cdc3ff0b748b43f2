"""What the security tests share: a form log-in that tells the answer, tokens, and addresses."""

from __future__ import annotations

import re
from typing import Any

PASSWORD = "Parkops-test-1"
LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


def token(client: Any, path: str = "/login/") -> str:
    """A CSRF token for the client's present session."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).get_data(as_text=True))
    return found[1] if found else ""


def form_login(client: Any, name: str, password: str = PASSWORD, address: str = "127.0.0.1", **more: str) -> Any:
    return client.post("/login/", data={"username": name, "password": password, "csrf_token": token(client), **more},
                       environ_base={"REMOTE_ADDR": address})


def api_login(client: Any, name: str, password: str = PASSWORD, address: str = "127.0.0.1", **more: Any) -> Any:
    return client.post("/api/v1/security/login", json={"username": name, "password": password, **more},
                       environ_base={"REMOTE_ADDR": address})


def bearer(client: Any, name: str, password: str = PASSWORD) -> dict[str, str]:
    answer = api_login(client, name, password)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {"Authorization": "Bearer " + answer.get_json()["access_token"]}


def alive(client: Any) -> bool:
    """Whether the cookie still signs in."""
    return client.get("/account/").status_code == 200


def alive_token(client: Any, head: dict[str, str]) -> bool:
    """Whether the bearer token still signs in (on a client without cookies)."""
    return client.get("/api/v1/core/todo/_info", headers=head).status_code == 200
