"""Configuration as Java keeps it: what an update changes, what is printed, what is refused."""

import pytest

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.nameserver import settings
from rocketmq_operator.protocol import properties

BASE = settings.defaults({"kvConfigPath": "/d/kv.json", "configStorePath": "/d/ns.properties"})


def printed(pure):
    return properties.parse_raw(pure.tell(319).body.decode())


def test_updates_are_printed_and_unknown_or_unreadable_ones_are_silently_skipped(pure):
    answer = pure.tell(318, b"waitSecondsForService=46\nnope=1\nclientRequestThreadPoolNums=x")
    assert answer.code == 0
    assert printed(pure)["waitSecondsForService"] == "46"
    assert printed(pure)["clientRequestThreadPoolNums"] == "8"
    assert "nope" not in printed(pure)


def test_a_fresh_server_prints_javas_keys_sorted(pure):
    keys = [line.split("=")[0] for line in pure.tell(319).body.decode().splitlines()]
    assert keys == sorted(keys)
    assert (len(keys), keys[0], keys[-1]) == (37, "bindAddress", "writeBufferLowWaterMark")


@pytest.mark.parametrize("name", sorted(settings.BLACK_LIST))
def test_what_could_write_elsewhere_is_refused_and_nothing_is_applied(pure, name):
    answer = pure.tell(318, f"waitSecondsForService=1\n{name}=/etc/passwd".encode())
    assert (answer.code, answer.remark) == (16, "Can not update config in black list.")
    assert printed(pure)["waitSecondsForService"] == "45"


def test_the_configured_black_list_counts_too():
    extended = settings.loaded(BASE, {"configBlackList": "listenPort;productEnvName"})
    assert extended.refused({"listenPort": "1", "kvConfigPath": "x", "clusterTest": "true"}) == [
        "kvConfigPath",
        "listenPort",
    ]


@pytest.mark.parametrize(
    ("body", "code", "remark"),
    [(b"", 0, None), (b"a=\\u12", 1, "string2Properties error"), (b"# nothing", 0, None)],
)
def test_odd_update_bodies(pure, body, code, remark):
    answer = pure.tell(318, body)
    assert (answer.code, answer.remark) == (code, remark)


def test_keys_of_the_file_stay_and_can_be_updated():
    loaded = settings.loaded(BASE, {"useTLS": "false", "custom": "1", "clusterTest": "true"})
    updated = loaded.updated({"custom": "2", "other": "3"})
    assert updated.printed()["custom"] == "2"
    assert updated.printed()["useTLS"] == "false"
    assert updated.printed()["clusterTest"] == "true"
    assert "other" not in updated.printed()


def test_a_seed_may_not_set_paths_or_listeners():
    with pytest.raises(SettingsError, match=r"/seed/f: kvConfigPath, listenPort cannot be seeded"):
        settings.seeded(BASE, {"listenPort": "1", "kvConfigPath": "x", "a": "b"}, "/seed/f")


def test_what_was_stored_does_not_move_the_files():
    assert settings.stored(BASE, {"kvConfigPath": "/old"}).values["kvConfigPath"] == "/d/kv.json"


def test_options_are_clamped_to_what_a_timer_can_do():
    given = {
        "serverChannelMaxIdleTimeSeconds": "0",
        "scanNotActiveBrokerInterval": "-5",
        "waitSecondsForService": "2147483647",
    }
    options = BASE.updated(given).options()
    assert (options.idle_seconds, options.scan_interval) == (0, 10)
    assert 0 < options.wait_for_service < 2**53


def test_people_are_told_of_typos_bad_values_and_settings_without_meaning():
    entries = {
        "lisenPort": "1",
        "zzz": "1",
        "listenPort": "x",
        "defaultThreadPoolNums": "99",
        "clusterTest": "false",
        "supportActingMaster": "true",
    }
    assert settings.remarks(entries, "f") == [
        "f: defaultThreadPoolNums is accepted; has no meaning in this server",
        "f: unknown property lisenPort; did you mean listenPort?",
        "f: listenPort='x' is not of type int; ignored",
        "f: unknown property zzz",
    ]


def test_an_update_beyond_its_bound_changes_nothing(pure):
    answer = pure.tell(318, b"productEnvName=" + b"x" * (256 * 1024))
    assert answer.code == 16
    assert "at most 262144" in answer.remark
    assert b"productEnvName=center" in pure.tell(319).body


def test_half_a_surrogate_pair_does_not_make_the_configuration_unreadable(pure):
    assert pure.tell(318, rb"productEnvName=a\ud800b").code == 0
    assert "productEnvName=a\ufffdb" in pure.tell(319).body.decode()
