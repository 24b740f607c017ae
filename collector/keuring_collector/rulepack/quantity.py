"""Quantities as people write them ("20 GiB", "14d", "85 %") as numbers in the unit of a signal."""

from __future__ import annotations

import re

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "ms": 0.001}
BYTES = {"B": 1, "By": 1}
for _power, _prefix in enumerate("KMGT", 1):
    BYTES[f"{_prefix}B"] = BYTES[f"{_prefix.lower()}B"] = 1000**_power
    BYTES[f"{_prefix}iB"] = 1024**_power
HERTZ = {"Hz": 1, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9}
BITRATES = {"bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9}
HOURS = {"h": 1, "d": 24, "w": 168, "y": 8766}

# By the signal's unit (UCUM): what may be written behind the number, and an example. "" means that a bare number may.
_KNOWN: dict[str, tuple[dict[str, float], str]] = {
    "1": ({"": 1, "%": 0.01}, "85 %"),
    "By": ({str(k): float(v) for k, v in BYTES.items()}, "20 GiB"),
    "s": (dict(SECONDS), "90s"),
    "h": (dict(HOURS), "40000 h"),
    "Cel": ({"": 1, "°C": 1, "C": 1, "Cel": 1}, "95 °C"),
    "Hz": (dict(HERTZ), "1.2 GHz"),
    "bit/s": (dict(BITRATES), "100 Mbit/s"),
    "{dBm}": ({"": 1, "dBm": 1}, "-67 dBm"),
    "W.h": ({"Wh": 1, "W.h": 1}, "40 Wh"),
}
_NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([^\d\s].*?)?\s*")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|[smhdw])")


def parse(text: str | float, unit: str) -> float:
    """``text`` in ``unit``. ValueError says what would be right."""
    if isinstance(text, bool):
        raise ValueError(f"'{text}' is no quantity; {_example(unit)}")  # noqa: TRY004 - it is the file that is wrong
    match = _NUMBER.fullmatch(str(text))
    if match is None:
        raise ValueError(f"'{text}' is no quantity; {_example(unit)}")
    number, suffix = float(match[1]), match[2] or ""
    factors = _KNOWN.get(unit, ({"": 1.0}, "3"))[0]
    if suffix not in factors:
        wrong = f"'{suffix}' does not go with a signal in {unit}" if suffix else f"'{text}' has no unit"
        raise ValueError(f"{wrong}; {_example(unit)}")
    if unit == "1" and not suffix and abs(number) > 1:
        raise ValueError(f"'{text}' is more than all there is; {_example(unit)}")  # 90 was meant as 90 %
    return number * factors[suffix]


def example(unit: str) -> str:
    """How a quantity in this unit is written."""
    return _KNOWN.get(unit, ({}, "3"))[1]


def _example(unit: str) -> str:
    return f"write it as in '{example(unit)}'"


def duration(text: str | float) -> float:
    """A length of time in seconds: "90s", "30m", "36h", "14d", "2w", "1d12h"; a bare 0 is 0. ValueError otherwise."""
    words = str(text).replace(" ", "")
    if words == "0":
        return 0.0
    parts = _DURATION.findall(words)
    if not parts or "".join(number + unit for number, unit in parts) != words:
        raise ValueError(f"'{text}' is no length of time; write it as in '30m', '36h' or '14d'")
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def say(value: float, unit: str) -> str:
    """``value`` for a person: 21474836480 By is "20 GiB", 0.85 is "85 %"."""
    if unit == "By":
        for suffix in ("TiB", "GiB", "MiB", "KiB"):
            if abs(value) >= BYTES[suffix]:
                return f"{value / BYTES[suffix]:.4g} {suffix}"
        return f"{value:.4g} B"
    if unit == "1":
        return f"{value * 100:.4g} %"
    if unit == "s" and abs(value) >= 60:
        return say_duration(value)
    if unit == "Cel":
        return f"{value:.4g} °C"
    return f"{value:.6g} {unit}" if unit and not unit.startswith("{") else f"{value:.6g}"


def say_duration(seconds: float) -> str:
    """A length of time for a person, in its largest whole unit."""
    for suffix, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.4g}{suffix}"
    return f"{seconds:.4g}s"
