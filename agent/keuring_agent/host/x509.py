"""Reads until when a certificate is valid. Names are handed on as they lie there, to be compared; no key is looked at.

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


def _past(data: bytes, at: int, *expected: int) -> int:
    """Where the element begins that follows those with these tags."""
    for wanted in expected:
        tag, _, end = _element(data, at)
        if tag != wanted:
            raise _Damaged
        at = end
    return at


def _issuer(data: bytes) -> int:
    """Where the issuer's name begins, behind the version, the serial number and the algorithm."""
    at = _within(data, _within(data, 0, _SEQUENCE), _SEQUENCE)  # Certificate, tbsCertificate
    if _element(data, at)[0] == _VERSION:
        at = _element(data, at)[2]
    return _past(data, at, _INTEGER, _SEQUENCE)


def _not_after(data: bytes) -> float:
    not_before = _within(data, _past(data, _issuer(data), _SEQUENCE), _SEQUENCE)
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


def names(data: bytes) -> bytes:
    """The issuer's and the owner's name in a certificate (DER), to tell one that was renewed from another."""
    try:
        issuer = _issuer(data)
        validity = _past(data, issuer, _SEQUENCE)
        subject = _past(data, validity, _SEQUENCE)
        return data[issuer:validity] + data[subject : _past(data, subject, _SEQUENCE)]
    except _Damaged:
        raise NotMeasurable("it is no certificate in PEM or DER") from None
