"""What the tests need of the system: Chromium for the browser tests, LibreOffice for one that recalculates a spreadsheet.

Debian's packages where root allows, else one clear sentence; without Chromium the set-up stops, without LibreOffice one test is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

LIGHT = "chromium-headless-shell"  # Chromium without its windows: a page costs a third of the processor's time
NAMES = (LIGHT, "chromium", "chromium-browser", "google-chrome")


def executable() -> str | None:
    """Path of a Chromium, or None. `PARKOPS_TEST_CHROMIUM` wins."""
    given = os.environ.get("PARKOPS_TEST_CHROMIUM")
    return given if given else next((p for n in NAMES if (p := shutil.which(n))), None)


def ensure(*, light: bool = False) -> str:
    """Path of a Chromium. When it is missing and we may, Debian's light one (and a CJK font) is installed, the whole one where that is
    all there is; `light` asks for the light one even beside a whole one. Exits with a sentence when there is none."""
    found = executable()
    if not found or (light and not found.endswith(LIGHT) and "PARKOPS_TEST_CHROMIUM" not in os.environ):
        _install(LIGHT, "fonts-noto-cjk")
    if not executable():
        _install("chromium", "fonts-noto-cjk")
    found = executable()
    if not found:
        sys.exit("The browser tests need Chromium: install the package `chromium-headless-shell` or `chromium` (and `fonts-noto-cjk`),"
                 " or set PARKOPS_TEST_CHROMIUM to its path.")
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
    print(ensure(light=True))
    ensure_office()
