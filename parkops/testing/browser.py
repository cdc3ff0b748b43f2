"""Makes sure a Chromium is here for the browser tests: Debian's package where root allows, else one clear sentence."""

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
    if os.geteuid() == 0 and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=env)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk"], check=False, env=env)
        found = executable()
    if not found:
        sys.exit("The browser tests need Chromium: install the package `chromium` (and `fonts-noto-cjk`), or set"
                 " PARKOPS_TEST_CHROMIUM to its path.")
    return found


if __name__ == "__main__":
    print(ensure())
