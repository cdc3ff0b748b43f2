"""Every security switch of Flask, FAB and their extensions in one place, each with the reason it is not the default.

Figures: reliability goals G36 to G42. Deviation from FAB's own per-address limit (5 a minute): a whole office sits behind
one address, so the address limit is 60 a minute and the per-name lock-out (`lockout.py`) does the real work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..config import Config, secret
from ..errors import Refused
from .identity import ABSOLUTE, IDLE

KNOWN_KEYS = {
    "changeme", "change-me", "secret", "secretkey", "secret-key", "thisisasecretkey", "this is my secret key", "dev", "development",
    "thisismyscretkey", "\\2\\1thisismyscretkey\\1\\2\\e\\y\\y\\h", "\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h",
    "change_me_to_a_complex_random_secret", "test_non_dev_secret", "your_own_random_generated_string",
    "your_own_random_generated_secret_key", "yoursecretkey", "you-will-never-guess", "hard to guess string", "supersecretkey",
    "temporary_key", "cccccccccccccccccccc", "this_is_a_secret_key_of_at_least_32_characters",
}
ANY_RATE = "100000 per minute"
MEBIBYTE = 1024 * 1024


def check_secret(name: str, key: str) -> str:
    """Refuse short, published and monotonous keys (the class of CVE-2023-27524)."""
    plain = key.strip().lower()
    if len(key) < 32 or plain in KNOWN_KEYS or plain.rstrip("0123456789!.") in KNOWN_KEYS or len(set(key)) < 10:
        raise Refused(f"PARKOPS_{name.upper()} is short or well known; use at least 32 random characters, "
                      "for example from `python -c 'import secrets; print(secrets.token_urlsafe(48))'`")
    return key


def flask_settings(config: Config) -> dict[str, Any]:
    """The configuration of the Flask app."""
    return {**_keys(config), **_cookies(config), **_limits(config), **_fab(config), **_jwt(config), "PARKOPS": config}


def _keys(config: Config) -> dict[str, Any]:
    keys = {
        "SECRET_KEY": check_secret("secret_key", secret(config, "secret_key")),
        "JWT_SECRET_KEY": check_secret("jwt_secret_key", secret(config, "jwt_secret_key")),  # never the cookie's key
        "SECRET_KEY_FALLBACKS": [check_secret("secret_key_fallbacks", k) for k in config.secret_key_fallbacks] or None,
    }
    if keys["SECRET_KEY"] == keys["JWT_SECRET_KEY"]:
        raise Refused("PARKOPS_SECRET_KEY and PARKOPS_JWT_SECRET_KEY are the same; use two different ones")
    return keys


def _cookies(config: Config) -> dict[str, Any]:
    return {
        "SESSION_COOKIE_NAME": "__Host-session" if config.https else "session",
        "SESSION_COOKIE_SECURE": config.https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_REFRESH_EACH_REQUEST": False,  # idle time is kept on the server
        "PERMANENT_SESSION_LIFETIME": ABSOLUTE,
        "PARKOPS_IDLE": IDLE,
        "PREFERRED_URL_SCHEME": "https" if config.https else "http",
        "TRUSTED_HOSTS": list(config.trusted_hosts) or None,
        "FAB_SAFE_REDIRECT_HOSTS": list(config.trusted_hosts),
        "WTF_CSRF_ENABLED": True,
        "WTF_CSRF_CHECK_DEFAULT": False,  # `setup._check_csrf` asks on every request that does not carry a bearer token
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: long forms
        "WTF_CSRF_SSL_STRICT": True,
        "FAB_ALLOW_GET_UNSAFE_MUTATIONS": False,
    }


def _limits(config: Config) -> dict[str, Any]:
    return {
        "MAX_CONTENT_LENGTH": 20 * MEBIBYTE,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1000,
        "AUTH_RATE_LIMITED": True,
        "RATELIMIT_ENABLED": True,  # both switches are needed
        "AUTH_RATE_LIMIT": ANY_RATE if config.testing else "60 per minute",
        "RATELIMIT_STORAGE_URI": "memory://",  # per process; what must hold across workers is the lock-out table
        "RATELIMIT_HEADERS_ENABLED": False,
        "UPLOAD_FOLDER": str(config.files_dir),
        "FILE_ALLOWED_EXTENSIONS": (),  # FAB's own upload is not used; attachments have their own allow-list
        "IMG_UPLOAD_FOLDER": str(config.files_dir),
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
    }


def _fab(config: Config) -> dict[str, Any]:
    return {
        "APP_NAME": "ParkOps",
        "AUTH_TYPE": 1,
        "AUTH_USER_REGISTRATION": False,
        "AUTH_API_LOGIN_ALLOW_MULTIPLE_PROVIDERS": False,
        "AUTH_ROLE_ADMIN": "system_administrator",
        "AUTH_ROLE_PUBLIC": "Public",  # holds nothing; is_item_public answers False
        "AUTH_ROLES_SYNC_AT_LOGIN": False,
        "AUTH_DB_FAKE_PASSWORD_HASH_CHECK": "",  # FAB's own check is replaced by security.sessions.log_in
        "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "FAB_PASSWORD_HASH_METHOD": "scrypt:32768:8:1",
        "FAB_PASSWORD_HASH_SALT_LENGTH": 16,
        "FAB_ADD_SECURITY_VIEWS": True,
        "FAB_ADD_SECURITY_API": False,
        "FAB_API_KEY_ENABLED": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
        "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
        "FAB_API_SWAGGER_UI": config.swagger,
        "FAB_API_MAX_PAGE_SIZE": 100,
        "FAB_API_SHOW_STACKTRACE": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_CREATE_DB": False,
        "FAB_SECURITY_SIGNALS_ENABLED": True,
        "FAB_ROLES": {},  # patterns are matched by prefix (trap 24); our grants are exact
        "ADDON_MANAGERS": [],
        "BABEL_DEFAULT_LOCALE": "zh",
        "LANGUAGES": {"zh": {"flag": "cn", "name": "简体中文"}, "en": {"flag": "gb", "name": "English"}},
        "PROPAGATE_EXCEPTIONS": False,
        "DEBUG": False,
    }


def _jwt(config: Config) -> dict[str, Any]:
    return {
        "JWT_TOKEN_LOCATION": ["headers"],  # never cookies: bearer calls are free of CSRF because of it
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        "JWT_REFRESH_TOKEN_EXPIRES": ABSOLUTE,
        "JWT_ALGORITHM": "HS256",
        "JWT_DECODE_ALGORITHMS": ["HS256"],
        "JWT_ERROR_MESSAGE_KEY": "message",
    }
