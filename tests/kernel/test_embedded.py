"""The embedded server: pid files of a server that is no more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from parkops.db import embedded


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with the pid files of a server that died, their number in use by this very test."""
    monkeypatch.setattr(embedded, "data_dir", lambda: tmp_path / "pg")
    monkeypatch.setattr(embedded, "socket_dir", lambda: tmp_path / "run")
    for name in ("pg/postmaster.pid", "run/.s.PGSQL.5432.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{os.getpid()}\n{tmp_path / 'pg'}\n")
    return tmp_path


def test_a_number_that_belongs_to_another_program_does_not_keep_the_server_from_starting(folder):
    embedded._forget_the_dead()
    assert not (folder / "pg/postmaster.pid").exists()
    assert not (folder / "run/.s.PGSQL.5432.lock").exists()


def test_a_process_at_work_in_the_folder_keeps_its_files(folder):
    """A server, or a child of one that was killed, has the data folder as its working folder."""
    with subprocess.Popen([sys.executable, "-c", "print('here', flush=True); input()"], cwd=folder / "pg", stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"here\n"
        embedded._forget_the_dead()
        assert (folder / "pg/postmaster.pid").exists()
        child.stdin.close()
