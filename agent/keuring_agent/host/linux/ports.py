"""What network ports can do, from ethtool's ioctl, which needs no privilege."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux.network import subject
from keuring_agent.host.readings import LinkCapability, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_NET: Final = "sys/class/net"
_AF_INET, _SOCK_DGRAM, _SOCK_CLOEXEC = 2, 2, 0o2000000  # the socket module would cost the resident agent memory
_SIOCETHTOOL: Final = 0x8946
_GLINKSETTINGS: Final = 0x4C
_HEAD: Final = 48  # bytes of struct ethtool_link_settings before its masks
_WORDS: Final = 15  # its field link_mode_masks_nwords
_MOST_WORDS: Final = 64
_MEGABIT: Final = 1_000_000
# Bits of enum ethtool_link_mode_bit_indices, by megabits per second. What is no speed stands under 0.
_MODES: Final = {
    0: (6, 7, 8, 9, 10, 11, 13, 14, 16, 49, 50, 51, 74),
    10: (0, 1, 90, 91, 92),
    100: (2, 3, 67),
    1000: (4, 5, 17, 41, 68),
    2500: (15, 47),
    5000: (48,),
    10000: (12, 18, 19, 20, 42, 43, 44, 45, 46),
    20000: (21, 22),
    25000: (31, 32, 33),
    40000: (23, 24, 25, 26),
    50000: (34, 35, 40, 52, 53, 54, 55, 56),
    56000: (27, 28, 29, 30),
    100000: (36, 37, 38, 39, 57, 58, 59, 60, 61),
}
_SPEEDS: Final = {bit: speed for speed, bits in _MODES.items() for bit in bits}


def fastest(words: tuple[int, ...]) -> float | None:
    """Bit/s of the fastest mode in a mask of supported modes; None for none, or where one is not known here."""
    bits = [index * 32 + bit for index, word in enumerate(words) for bit in range(32) if word >> bit & 1]
    speeds = [_SPEEDS.get(bit) for bit in bits]
    known = [speed for speed in speeds if speed is not None]
    return None if len(known) < len(speeds) or not any(known) else max(known) * float(_MEGABIT)


def _settings(handle: int, name: str, words: int) -> bytes:
    """The kernel's answer with room for ``words`` words in each of the three masks."""
    buffer = ctypes.create_string_buffer(_HEAD + 12 * words)
    struct.pack_into("=I", buffer, 0, _GLINKSETTINGS)
    struct.pack_into("=b", buffer, _WORDS, words)
    request = struct.pack("16sP16x", name.encode(), ctypes.addressof(buffer))
    fcntl.ioctl(handle, _SIOCETHTOOL, request)
    return buffer.raw


def _supported(handle: int, name: str) -> tuple[int, ...]:
    # Asked with no room, the kernel says how much it wants, as a negative number.
    (wanted,) = struct.unpack_from("=b", _settings(handle, name, 0), _WORDS)
    words = -wanted
    if not 0 < words <= _MOST_WORDS:
        return ()
    return struct.unpack_from(f"={words}I", _settings(handle, name, words), _HEAD)


def capabilities(tree: Tree) -> list[LinkCapability]:
    """Of physical ports with a cable's speeds; Wi-Fi and virtual ones tell none."""
    if not tree.is_own:
        raise NotMeasurable("what network ports can do is told by the running kernel only")
    handle = ctypes.CDLL(None).socket(_AF_INET, _SOCK_DGRAM | _SOCK_CLOEXEC, 0)
    if handle < 0:
        raise NotMeasurable("the kernel opens no socket to ask network ports through")
    found: dict[str, LinkCapability] = {}
    try:
        for name in tree.names(_NET):
            if not tree.exists(f"{_NET}/{name}/device"):
                continue
            try:
                speed = fastest(_supported(handle, name))
            except OSError:
                continue  # its driver does not answer
            if speed is not None:
                found.setdefault(subject(name), LinkCapability(subject(name), speed))
    finally:
        os.close(handle)
    if not found:
        raise NotMeasurable("no network port tells what it can do (Wi-Fi and virtual ones do not)")
    return list(found.values())
