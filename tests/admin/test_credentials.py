"""Requests are signed as Java's tools sign them."""

from pathlib import Path

import pytest

from rocketmq_operator.admin.credentials import Credentials
from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.command import request

FIELDS = {"namespace": "a", "key": "b", "value": "c"}
SIGNATURE = "G0OGQ8xbGQ5dpL7j0J+U1eXUuTw="
"""printf akbacx | openssl dgst -sha1 -hmac sk -binary | base64"""


def write(home: Path, text: str) -> None:
    (home / "conf").mkdir()
    (home / "conf/tools.yml").write_text(text)


def test_a_request_gets_the_key_and_a_signature_of_all_fields_and_the_body() -> None:
    signed = Credentials("ak", "sk").sign(request(100, FIELDS, b"x"))
    assert signed.ext_fields == {**FIELDS, "AccessKey": "ak", "Signature": SIGNATURE}
    assert (signed.code, signed.body) == (100, b"x")


def test_a_token_is_signed_as_well() -> None:
    signed = Credentials("ak", "sk", "token").sign(request(100, FIELDS, b"x"))
    assert signed.ext_fields is not None
    assert signed.ext_fields["SecurityToken"] == "token"
    assert signed.ext_fields["Signature"] != SIGNATURE


def test_credentials_come_from_the_file_of_javas_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROCKETMQ_HOME", str(tmp_path))
    assert Credentials.from_home() is None
    write(tmp_path, "accessKey: ak\nsecretKey: sk\n")
    assert Credentials.from_home() == Credentials("ak", "sk")
    assert "sk" not in repr(Credentials.from_home())


@pytest.mark.parametrize("text", ["", "accessKey: ak\n", "accessKey: ' '\nsecretKey: sk\n", "[]"])
def test_without_both_keys_nothing_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ROCKETMQ_HOME", str(tmp_path))
    write(tmp_path, text)
    assert Credentials.from_home() is None


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROCKETMQ_HOME", str(tmp_path))
    write(tmp_path, "accessKey: [")
    with pytest.raises(SettingsError, match=r"tools\.yml"):
        Credentials.from_home()
