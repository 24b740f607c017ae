"""A drawing for an article of the demo, made here so that it belongs to nobody."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np

INK: Final = (20, 18, 12)
PAPER: Final = (250, 248, 243)
PALE: Final = (196, 212, 210)
YELLOW: Final = (246, 194, 28)


def dock() -> bytes:
    """A laptop, a dock with its plug in yellow, and a screen, as PNG."""
    sheet = np.full((240, 640, 3), PAPER, np.uint8)

    def box(left: int, top: int, width: int, height: int, fill: tuple[int, int, int], line: int = 4) -> None:
        sheet[top : top + height, left : left + width] = INK
        sheet[top + line : top + height - line, left + line : left + width - line] = fill

    for left, top, width, height in ((150, 150, 110, 6), (350, 150, 90, 6), (297, 170, 6, 44)):
        sheet[top : top + height, left : left + width] = INK  # cables
    box(40, 70, 120, 84, PALE)  # laptop
    box(24, 150, 152, 16, PALE)
    box(250, 130, 110, 44, PALE)  # dock
    box(285, 198, 30, 30, YELLOW)  # its plug
    box(430, 36, 180, 120, PALE)  # screen
    box(500, 152, 40, 34, PALE)
    box(470, 182, 100, 12, PALE)
    rows = b"".join(b"\0" + row.tobytes() for row in sheet)

    def piece(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", sheet.shape[1], sheet.shape[0], 8, 2, 0, 0, 0)
    pieces = (piece(b"IHDR", header), piece(b"IDAT", zlib.compress(rows, 9)), piece(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)
