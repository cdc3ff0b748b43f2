"""What the tests need of the system: Chromium for the browser tests, LibreOffice for one that recalculates a spreadsheet.

Debian's packages where root allows, else one clear sentence; without Chromium the set-up stops, without LibreOffice one test is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str | None:
    """Path of a Chromium, or None. `PARKOPS_TEST_CHROMIUM` wins."""
    given = os.environ.get("PARKOPS_TEST_CHROMIUM")
    return given if given else next((p for n in NAMES if (p := shutil.which(n))), None)


def ensure() -> str:
    """Install Debian's chromium (and a CJK font) when it is missing and we may; exit with a sentence otherwise."""
    found = executable()
    if found:
        return found
    _install("chromium", "fonts-noto-cjk")
    found = executable()
    if not found:
        sys.exit("The browser tests need Chromium: install the package `chromium` (and `fonts-noto-cjk`), or set"
                 " PARKOPS_TEST_CHROMIUM to its path.")
    return found


def office() -> str | None:
    """Path of LibreOffice, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def ensure_office() -> None:
    """Install Debian's LibreOffice Calc (no windows) when it is missing and we may; say what is left out otherwise."""
    if not office():
        _install("libreoffice-calc-nogui")
    if not office():
        print("LibreOffice is not here: the funds' spreadsheet is compared as stored, not recalculated (package `libreoffice-calc-nogui`).")


def _install(*packages: str) -> None:
    """Debian's packages, where we are root on Debian."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=env)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False, env=env)


if __name__ == "__main__":
    print(ensure())
    ensure_office()
