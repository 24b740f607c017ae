"""The health of disks for an agent that is not root: asked of a helper of systemd that can do nothing else.

The helper (service/files/smart-helper) takes the name of one disk and answers with what smartctl writes.
"""

from __future__ import annotations

import os
import time
from typing import Final

from keuring_agent.host.commands import LIMIT
from keuring_agent.host.readings import NotMeasurable

SOCKET: Final = "/run/keuring-agent-smart.socket"


def offered(path: str = SOCKET) -> bool:
    """Whether the helper is installed, and for this account."""
    return os.access(path, os.W_OK)


def ask(device: str, timeout: float, path: str = SOCKET) -> bytes:
    """What smartctl writes about ``device`` ("sda"). Raises NotMeasurable."""
    import _socket  # what `socket` is made of, without what the resident agent does not need of it

    until = time.monotonic() + timeout
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(f"{device}\n".encode())
        connection.shutdown(_socket.SHUT_WR)
        parts: list[bytes] = []
        while (left := until - time.monotonic()) > 0 and sum(map(len, parts)) <= LIMIT:
            connection.settimeout(left)
            part = connection.recv(65536)
            if not part:
                break
            parts.append(part)
        else:
            raise NotMeasurable(f"the helper for disks took longer than {timeout:g} s, or wrote too much")
    except OSError as error:
        raise NotMeasurable(f"the helper for disks does not answer: {error}") from error
    finally:
        connection.close()
    if not parts:
        raise NotMeasurable("the helper for disks knows no disk of that name, or smartctl is not installed")
    return b"".join(parts)
