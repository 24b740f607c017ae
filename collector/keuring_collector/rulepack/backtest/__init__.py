"""Tries rules on the fleet's own history: what tickets they would have made, and how right those would have been."""

from keuring_collector.rulepack.backtest.answer import Answer, ask
from keuring_collector.rulepack.backtest.asked import Candidate, Machine, Outcome, Question
from keuring_collector.rulepack.backtest.errors import BacktestError

__all__ = ["Answer", "BacktestError", "Candidate", "Machine", "Outcome", "Question", "ask"]
