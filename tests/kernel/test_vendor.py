"""Front-end files: copied from the lock file's packages, once, completely, without foreign hosts."""

import json
import re
import shutil

import pytest

from parkops.errors import Refused
from parkops.web import jstexts, vendor


@pytest.fixture
def tree(tmp_path):
    root, modules = tmp_path / "root", tmp_path / "node_modules"
    root.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(vendor.ROOT / name, root / name)
    for source in vendor.FILES:
        path = modules / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("body{}\n//# sourceMappingURL=x.map\n" if source.endswith(".js") else "{}")
    return root, modules, tmp_path / "vendor"


def test_copies_everything_then_is_current(tree):
    root, modules, target = tree
    assert not vendor.is_current(target, root)
    assert vendor.copy(modules, target, root) == len(vendor.FILES)
    assert vendor.is_current(target, root)
    assert "sourceMappingURL" not in (target / "tabler.min.js").read_text()


def test_a_changed_lock_file_or_a_missing_file_is_noticed(tree):
    root, modules, target = tree
    vendor.copy(modules, target, root)
    (target / "echarts.min.js").unlink()
    assert not vendor.is_current(target, root)
    vendor.copy(modules, target, root)
    (root / "package-lock.json").write_text("{}")
    assert not vendor.is_current(target, root)


def test_an_interrupted_copy_is_done_again(tree):
    root, modules, target = tree
    vendor.copy(modules, target, root)
    (modules / "echarts/dist/echarts.min.js").unlink()
    with pytest.raises(Refused):
        vendor.copy(modules, target, root)
    assert not vendor.is_current(target, root)


def test_versions_are_exact_and_locked():
    wanted = json.loads((vendor.ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((vendor.ROOT / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version) and locked[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in p and p.get("integrity") for n, p in locked.items() if n)


def test_every_text_of_the_scripts_exists():
    static = vendor.TARGET.parent
    used = set()
    for name in ("shell.js", "grid.js", "gridparts.js", "griddata.js"):
        used |= set(re.findall(r"\bT\(\"(\w+)\"", (static / name).read_text(encoding="utf-8")))
    assert used <= set(jstexts.TEXTS), used - set(jstexts.TEXTS)


def test_no_foreign_host_in_our_files():
    static = vendor.TARGET.parent
    for path in [*static.glob("*.js"), *static.glob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org)", text), path.name
