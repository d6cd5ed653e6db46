"""A login by key that waits for one answer, against a server of paramiko's own."""

from __future__ import annotations

import socket
import subprocess
import threading
import time

import handmade
import paramiko
import pytest
from paramiko.auth_handler import AuthHandler

from dbops.environments.sections import Host
from dbops.errors import Unreachable
from dbops.session import Session, connection
from dbops.session.login import EagerTransport

SECONDS = 10


class Server(paramiko.ServerInterface):
    """Lets rin in, who has one key."""

    def __init__(self, known: paramiko.PKey) -> None:
        self.known = known

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_known = username == "rin" and key == self.known
        return paramiko.AUTH_SUCCESSFUL if is_known else paramiko.AUTH_FAILED


class Late(AuthHandler):
    """Grants the service only when a key has come, which no client that waits for it sends."""

    def _parse_service_request(self, message):
        self.asked = message

    def _parse_userauth_request(self, message):
        super()._parse_service_request(self.asked)
        super()._parse_userauth_request(message)


class Without(AuthHandler):
    """Grants no service."""

    def _parse_service_request(self, message):
        del message
        self._disconnect_service_not_available()


@pytest.fixture
def key():
    return paramiko.ECDSAKey.generate()


@pytest.fixture
def transport(key, request):
    """A client whose keys are exchanged with a server of the handler a test names."""
    near, far = socket.socketpair()
    server, client = paramiko.Transport(far), EagerTransport(near)
    server.add_server_key(paramiko.ECDSAKey.generate())
    server.auth_handler = request.param(server)
    client.auth_timeout = SECONDS
    server.start_server(threading.Event(), Server(key))
    client.start_client(timeout=SECONDS)
    yield client
    client.close()
    server.close()


@pytest.mark.parametrize("transport", [Late, AuthHandler], indirect=True)
def test_a_key_is_shown_before_leave_is_given(transport, key):
    assert transport.auth_publickey("rin", key) == []
    assert transport.is_authenticated()


@pytest.mark.parametrize("transport", [Late, AuthHandler], indirect=True)
def test_an_unknown_key_is_refused_and_the_next_one_is_tried(transport, key):
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("rin", paramiko.ECDSAKey.generate())
    assert not transport.is_authenticated()
    transport.auth_publickey("rin", key)
    assert transport.is_authenticated()


@pytest.mark.parametrize("transport", [Without], indirect=True)
def test_without_the_service_nobody_is_let_in(transport, key):
    with pytest.raises(paramiko.SSHException):
        transport.auth_publickey("rin", key)
    assert not transport.is_authenticated()


def test_without_an_exchange_of_keys_no_key_is_shown(key):
    near, far = socket.socketpair()
    with near, far, pytest.raises(paramiko.SSHException, match="No existing session"):
        EagerTransport(near).auth_publickey("rin", key)


def _refused(directory, serve, *, known="", key=None):
    """Return the problem of a session with a host that SERVE plays."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        serving = threading.Thread(target=serve, args=(listening,))
        serving.start()
        file = directory / "known_hosts"
        file.write_text(f"[127.0.0.1]:{port} {known}\n" if known else "", encoding="utf-8")
        host = Host(
            address="127.0.0.1",
            directory="/srv/x",
            user="rin",
            port=port,
            known_hosts=str(file),
            key=str(key) if key else None,
        )
        found = handmade.make_environment(directory, host=host)
        with pytest.raises(Unreachable) as raised:
            Session(found.at_host()).text(directory / "marker")
        serving.join()
    return raised.value


def test_a_host_that_closes_the_connection_after_its_greeting_does_not_answer(tmp_path):
    problem = _refused(tmp_path, _greet_and_close)
    assert "the host does not answer" in problem.what
    assert problem.why


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_a_host_that_knows_none_of_our_keys_does_not_let_us_in(tmp_path, monkeypatch, key, kind):
    monkeypatch.setattr(connection, "_AGENT", "")
    own = tmp_path / "own"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", own], check=True)
    host_key = paramiko.ECDSAKey.generate()

    def serve(listening):
        accepted, _ = listening.accept()
        with accepted:
            server = paramiko.Transport(accepted)
            server.add_server_key(host_key)
            server.start_server(threading.Event(), Server(key))
            server.join(SECONDS)
            server.close()

    known = f"{host_key.get_name()} {host_key.get_base64()}"
    problem = _refused(tmp_path, serve, known=known, key=own)
    assert "the host does not let us in" in problem.what
    assert problem.next_command.startswith(f"ssh -i {own} -p ")


def test_of_the_agent_the_listed_key_is_offered_alone(tmp_path, monkeypatch):
    listed, other = tmp_path / "listed", tmp_path / "other"
    for each in (other, listed):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", each], check=True)
    agent = ["ssh-agent", "-D", "-a", str(tmp_path / "agent")]
    with subprocess.Popen(agent, stdout=subprocess.DEVNULL) as running:
        while not (tmp_path / "agent").exists():
            time.sleep(0.01)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        subprocess.run(["ssh-add", "-q", other, listed], check=True)
        listed.unlink()  # only the agent has it
        found = connection._listed_in_agent([str(listed)])
        none = connection._listed_in_agent([str(tmp_path / "nothing")])
        found.agent.close()
        running.terminate()
    assert none is None
    assert found.get_base64() == listed.with_suffix(".pub").read_text("utf-8").split()[1]


def _greet_and_close(listening):
    connection, _ = listening.accept()
    with connection:
        connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
        connection.recv(64)
