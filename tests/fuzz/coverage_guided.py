"""One target under atheris, which follows the code's branches: ``python -m tests.fuzz.coverage_guided TARGET …``.

The arguments after the name are libFuzzer's. A process of its own, because libFuzzer ends the process it runs in.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["keuring_collector", "keuring_agent", "keuring_rules"]):
    from tests.fuzz.targets import BY_NAME

if __name__ == "__main__":
    swallow = BY_NAME[sys.argv[1]].swallow
    atheris.Setup([sys.argv[0], *sys.argv[2:]], swallow)
    atheris.Fuzz()
