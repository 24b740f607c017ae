"""Answers that are kept for a while: asking macOS starts a program, and what it tells changes slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


class Kept:
    """The last answer to each question, that it cannot be measured among them, by a clock that never jumps."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._answers: dict[str, tuple[float, object]] = {}

    def of(self, question: str, seconds: float, ask: Callable[[], Answer]) -> Answer:
        """The answer that is at most ``seconds`` old, or a new one. Raises NotMeasurable, kept or new."""
        now = self._monotonic()
        asked, answer = self._answers.get(question, (0.0, None))
        if question not in self._answers or not 0 <= now - asked < seconds:
            try:
                answer = ask()
            except NotMeasurable as error:
                answer = error
            self._answers[question] = (now, answer)
        if isinstance(answer, NotMeasurable):
            raise NotMeasurable(answer.reason)
        return answer  # type: ignore[return-value]  # a question is always asked in the same way
