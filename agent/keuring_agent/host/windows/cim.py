"""WMI, by narrow queries through COM. Nothing is changed, no method is called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keuring_agent.host.windows.values import Row

Answer = TypeVar("Answer")
_RETURN_IMMEDIATELY, _FORWARD_ONLY = 16, 32
_MOST: Final = 5000
_WORD: Final = re.compile(r"^\w+$", re.ASCII)
REFUSED: Final = "Windows tells this to its own services only; install the agent as a service"
_REASONS: Final = {
    0x80041003: REFUSED,  # WBEM_E_ACCESS_DENIED
    0x80070005: REFUSED,  # E_ACCESSDENIED
    0x8004100E: "this edition of Windows does not keep this",  # WBEM_E_INVALID_NAMESPACE
    0x80041010: "this edition of Windows does not keep this",  # WBEM_E_INVALID_CLASS
    0x8004100C: "the firmware or driver of this machine does not tell this",  # WBEM_E_NOT_SUPPORTED
    0x80041017: "this version of Windows does not tell all of this",  # WBEM_E_INVALID_QUERY: a field is not there
}


def reason(code: int) -> str:
    """Why a call of WMI failed, for a person; ``code`` is its HRESULT."""
    return _REASONS.get(code & 0xFFFFFFFF, "Windows' management service (WMI) does not answer this")


def wql(kind: str, fields: Sequence[str], where: str = "") -> str:
    """The query for a class. Names of classes and fields are words; ``where`` is always one of our own constants."""
    if not all(_WORD.match(word) for word in (kind, *fields)):
        raise ValueError(f"{kind} {fields}: classes and fields of WMI are words")
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {', '.join(fields)} FROM {kind}{condition}"  # noqa: S608  # see above


def query(namespace: str, kind: str, fields: Sequence[str], where: str = "") -> list[Row]:
    """Asks, in the thread that calls. Raises NotMeasurable."""
    text = wql(kind, fields, where)
    return through_com(lambda client: _rows(client.GetObject(f"winmgmts:\\\\.\\{namespace}"), text, fields), reason)


def through_com(call: Callable[[Any], Answer], why: Callable[[int], str]) -> Answer:
    """What ``call`` makes of win32com.client, in the thread that calls; ``why`` says of a HRESULT what it means.

    Objects of COM must be gone before COM itself is, so what failed is not raised on: its traceback would hold them.
    """
    import pythoncom
    import win32com.client

    pythoncom.CoInitialize()
    try:
        return call(win32com.client)
    except pythoncom.com_error as error:
        code = _code(error)
    finally:
        pythoncom.CoUninitialize()
    raise NotMeasurable(why(code))


def _rows(service: Any, text: str, fields: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for found in service.ExecQuery(text, "WQL", _RETURN_IMMEDIATELY | _FORWARD_ONLY):
        properties = found.Properties_
        rows.append({name: properties.Item(name).Value for name in fields})
        if len(rows) >= _MOST:
            break
    return rows


def _code(error: Any) -> int:
    """The inner code where COM wraps it in "exception occurred"."""
    details = getattr(error, "excepinfo", None)
    inner = details[5] if details and len(details) > 5 else 0
    return int(inner or error.hresult)
