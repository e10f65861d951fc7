"""What tests/conftest.py promises: no network for unit tests, loopback for those that say so."""

import socket

import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError

ELSEWHERE = ("192.0.2.1", 9)
"""An address that belongs to nobody (RFC 5737)."""

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_unit_test_opens_no_internet_socket(family: socket.AddressFamily) -> None:
    """Without a marker there is no socket, on loopback neither."""
    with pytest.raises(SocketBlockedError):
        socket.socket(family)


def test_a_unit_test_asks_no_name_server() -> None:
    """Looking up a name is network too."""
    with pytest.raises(SocketBlockedError):
        socket.getaddrinfo("localhost", 80)


def test_a_unit_test_may_use_the_socket_pair_of_its_event_loop() -> None:
    """A pair of Unix sockets leaves the process nowhere."""
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")
        assert right.recv(1) == b"x"


@pytest.mark.network
def test_a_network_test_reaches_loopback() -> None:
    """Marked tests talk to what they start themselves."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"x")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(1) == b"x"


@pytest.mark.network
def test_a_network_test_reaches_nothing_but_loopback() -> None:
    """The rest of the world stays away, marked or not."""
    with socket.socket() as client, pytest.raises(SocketConnectBlockedError):
        client.connect(ELSEWHERE)
