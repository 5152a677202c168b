"""The Java peers that other tests rely on: they find each other and pass messages."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import java
from harness.errors import HarnessError
from harness.java.libraries import libraries
from harness.wait import until


def test_name_server_brokers_and_clients_work_together(tmp_path: Path) -> None:
    with java.NameServer(tmp_path / "namesrv") as namesrv:
        master = java.Broker(tmp_path / "master", namesrv.address)
        slave = java.Broker(tmp_path / "slave", namesrv.address, broker_id=1)
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(java.Broker.start, (master, slave)))
            assert java.produce(namesrv.address, "peers", 100) == (100, 0, "")
            assert java.consume(namesrv.address, "peers", 100).distinct == 100
            listed = java.Mqadmin(namesrv.address).run("clusterList")
            assert master.address in listed.stdout
            assert slave.address in listed.stdout
            master.kill()
            until(
                lambda: not java.knows_broker(namesrv.address, master.address),
                timeout=10,
                what="the NameServer to drop a broker that was killed",
            )
            assert java.knows_broker(namesrv.address, slave.address)
        finally:
            master.kill()
            slave.kill()


def test_a_missing_jdk_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(HarnessError, match=r"java is missing: .* type: sudo apt-get install"):
        libraries()


def test_a_broker_that_cannot_start_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    broken = java.Broker(tmp_path, "127.0.0.1:1", properties={"namesrvAddr": "nonsense"})
    with pytest.raises(HarnessError, match="ended with code"):
        broken.start()
