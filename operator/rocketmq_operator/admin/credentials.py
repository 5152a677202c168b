"""Who signs requests, as brokers with access control want it.

An access key and a secret key, from ``$ROCKETMQ_HOME/conf/tools.yml`` as for Java's tools.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.command import RemotingCommand

TOOLS = Path("conf/tools.yml")


@dataclass(frozen=True, repr=False)
class Credentials:
    """An access key with its secret, and the token that some clouds hand out with them."""

    access_key: str
    secret_key: str
    security_token: str = ""

    @classmethod
    def from_home(cls) -> Self | None:
        """Those in ``tools.yml``; None where there is no such file, or no key in it.

        Raises SettingsError for a file that cannot be read.
        """
        home = os.environ.get("ROCKETMQ_HOME")
        path = Path(home, TOOLS) if home else None
        if path is None or not path.is_file():
            return None
        found = _read(path)
        names = ("accessKey", "secretKey", "securityToken")
        access, secret, token = (str(found.get(name) or "").strip() for name in names)
        return cls(access, secret, token) if access and secret else None

    def sign(self, command: RemotingCommand) -> RemotingCommand:
        """The command with ``AccessKey`` and ``Signature`` (``AclClientRPCHook``).

        What is signed are the values of all other fields in the order of their names, and the
        body.
        """
        fields = {**(command.ext_fields or {}), "AccessKey": self.access_key}
        if self.security_token:
            fields["SecurityToken"] = self.security_token
        text = "".join(fields[name] for name in sorted(fields)).encode() + command.body
        mac = hmac.digest(self.secret_key.encode(), text, hashlib.sha1)
        fields["Signature"] = base64.b64encode(mac).decode()
        return msgspec.structs.replace(command, ext_fields=fields)


def _read(path: Path) -> dict[str, object]:
    # Imported here: most command lines have no such file, and the module takes 20 ms to load.
    import yaml  # noqa: PLC0415

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}; mend or remove it") from error
    return found if isinstance(found, dict) else {}
