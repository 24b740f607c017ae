"""Calls that leave the house: certificates checked, no redirect followed, and private addresses only where allowed."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from types import TracebackType

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0


class AddressRefusedError(OSError):
    """The name leads to an address that is not allowed; nothing was sent to it."""


def is_allowed(address: str, networks: Sequence[str]) -> bool:
    """Whether an address is public, or stands in one of ``networks``."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_global or any(ip in ipaddress.ip_network(network) for network in networks)


class Adapter(HTTPAdapter):
    """Looks at the address that a connection really has, before the first byte goes out.

    Where the environment names a proxy, that makes the connections, and decides.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self.networks = tuple(networks)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As requests does it, with our own connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self.networks)


def _pools(networks: Sequence[str]) -> dict[str, type[HTTPConnectionPool]]:
    def looked_at(made: socket.socket) -> socket.socket:
        address = made.getpeername()[0]
        if not is_allowed(address, networks):
            made.close()
            raise AddressRefusedError(f"{address} is a private address; name its network in 'private_networks'")
        return made

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return looked_at(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return looked_at(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class Session(requests.Session):
    """A session with bounds. Close it, or use it in ``with``."""

    def __init__(self, networks: Sequence[str]) -> None:
        super().__init__()
        self.headers["User-Agent"] = "Keuring"
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter(networks))

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def reason(error: BaseException) -> str:
    """Why a call failed, in a line for people, without the address, which may hold a secret."""
    refused = _within(error, AddressRefusedError)
    if refused is not None:
        return str(refused)
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not accepted"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "it cannot be reached: nobody answers there"
    if was_sent(error):
        return "it gave no answer"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "it cannot be reached"
    return f"the call failed ({type(error).__name__})"


def was_sent(error: BaseException) -> bool:
    """Whether the call may have come through although no answer came back."""
    if _within(error, AddressRefusedError) is not None:
        return False
    if isinstance(error, (requests.exceptions.ReadTimeout, requests.exceptions.ChunkedEncodingError)):
        return True
    # Connections that broke off after they were made; requests has no name of its own for these.
    return type(error) is requests.exceptions.ConnectionError and "Connection aborted" in str(error)


def _within(error: BaseException, kind: type[Exception]) -> BaseException | None:
    """The error of a kind that lies beneath another."""
    todo: list[object] = [error]
    while todo:
        each = todo.pop()
        if isinstance(each, kind):
            return each
        if isinstance(each, BaseException):
            todo += [*each.args, each.__cause__]
            reason_of = getattr(each, "reason", None)
            todo.append(reason_of)
    return None


def retry_after(response: requests.Response) -> float:
    """How many seconds the other side asks us to wait; 0 when it does not say. At most a day."""
    text = response.headers.get("Retry-After", "").strip()
    return min(float(text), 86400.0) if text.isdecimal() else 0.0
