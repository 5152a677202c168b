"""Reading a cluster's API by its kubeconfig: with a token, or with a client certificate."""

import base64
import http.server
import json
import ssl
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
import yaml

from harness.api import Api

HOST = "127.0.0.1"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


class Answer(http.server.BaseHTTPRequestHandler):
    """Tells who asks for what; sends the first who asks for /later away for a second."""

    sent_away: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        told = {
            "path": self.path,
            "authorization": self.headers["Authorization"],
            "certificate": self.connection.getpeercert() not in (None, {}),
        }
        self.send_response(self._status())
        if self.path != "/overloaded":
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def _status(self) -> int:
        if self.path == "/later" and self.path not in self.sent_away:
            self.sent_away.append(self.path)
            return 429
        return {"/missing": 404, "/overloaded": 429}.get(self.path, 200)

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def api(authority: trustme.CA) -> Iterator[str]:
    """The URL of a server that takes client certificates of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    with http.server.HTTPServer((HOST, 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"https://{HOST}:{server.server_port}"
        server.shutdown()
        serving.join()


def kubeconfig(path: Path, server: str, authority: trustme.CA, user: dict[str, str]) -> Path:
    cluster = {"server": server, "certificate-authority-data": encoded(authority.cert_pem.bytes())}
    document = {"clusters": [{"cluster": cluster}], "users": [{"user": user}]}
    path.write_text(yaml.safe_dump(document))
    return path


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def asked(told: dict[str, Any]) -> tuple[str, str | None, bool]:
    return told["path"], told["authorization"], told["certificate"]


def test_a_token_is_shown(authority: trustme.CA, tmp_path: Path) -> None:
    with api(authority) as server:
        reader = Api(kubeconfig(tmp_path / "config", server, authority, {"token": "t"}))
        assert asked(reader.get("/api/v1/pods?x=1")) == ("/api/v1/pods?x=1", "Bearer t", False)


def test_a_client_certificate_is_shown(authority: trustme.CA, tmp_path: Path) -> None:
    own = authority.issue_cert("admin.invalid")
    user = {
        "client-certificate-data": encoded(own.cert_chain_pems[0].bytes()),
        "client-key-data": encoded(own.private_key_pem.bytes()),
    }
    with api(authority) as server:
        reader = Api(kubeconfig(tmp_path / "config", server, authority, user))
        assert asked(reader.get("/readyz")) == ("/readyz", None, True)


def test_who_is_sent_away_for_a_time_comes_again(authority: trustme.CA, tmp_path: Path) -> None:
    with api(authority) as server:
        reader = Api(kubeconfig(tmp_path / "config", server, authority, {"token": "t"}))
        Answer.sent_away.clear()
        assert reader.get("/later")["path"] == "/later"
        assert Answer.sent_away == ["/later"]


@pytest.mark.parametrize(("path", "code"), [("/missing", 404), ("/overloaded", 429)])
def test_what_does_not_come_with_time_is_an_error(
    authority: trustme.CA, tmp_path: Path, path: str, code: int
) -> None:
    with api(authority) as server:
        reader = Api(kubeconfig(tmp_path / "config", server, authority, {"token": "t"}))
        with pytest.raises(urllib.error.HTTPError) as refused:
            reader.get(path)
        assert refused.value.code == code
