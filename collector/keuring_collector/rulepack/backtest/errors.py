"""What can be wrong with a question to history."""

from __future__ import annotations


class BacktestError(ValueError):
    """A backtest cannot be done as asked; the message says what, where and how to mend it."""
