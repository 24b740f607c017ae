"""The registry: reads values and names of keys, as a program of 64 bits sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows.cim import REFUSED

if TYPE_CHECKING:
    from keuring_agent.host.windows.values import Row

_HIVES: Final = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}
_MOST: Final = 10_000


def _open(registry: Any, key: str) -> Any:
    hive, _, path = key.partition("\\")
    access = registry.KEY_READ | registry.KEY_WOW64_64KEY
    try:
        return registry.OpenKey(getattr(registry, _HIVES[hive]), path, 0, access)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise NotMeasurable(REFUSED) from error


def values(key: str) -> Row | None:
    """All values by name; None where the key is not there."""
    import winreg

    registry: Any = winreg
    handle = _open(registry, key)
    if handle is None:
        return None
    found: dict[str, object] = {}
    with handle:
        for index in range(_MOST):
            try:
                name, value, _ = registry.EnumValue(handle, index)
            except OSError:  # no more
                break
            found[name] = value
    return found


def keys(key: str) -> list[str]:
    """Names of the keys below."""
    import winreg

    registry: Any = winreg
    handle = _open(registry, key)
    if handle is None:
        return []
    found: list[str] = []
    with handle:
        for index in range(_MOST):
            try:
                found.append(registry.EnumKey(handle, index))
            except OSError:  # no more
                break
    return found
