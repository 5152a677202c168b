"""From command line, environment and files to a server that can start."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rocketmq_operator import __version__
from rocketmq_operator.errors import SettingsError, StorageError
from rocketmq_operator.nameserver import settings, storage
from rocketmq_operator.nameserver.kvconfig import KvConfig
from rocketmq_operator.nameserver.settings import Configuration
from rocketmq_operator.protocol import tlssettings
from rocketmq_operator.protocol.headers import SerializeType
from rocketmq_operator.protocol.tlssettings import TlsSettings
from rocketmq_operator.transport.client import split_address

_CONFIG_FILE = "namesrv.properties"
_KV_FILE = "kvConfig.json"
_ADDRESS_LIST = "nsaddr"
_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Startup:
    """Everything a server starts with.

    ``address_list`` is the file that the HTTP side serves as the list of all NameServers, if it is
    there; ``warnings`` are for the log.
    """

    configuration: Configuration
    kv: KvConfig
    kv_path: Path
    config_path: Path
    listen: tuple[str, int]
    http: tuple[str, int] | None
    peers: list[tuple[str, int]]
    address_list: Path | None
    serialize_type: SerializeType
    tls: TlsSettings
    log_level: str
    loaded_file: str | None
    warnings: list[str]


def parser() -> argparse.ArgumentParser:
    """The command line; its first options are those of Java's mqnamesrv."""
    made = argparse.ArgumentParser(
        prog="rocketmq-nameserver",
        description="A NameServer for Apache RocketMQ brokers and clients.",
        epilog="Environment: NAMESRV_LOG_LEVEL (debug, info, warning, error), NAMESRV_PEERS "
        "(where --peers is not given), ROCKETMQ_HOME, "
        "ROCKETMQ_SERIALIZE_TYPE (JSON, ROCKETMQ). TLS: -D with the names that Java takes, such as "
        "tls.server.mode (disabled, permissive, enforcing), tls.test.mode.enable=false, "
        "tls.server.certPath, tls.server.keyPath.",
    )
    _add_options_of_java(made)
    _add_own_options(made)
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return made


