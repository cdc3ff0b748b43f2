"""A session never exists without its guards, whatever a process imported before."""

import subprocess
import sys

SCRIPT = """
from sqlalchemy import select
from parkops.db import session
{before}
s = session.new_session(None)
from modules.tenants.models.carrier import Carrier
try:
    s.scalars(select(Carrier)).all()
except Exception as e:
    print(type(e).__name__)
else:
    print("read")
"""


def run(before=""):
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(before=before)], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr[-600:]


def test_a_bare_process_is_denied_by_default(db):
    assert run() == "Refused"


def test_control_without_the_guards_the_same_query_reads(db):
    assert run("session._guards = lambda: None") == "read"
