"""Java's TLS properties: what they mean together, and which combinations are refused."""

import pytest

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.tlssettings import (
    ClientAuth,
    TlsMode,
    TlsSettings,
    read,
    remarks,
)

FILES = {
    "tls.test.mode.enable": "false",
    "tls.server.certPath": "/c",
    "tls.server.keyPath": "/k",
}
CHECKED = {**FILES, "tls.server.authClient": "true", "tls.server.trustCertPath": "/t"}


def test_nothing_given_is_permissive_with_a_throw_away_certificate():
    assert read({}, {}) == TlsSettings(TlsMode.PERMISSIVE, test_mode=True)


def test_the_file_wins_but_never_decides_the_mode():
    file = {**FILES, "tls.server.certPath": "/other", "tls.server.mode": "disabled"}
    found = read({**FILES, "tls.server.mode": "enforcing"}, file)
    assert (found.mode, found.certificate_path) == (TlsMode.ENFORCING, "/other")


@pytest.mark.parametrize(
    ("auth", "checked", "meaning"),
    [
        ("none", "true", ClientAuth.NONE),
        ("REQUIRE", "true", ClientAuth.REQUIRE),
        (" optional ", "TRUE", ClientAuth.OPTIONAL),
        ("optional", "false", ClientAuth.NONE),
        ("", "true", ClientAuth.NONE),
    ],
)
def test_client_certificates_count_only_if_they_are_checked(auth, checked, meaning):
    entries = {**CHECKED, "tls.server.need.client.auth": auth, "tls.server.authClient": checked}
    assert read(entries, {}).client_auth is meaning


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tls.server.mode": "enforcin"}, "disabled, permissive, enforcing"),
        ({"tls.test.mode.enable": "false"}, r"tls\.server\.certPath and tls\.server\.keyPath"),
        ({**FILES, "tls.server.keyPath": ""}, r"tls\.server\.keyPath is not set"),
        ({**CHECKED, "tls.server.need.client.auth": "must"}, "none, optional, require"),
        (
            {**CHECKED, "tls.server.need.client.auth": "require", "tls.server.authClient": "no"},
            "would believe any certificate",
        ),
    ],
)
def test_what_would_not_work_or_not_protect_is_refused(given, words):
    with pytest.raises(SettingsError, match=words):
        read(given, {})


def test_a_disabled_server_needs_no_files():
    assert read({"tls.test.mode.enable": "false", "tls.server.mode": "disabled"}, {}).paths == []


def test_the_files_that_matter_are_those_in_use():
    assert read(FILES, {}).paths == ["/c", "/k"]
    assert read({**CHECKED, "tls.test.mode.enable": "true"}, {}).paths == []


def test_people_are_warned_of_what_has_no_effect():
    given = {
        **FILES,
        "tls.test.mode.enable": "true",
        "tls.server.certpath": "/c",
        "tls.enable": "1",
    }
    text = "\n".join(remarks(given, read(given, {})))
    assert "did you mean tls.server.certPath" in text
    assert "tls.enable concerns clients" in text
    assert "tls.server.certPath is not used while tls.test.mode.enable is true" in text


def test_settings_that_take_effect_are_not_remarked_upon():
    assert remarks(CHECKED, read(CHECKED, {})) == []
