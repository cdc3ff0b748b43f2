"""Configuration is typed and refuses what it does not know."""

import pytest

from parkops.config import read, secret
from parkops.errors import Refused


def test_unknown_keys_are_refused_with_the_known_ones():
    with pytest.raises(Refused, match="unknown setting PARKOPS_SECERT_KEY; known are .*PARKOPS_SECRET_KEY"):
        read({"PARKOPS_SECERT_KEY": "x"})


@pytest.mark.parametrize("key, text", [("PARKOPS_HTTPS", "maybe"), ("PARKOPS_POOL_SIZE", "many")])
def test_values_are_typed(key, text):
    with pytest.raises(Refused, match=f"{key}: '{text}' cannot be used"):
        read({key: text})


def test_audit_may_not_be_kept_shorter_than_the_law_says():
    with pytest.raises(Refused, match="184 or more"):
        read({"PARKOPS_AUDIT_KEEP_DAYS": "183"})


def test_toml_file_and_environment(tmp_path):
    file = tmp_path / "parkops.toml"
    file.write_text('pool_size = 9\ntrusted_hosts = ["a.example", "b.example"]\n')
    c = read({"PARKOPS_CONFIG": str(file), "PARKOPS_POOL_SIZE": "3"})
    assert (c.pool_size, c.trusted_hosts) == (3, ("a.example", "b.example"))


def test_secret_is_made_once_and_kept_private(tmp_path):
    c = read({"PARKOPS_DATA_DIR": str(tmp_path)})
    first = secret(c, "secret_key")
    assert len(first) >= 43 and secret(c, "secret_key") == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_short_secret_is_refused(tmp_path):
    with pytest.raises(Refused, match="at least 32"):
        secret(read({"PARKOPS_DATA_DIR": str(tmp_path), "PARKOPS_SECRET_KEY": "thisismysecretkey"}), "secret_key")
