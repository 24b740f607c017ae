"""The conditions of the rule language: each file has one's model and how it is compiled."""

from keuring_collector.rulepack.conditions.condition import Condition, compile_condition

__all__ = ["Condition", "compile_condition"]