def _add_options_of_java(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add(
        "-c", "--configFile", metavar="FILE", help="properties file; updates are written back to it"
    )
    add("-p", "--printConfigItem", action="store_true", help="print all properties and exit")
    add("-n", "--namesrvAddr", metavar="ADDR", help="accepted for compatibility, not used")
    add(
        "-D",
        "--define",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one of the system properties that Java's mqnamesrv takes for TLS; may be repeated",
    )


def _add_own_options(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add(
        "--listen",
        metavar="HOST:PORT",
        help="remoting address (default: the file's, else 0.0.0.0:9876)",
    )
    add("--http", metavar="HOST:PORT", help="address for probes, metrics and views (default: none)")
    add(
        "--seed-dir",
        metavar="DIR",
        help=f"{_CONFIG_FILE} and {_KV_FILE} in it win over what is stored",
    )
    add(
        "--peers",
        metavar="HOST:PORT,...",
        help="HTTP addresses of the other servers, asked for their routes at the start; "
        "a name stands for all its addresses",
    )
    add("--data-dir", metavar="DIR", help="where the KV store and the configuration are kept")


def read(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Startup:
    """Read every file. Raises SettingsError (settings, seed) or StorageError (stored state)."""
    warnings: list[str] = []
    directory = _data_directory(arguments.data_dir, environment)
    paths = {
        "kvConfigPath": str(directory / _KV_FILE),
        "configStorePath": str(directory / _CONFIG_FILE),
    }
    home = environment.get("ROCKETMQ_HOME")
    base = settings.defaults(paths | ({"rocketmqHome": home} if home else {}))
    configuration = _configured(arguments, base, directory, warnings)
    configuration = _seeded(arguments.seed_dir, configuration, warnings)
    listen = _listener(arguments.listen, configuration)
    configuration.values.update(bindAddress=listen[0], listenPort=str(listen[1]))
    tls = _tls(arguments.define, warnings)
    kv_path = Path(configuration.values["kvConfigPath"])
    return Startup(
        configuration=configuration,
        kv=storage.load_kv(kv_path).seeded(_seed_kv(arguments.seed_dir)),
        kv_path=kv_path,
        config_path=Path(configuration.values["configStorePath"]),
        listen=listen,
        http=split_address(arguments.http) if arguments.http else None,
        peers=_peers(arguments.peers or environment.get("NAMESRV_PEERS", "")),
        address_list=Path(arguments.seed_dir) / _ADDRESS_LIST if arguments.seed_dir else None,
        serialize_type=_serialize_type(environment),
        tls=tls,
        log_level=_log_level(environment),
        loaded_file=arguments.configFile,
        warnings=warnings,
    )


def _data_directory(given: str | None, environment: Mapping[str, str]) -> Path:
    if given:
        return Path(given).absolute()
    return Path(environment.get("HOME") or ".").absolute() / "namesrv"


def _configured(
    arguments: argparse.Namespace, base: Configuration, directory: Path, warnings: list[str]
) -> Configuration:
    """The -c file, or what this server stored in its data directory."""
    if arguments.configFile:
        path = Path(arguments.configFile).absolute()
        entries = _settings_file(path)
        warnings += settings.remarks(entries, str(path))
        loaded = settings.loaded(base, entries)
        loaded.values["configStorePath"] = str(path)
        return loaded
    if arguments.data_dir:
        return settings.stored(
            base, storage.load_properties(directory / _CONFIG_FILE, required=False)
        )
    return base


def _seeded(given: str | None, base: Configuration, warnings: list[str]) -> Configuration:
    if given is None:
        return base
    if not Path(given).is_dir():
        raise SettingsError(f"seed directory {given} does not exist; mount it or drop --seed-dir")
    path = Path(given) / _CONFIG_FILE
    entries = _settings_file(path, required=False)
    warnings += settings.remarks(entries, str(path))
    return settings.seeded(base, entries, str(path))


def _seed_kv(given: str | None) -> KvConfig:
    try:
        return KvConfig() if given is None else storage.load_kv(Path(given) / _KV_FILE)
    except StorageError as error:
        raise SettingsError(f"seed: {error}") from error


def _settings_file(path: Path, *, required: bool = True) -> dict[str, str]:
    try:
        return storage.load_properties(path, required=required)
    except StorageError as error:
        raise SettingsError(str(error)) from error


def _listener(given: str | None, configuration: Configuration) -> tuple[str, int]:
    if given:
        return split_address(given)
    host, port = configuration.values["bindAddress"], configuration.values["listenPort"]
    return split_address(f"{host}:{port}")


def _tls(definitions: Sequence[str], warnings: list[str]) -> TlsSettings:
    given = dict(map(_definition, definitions))
    path = Path(given.get(tlssettings.CONFIG_FILE) or tlssettings.DEFAULT_CONFIG_FILE)
    file = _settings_file(path, required=tlssettings.CONFIG_FILE in given)
    found = tlssettings.read(given, file)
    warnings += tlssettings.remarks({**given, **file}, found)
    return found


def _definition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise SettingsError(
            f"-D {text!r} is not NAME=VALUE; write for example -Dtls.server.mode=enforcing"
        )
    return name, value


def _peers(text: str) -> list[tuple[str, int]]:
    return [split_address(each) for each in text.split(",") if each.strip()]


def _serialize_type(environment: Mapping[str, str]) -> SerializeType:
    name = environment.get("ROCKETMQ_SERIALIZE_TYPE") or "JSON"
    if name not in SerializeType.__members__:
        raise SettingsError(f"ROCKETMQ_SERIALIZE_TYPE is {name!r}; set JSON or ROCKETMQ")
    return SerializeType[name]


def _log_level(environment: Mapping[str, str]) -> str:
    name = environment.get("NAMESRV_LOG_LEVEL") or "info"
    if name.lower() not in _LEVELS:
        raise SettingsError(f"NAMESRV_LOG_LEVEL is {name!r}; set one of {', '.join(_LEVELS)}")
    return name.upper()


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line's values; a usage error ends the process with code 2."""
    return parser().parse_args(argv)
