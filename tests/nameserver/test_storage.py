"""Files on disk: replaced as a whole, with nothing left beside them."""

import errno
import os
from pathlib import Path

import pytest

from rocketmq_operator.errors import StorageError
from rocketmq_operator.nameserver import storage


@pytest.fixture
def killed_in_replace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write ends before the new file takes the old one's place, and nobody cleans up."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", killed)


@pytest.mark.usefixtures("killed_in_replace")
@pytest.mark.parametrize("backup", [False, True])
def test_loading_removes_what_a_killed_write_left(tmp_path: Path, backup: bool) -> None:
    path = tmp_path / "namesrv.properties"
    path.write_text("listenPort=1\n")
    others = tmp_path / ".kvConfig.json.abc.tmp", tmp_path / ".namesrv.properties.swp"
    for other in others:
        other.touch()
    with pytest.raises(KeyboardInterrupt):
        storage.save(path, b"listenPort=2\n", backup=backup)
    assert len(list(tmp_path.iterdir())) == 4
    assert storage.load_properties(path, required=True) == {"listenPort": "1"}
    assert set(tmp_path.iterdir()) == {path, *others}


@pytest.mark.usefixtures("killed_in_replace")
def test_loading_removes_what_a_killed_write_left_behind_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real" / "kvConfig.json", tmp_path / "kv.json"
    target.parent.mkdir()
    target.write_text('{"configTable":{}}')
    link.symlink_to(target)
    with pytest.raises(KeyboardInterrupt):
        storage.save(link, b"new")
    storage.load_kv(link)
    assert list(target.parent.iterdir()) == [target]


def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "kvConfig.json"
    storage.save(path, b'{"configTable":{}}')
    monkeypatch.setattr("os.fsync", refused)
    with pytest.raises(StorageError, match="No space left on device"):
        storage.save(path, b"new")
    assert path.read_bytes() == b'{"configTable":{}}'
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_a_mount_point_is_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "namesrv.conf"
    path.write_text("listenPort=1000\n")
    node, replaced = path.stat().st_ino, os.replace

    def busy(source: str, target: Path) -> None:
        if target == path:
            raise OSError(errno.EBUSY, "Device or resource busy")
        replaced(source, target)

    monkeypatch.setattr("os.replace", busy)
    storage.save(path, b"listenPort=1\n", backup=True)
    assert (path.read_text(), path.stat().st_ino) == ("listenPort=1\n", node)
    assert {each.name for each in tmp_path.iterdir()} == {"namesrv.conf", "namesrv.conf.bak"}


def test_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "real" / "namesrv.conf", tmp_path / "namesrv.conf"
    storage.save(target, b"listenPort=1\n")
    link.symlink_to(target)
    storage.save(link, b"listenPort=2\n")
    assert link.is_symlink()
    assert target.read_text() == "listenPort=2\n"
