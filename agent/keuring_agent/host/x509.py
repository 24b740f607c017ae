"""Reads until when a certificate is valid, and nothing else of it: neither a name nor a key is looked at.

By hand, because a library for certificates would cost the resident agent megabytes.
"""

from __future__ import annotations

import binascii
from typing import Final

from keuring_agent.host import dates
from keuring_agent.host.readings import NotMeasurable

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_SEQUENCE, _INTEGER, _VERSION = 0x30, 0x02, 0xA0
_SHORT_YEAR, _LONG_YEAR = 0x17, 0x18  # UTCTime, whose years are those of 1950 to 2049, and GeneralizedTime
_DIGITS: Final = 14


class _Damaged(Exception):  # noqa: N818  # it never leaves this file
    """These bytes are no certificate."""


def _element(data: bytes, start: int) -> tuple[int, int, int]:
    """(tag, where its content begins, where it ends) of the element of DER at ``start``."""
    try:
        tag, length = data[start], data[start + 1]
    except IndexError:
        raise _Damaged from None
    content = start + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise _Damaged
        length = int.from_bytes(data[content : content + size], "big")
        content += size
    if content + length > len(data):
        raise _Damaged
    return tag, content, content + length


def _within(data: bytes, start: int, tag: int) -> int:
    """Where the content of the element at ``start`` begins, which must have this tag."""
    found, content, _ = _element(data, start)
    if found != tag:
        raise _Damaged
    return content


def _not_after(data: bytes) -> float:
    at = _within(data, _within(data, 0, _SEQUENCE), _SEQUENCE)  # Certificate, tbsCertificate
    if _element(data, at)[0] == _VERSION:
        at = _element(data, at)[2]
    for expected in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, signature algorithm, issuer: passed over
        tag, _, end = _element(data, at)
        if tag != expected:
            raise _Damaged
        at = end
    not_before = _within(data, at, _SEQUENCE)
    tag, content, end = _element(data, _element(data, not_before)[2])
    digits, zone = data[content : end - 1].decode("ascii", "replace"), data[end - 1 : end]
    if tag == _SHORT_YEAR:
        digits = ("19" if digits >= "50" else "20") + digits
    elif tag != _LONG_YEAR:
        raise _Damaged
    found = dates.iso(f"{digits[:8]}T{digits[8:]}Z") if zone == b"Z" and len(digits) == _DIGITS else None
    if found is None:
        raise _Damaged
    return found


def expires(data: bytes) -> float:
    """When the first certificate of a file (PEM or DER) expires, in seconds since 1970. Raises NotMeasurable."""
    try:
        if _BEGIN in data:
            text = data.partition(_BEGIN)[2].partition(_END)[0]
            data = binascii.a2b_base64(text)
        return _not_after(data)
    except (_Damaged, binascii.Error):
        raise NotMeasurable("it is no certificate in PEM or DER") from None
