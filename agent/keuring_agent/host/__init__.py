"""The machine, seen from the agent. Nothing outside this package reads the operating system.

``protocol.Host`` is what sensors read; ``local()`` gives the one for this machine. Every method answers with plain
values or raises NotMeasurable with a reason for a person.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.protocol import Host

__all__ = ["NotMeasurable", "local"]


def local(root: str = "/", file_system_types: Sequence[str] = ()) -> Host:
    """This machine, or the Linux machine whose root directory is mounted at ``root``.

    ``file_system_types`` are measured besides those on disks.
    """
    system: str = sys.platform  # as a variable, or mypy would see one branch only
    if system == "linux":
        from keuring_agent.host.linux import LinuxHost

        return LinuxHost(root, file_system_types)
    if system == "win32":
        from keuring_agent.host.windows import WindowsHost

        return WindowsHost(file_system_types)
    if system == "darwin":
        from keuring_agent.host.darwin import DarwinHost

        return DarwinHost(file_system_types)
    from keuring_agent.host.portable import PortableHost

    return PortableHost(file_system_types)
