"""Files on disk: replaced as a whole, with nothing left beside them."""

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
