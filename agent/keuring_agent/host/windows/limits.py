"""Bounds calls in time on a system where nothing can interrupt them.

Each call has a thread of its own, for as long as it takes. One that hangs is left behind, and whatever it asked is not
asked again before it lets go, so that there is at most one such thread for each thing that hangs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")
_LATE: Final = "Windows did not answer in time"
_STILL: Final = "Windows did not answer when it was last asked, and still does not"


class Limits:
    """Remembers what hangs."""

    def __init__(self) -> None:
        self._hanging: dict[str, threading.Thread] = {}

    def within(self, seconds: float, what: str, call: Callable[[], Answer]) -> Answer:
        """The call's answer. Raises NotMeasurable after ``seconds``, and whatever the call raises."""
        before = self._hanging.get(what)
        if before is not None and before.is_alive():
            raise NotMeasurable(_STILL)
        self._hanging.pop(what, None)
        answers: list[Answer] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                answers.append(call())
            except BaseException as error:  # noqa: BLE001  # whatever it is belongs to who asked
                errors.append(error)

        thread = threading.Thread(target=work, name=f"keuring {what}", daemon=True)
        thread.start()
        thread.join(seconds)
        if errors:
            raise errors[0]
        if not answers:
            self._hanging[what] = thread
            raise NotMeasurable(_LATE)
        return answers[0]
