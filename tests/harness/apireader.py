"""A cluster's objects, read from its API by what a kubeconfig says.

A kubectl for each look would cost more than what it looks at.
"""

import base64
import json
import ssl
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

import yaml

TIMEOUT: Final = 10.0

Object = dict[str, Any]


class ApiReader:
    """Reads as the only user of a kubeconfig that carries everything in itself."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self._server: str = cluster["server"]
        self._trust = ssl.create_default_context(
            cadata=_decoded(cluster["certificate-authority-data"])
        )
        self._headers: dict[str, str] = {}
        if "token" in user:
            self._headers["Authorization"] = f"Bearer {user['token']}"
        else:
            self._load(user["client-certificate-data"], user["client-key-data"])

    def read(self, path: str) -> bytes:
        """The body of a path. Raises OSError if it is refused or there is no answer."""
        request = urllib.request.Request(self._server + path, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=self._trust) as response:
                body: bytes = response.read()
        except urllib.error.HTTPError as error:
            error.close()
            raise
        return body

    def get(self, path: str) -> Object:
        """As `read`, parsed."""
        found: Object = json.loads(self.read(path))
        return found

    def _load(self, certificate: str, key: str) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(_decoded(certificate) + _decoded(key))
            file.flush()
            self._trust.load_cert_chain(file.name)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
