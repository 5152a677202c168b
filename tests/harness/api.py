"""A cluster's API by what a kubeconfig says, close enough to see its own messages.

A kubectl for each look would cost more than what it looks at.
"""

import base64
import json
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

TIMEOUT: Final = 30.0
PATIENCE: Final = 30.0
"""Seconds for which a read that is to come again later does so, as kubectl's do."""
APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"

Object = dict[str, Any]


class Answer(NamedTuple):
    """What the API server answered: HTTP status, the object or the error, and warnings."""

    status: int
    body: Object
    warnings: list[str]

    @property
    def message(self) -> str:
        """The words of a refusal."""
        return str(self.body.get("message", ""))


class Api:
    """Asks as the only user of a kubeconfig that carries everything in itself, or as `user`."""

    def __init__(self, kubeconfig: Path, user: str = "") -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, account = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self._server: str = cluster["server"]
        self._trust = ssl.create_default_context(
            cadata=_decoded(cluster["certificate-authority-data"])
        )
        self._headers = {"Impersonate-User": user} if user else {}
        if "token" in account:
            self._headers["Authorization"] = f"Bearer {account['token']}"
        else:
            self._load(account["client-certificate-data"], account["client-key-data"])

    def read(self, path: str) -> bytes:
        """The body of a path. Raises OSError if it is refused or there is no answer.

        An API server sends readers away for some seconds after a new kind came.
        """
        request = urllib.request.Request(self._server + path, headers=self._headers)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with self._open(request) as response:
                    return response.read()
            except urllib.error.HTTPError as error:
                error.close()
                again = _seconds_to_wait(error)
                if again is None or time.monotonic() + again > end:
                    raise
            time.sleep(again)

    def get(self, path: str) -> Object:
        """As `read`, parsed."""
        found: Object = json.loads(self.read(path))
        return found

    def ask(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content: str = "",
        **query: str,
    ) -> Answer:
        """One request; a refusal is an answer like any other, unknown fields are refused.

        Without a `content` type a PATCH is a server-side apply.
        """
        strict = {"fieldValidation": "Strict"} if body is not None else {}
        parameters = "&".join(f"{key}={value}" for key, value in (strict | query).items())
        content = content or (APPLY if method == "PATCH" else "application/json")
        request = urllib.request.Request(
            f"{self._server}{path}?{parameters}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={**self._headers, "Content-Type": content},
        )
        try:
            with self._open(request) as response:
                warnings = response.headers.get_all("Warning") or []
                return Answer(response.status, json.load(response), warnings)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _refusal(error.read()), [])

    def _open(self, request: urllib.request.Request) -> HTTPResponse:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT, context=self._trust)
        return answer

    def _load(self, certificate: str, key: str) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(_decoded(certificate) + _decoded(key))
            file.flush()
            self._trust.load_cert_chain(file.name)


def _seconds_to_wait(error: urllib.error.HTTPError) -> float | None:
    """What a 429 says in whole seconds (RFC 9110, 10.2.3); None for any other refusal."""
    said = error.headers.get("Retry-After", "")
    return max(1.0, float(said)) if error.code == 429 and said.isdecimal() else None


def _refusal(body: bytes) -> Object:
    try:
        refusal: Object = json.loads(body)
    except ValueError:
        return {"message": body.decode()}
    return refusal


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
