"""A broker that knows its users lets our mqadmin in with the keys of Java's tools."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness import java
from harness.nameserver import NameServer

MQADMIN: Final = Path(sys.executable).with_name("mqadmin")
PROVIDER: Final = "org.apache.rocketmq.auth.authentication.provider"
AUTHENTICATED: Final = {
    "authenticationEnabled": "true",
    "authenticationProvider": f"{PROVIDER}.DefaultAuthenticationProvider",
    "authenticationMetadataProvider": f"{PROVIDER}.LocalAuthenticationMetadataProvider",
    "initAuthenticationUser": json.dumps({"username": "admin", "password": "secret"}),
    "innerClientAuthenticationCredentials": json.dumps(
        {"accessKey": "admin", "secretKey": "secret"}
    ),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("signed")
    with (
        NameServer(directory / "ours") as ours,
        java.Broker(directory / "broker", ours.address, properties=AUTHENTICATED) as broker,
    ):
        yield broker.address


def config(broker: str, home: Path) -> subprocess.CompletedProcess[str]:
    words = ("getBrokerConfig", "-b", broker, "-n", "127.0.0.1:1")
    env = {"PATH": "/usr/bin:/bin", "ROCKETMQ_HOME": str(home)}
    return subprocess.run(
        [MQADMIN, *words], capture_output=True, text=True, timeout=30, check=False, env=env
    )


@pytest.mark.parametrize(("secret", "code"), [("secret", 0), ("wrong", 1), ("", 1)])
def test_keys_in_tools_yml_sign_requests(
    broker: str, tmp_path: Path, secret: str, code: int
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/tools.yml").write_text(f"accessKey: admin\nsecretKey: {secret}\n")
    done = config(broker, tmp_path)
    assert done.returncode == code, done.stderr
    assert ("brokerClusterName" in done.stdout) == (code == 0)
