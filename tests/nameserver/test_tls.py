"""TLS of the server process: by Java's property names, from the command line or a file."""

import socket
import ssl
import subprocess

import pytest
import trustme

from harness.wait import until
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import request
from rocketmq_operator.protocol.framing import FrameDecoder


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def certificate(tmp_path, authority):
    """The settings that name a certificate of ``authority``; it is valid for 127.0.0.1."""
    write(tmp_path, authority)
    return [
        "-Dtls.test.mode.enable=false",
        f"-Dtls.server.certPath={tmp_path}/tls.crt",
        f"-Dtls.server.keyPath={tmp_path}/tls.key",
    ]


def write(directory, authority):
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(directory / "tls.key")
    (directory / "tls.crt").write_bytes(b"".join(p.bytes() for p in issued.cert_chain_pems))


def ask(address, context=None):
    """The code that a request for an unknown KV entry is answered with, 22."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), 10) as plain:
        wrapped = plain if context is None else context.wrap_socket(plain, server_hostname=host)
        with wrapped as stream:
            stream.sendall(headers.encode(request(101, {"namespace": "n", "key": "k"})))
            data = stream.recv(65536)
            return headers.decode(FrameDecoder().feed(data)[0]).code if data else None


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_enforcing_takes_tls_only(start, certificate, authority):
    server = start("-Dtls.server.mode=enforcing", *certificate)
    assert ask(server.address, trusting(authority)) == 22
    assert ask(server.address) is None
    assert "it speaks plain text and tls.server.mode is enforcing" in server.log


def test_by_default_both_are_taken(start):
    server = start()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    assert ask(server.address, context) == 22
    assert ask(server.address) == 22


def test_the_settings_may_be_in_a_file(start, certificate, authority, tmp_path):
    lines = [option.removeprefix("-D") for option in certificate]
    (tmp_path / "tls.properties").write_text("\n".join(lines))
    server = start("-Dtls.server.mode=enforcing", f"-Dtls.config.file={tmp_path}/tls.properties")
    assert ask(server.address, trusting(authority)) == 22


def test_a_renewed_certificate_is_served_without_a_restart(start, certificate, authority, tmp_path):
    server = start("-Dtls.server.mode=enforcing", *certificate)
    successor = trustme.CA()
    write(tmp_path, successor)
    until(
        lambda: ask(server.address, trusting(successor)) == 22,
        timeout=10,
        what="the new certificate",
        retry_on=(ssl.SSLError,),
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(server.address, trusting(authority))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-Dtls.server.mode=on"], "tls.server.mode is 'on'"),
        (["-Dtls.test.mode.enable=false"], "tls.server.certPath and tls.server.keyPath is not set"),
        (
            [
                "-Dtls.test.mode.enable=false",
                "-Dtls.server.certPath=/dev/null",
                "-Dtls.server.keyPath=/nowhere",
            ],
            "certificate /dev/null with key /nowhere cannot be used",
        ),
        (["-Dtls.config.file=/nowhere"], "properties file /nowhere does not exist"),
        (["-D", "tls.server.mode"], "is not NAME=VALUE"),
    ],
)
def test_settings_that_cannot_work_end_the_start_with_the_reason(start, tmp_path, options, words):
    done = subprocess.run(
        [start.program, "--listen", "127.0.0.1:0", "--data-dir", tmp_path, *options],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
