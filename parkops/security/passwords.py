"""Password rules. Two profiles, chosen openly: `dengbao` (GB/T 22239-2019 8.1.4.1: complexity and periodic change) and
`asvs` (OWASP ASVS 5.0 6.2.5 and 6.2.10 forbid both; length and the common list decide). Pure functions, no session."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from ..errors import Problem, Problems
from ..i18n import _l

MIN_LENGTH = {"dengbao": 10, "asvs": 12}
MAX_LENGTH = 128
KEPT = 5
EXPIRES_AFTER = {"dengbao": timedelta(days=90), "asvs": None}
METHOD = "scrypt:32768:8:1"  # N=2^15, r=8, p=1
COMMON = Path(__file__).with_name("common_passwords.txt")
LEET = str.maketrans("@4310$5!7", "aaeiosslt")


@lru_cache(maxsize=1)
def fake_hash() -> str:
    """A hash nobody's password has; checked for unknown users so that the answer takes as long."""
    return generate_password_hash("no-such-user", METHOD)


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """Passwords that attackers try first: the 30,000 most frequent ones of published leaks (the list zxcvbn carries) and our
    own list, which adds what is used in China and here. About 8 ms and 4 MB, at the first new password of a process."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    words = [w.strip().lower() for w in COMMON.read_text(encoding="utf-8").splitlines() if w.strip() and not w.startswith("#")]
    return frozenset(words) | frozenset(w.lower() for w in FREQUENCY_LISTS["passwords"])


def stem(password: str) -> str:
    """The word people put digits and marks around: `Parkops@2026!` -> `parkops`."""
    bare = re.sub(r"[^a-z]+$|^[^a-z]+", "", password.lower().translate(LEET))
    return bare


def is_common(password: str) -> bool:
    """True for listed passwords, listed stems with digits or marks around them, runs and repetitions."""
    low = unicodedata.normalize("NFKC", password).lower()
    plain = re.sub(r"[\W_]+", "", low)
    if low in common() or plain in common():
        return True
    word = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", low)
    for form in (word, word.translate(LEET), stem(low), *_inside(low)):
        if len(form) >= 3 and form in common():
            return True
    return len(set(plain)) <= 3 or _is_run(plain)


def _inside(low: str) -> list[str]:
    """What is left when only some of the digits and marks around the letters are taken away: `abc123@2026` -> `abc123`;
    without letters the longest number when little stands beside it: `12344321@2026` -> `12344321`."""
    numbers = re.findall(r"\d+", low)
    if not any(c.isalpha() for c in low):
        longest = max(numbers, key=len, default="")
        return [longest] if sum(map(len, numbers)) - len(longest) <= 6 else []
    head = len(low) - len(re.sub(r"^[\W\d_]+", "", low))
    tail = len(re.sub(r"[\W\d_]+$", "", low))
    return [low[a:b] for a in range(min(head, 20) + 1) for b in range(max(tail, head), len(low) + 1)] if len(low) <= MAX_LENGTH else []


def _is_run(text: str) -> bool:
    """`abcdefghij`, `9876543210`, and walks along a keyboard row."""
    rows = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm")
    return any(text in row * 2 or text in row[::-1] * 2 for row in rows) if len(text) >= 4 else True


def kinds(password: str) -> int:
    """How many of the four kinds (lower, upper, digit, other) occur."""
    tests = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    return sum(any(test(c) for c in password) for test in tests)


def problems(password: str, *, profile: str, username: str = "", name: str = "", former: tuple[str, ...] = (),
             field: str = "password") -> list[Problem]:
    """Everything wrong with a new password. `former`: hashes of the present and earlier ones, newest first."""
    found = Problems()
    shortest = MIN_LENGTH[profile]
    if not is_text(password) or not password.strip():
        found.add("core.password_empty", _l("Enter a password."), field)
        return found.found
    if len(password) < shortest:
        found.add("core.password_short", _l("Use at least %(n)s characters.", n=shortest), field)
    if len(password) > MAX_LENGTH:
        found.add("core.password_long", _l("Use at most %(n)s characters.", n=MAX_LENGTH), field)
        return found.found
    if profile == "dengbao" and kinds(password) < 3:
        found.add("core.password_simple",
                  _l("Mix at least three of: lower-case letters, capitals, digits, other characters."), field)
    if is_common(password):
        found.add("core.password_common", _l("This password is among the first that attackers try; choose another."), field)
    low = password.lower()
    if any(len(part) >= 3 and part.lower() in low for part in (username, name)):
        found.add("core.password_name", _l("Do not put your name or user name into the password."), field)
    if not found.found and any(check_password_hash(h, password) for h in former[:KEPT] if h):
        found.add("core.password_used", _l("You used this password before; the last %(n)s cannot be used again.", n=KEPT), field)
    return found.found


def hashed(password: str) -> str:
    """What is stored."""
    return generate_password_hash(password, METHOD, salt_length=16)


def matches(stored: str | None, password: str) -> bool:
    """Compare in the same time whether or not there is a stored hash."""
    if not stored or not password or not is_text(password):
        check_password_hash(fake_hash(), "x")
        return False
    return check_password_hash(stored, password[:1024])


def is_text(value: str) -> bool:
    """False for what neither a password nor a name can hold: NUL and lone surrogates."""
    return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)


def expired(changed_at: datetime | None, now: datetime, profile: str) -> bool:
    """Whether the password is past its days (never under `asvs`)."""
    limit = EXPIRES_AFTER[profile]
    return limit is not None and (changed_at is None or now - changed_at > limit)
