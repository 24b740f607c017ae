"""A small HTTP proxy that knows CONNECT alone, on loopback; it remembers what it was asked and every byte it saw."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress


class ConnectProxy:
    """A context manager. ``login`` ("name:password") is asked for if given; ``divert`` leads elsewhere than asked."""

    def __init__(self, login: str = "", divert: str = "") -> None:
        self._login = login
        self._divert = divert
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.up = bytearray()
        self.down = bytearray()
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://{self._login}@{self.address}" if self._login else f"http://{self.address}"

    def __enter__(self) -> ConnectProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(near)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = near.recv(1)  # not a byte of what comes after
            if not data:
                return
            head += data
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
        self.asked.append(target)
        wanted = b"Basic " + base64.b64encode(self._login.encode())
        if method != "CONNECT" or (self._login and wanted not in head):
            near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            near.close()
            return
        host, _, port = (self._divert or target).rpartition(":")
        try:
            far = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            near.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            near.close()
            return
        self._open.append(far)
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_copy, args=(far, near, self.down), daemon=True).start()
        _copy(near, far, self.up)


def _copy(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            kept += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
