"""The way out through an HTTP proxy (CONNECT). TLS stays between agent and collector: a proxy sees the address alone.

grpc speaks to the proxy by itself; the connections here are those made without it, to see who answers.
"""

from __future__ import annotations

import base64
import socket
from typing import Final, NamedTuple

from keuring_agent.errors import ConfigError

_LONGEST_ANSWER: Final = 8192
_OK: Final = 200
_SCHEME: Final = "http://"
_PORTS: Final = 65536


class ProxyError(OSError):
    """The proxy answers, and does not let us through."""


class Proxy(NamedTuple):
    """Where the proxy is. As text it says no credentials, so that it can be logged."""

    host: str
    port: int
    credentials: str  # "name:password", or ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def parse(url: str) -> Proxy | None:
    """The proxy of a setting; None for "". Raises ConfigError, which repeats nothing of ``url``: it may be secret."""
    if not url:
        return None
    login, _, place = url.removeprefix(_SCHEME).removesuffix("/").rpartition("@")
    host, _, port = place.rpartition(":")
    plain = host.strip("[]")
    odd = any(character in place for character in "/?# \t\r\n") or (":" in plain and not host.startswith("["))
    if not url.startswith(_SCHEME) or not plain or odd or not port.isdecimal() or not 0 < int(port) < _PORTS:
        raise ConfigError("setting 'proxy' is no address of a proxy; write \"http://HOST:PORT\"")
    return Proxy(plain, int(port), _decoded(login))


def _decoded(login: str) -> str:
    if "%" not in login:
        return login
    from urllib.parse import unquote  # seldom needed, and large

    return unquote(login)


def connect(address: str, proxy: Proxy | None, timeout: float) -> socket.socket:
    """A connection to HOST:PORT, through the proxy if there is one.

    Raises ProxyError when the proxy refuses, OSError or ValueError when nobody answers.
    """
    host, _, port = address.rpartition(":")
    if proxy is None:
        return socket.create_connection((host.strip("[]"), int(port)), timeout=timeout)
    connection = socket.create_connection((proxy.host, proxy.port), timeout=timeout)
    try:
        connection.sendall(_question(address, proxy))
        _read_answer(connection, proxy)
    except BaseException:
        connection.close()
        raise
    return connection


def _question(address: str, proxy: Proxy) -> bytes:
    lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(proxy.credentials.encode()).decode('ascii')}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _read_answer(connection: socket.socket, proxy: Proxy) -> None:
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = connection.recv(4096)
        if not data or len(answer) > _LONGEST_ANSWER:
            raise ProxyError(f"{proxy} does not speak as a proxy does")
        answer += data
    words = answer.split(b"\r\n", 1)[0].decode("ascii", "replace").split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise ProxyError(f"{proxy} does not speak as a proxy does")
    if int(words[1]) != _OK:
        raise ProxyError(f"{proxy} answers {' '.join(words[1:])[:80]}")
