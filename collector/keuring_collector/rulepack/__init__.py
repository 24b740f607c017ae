"""Rules as data: load, validate, lint, test and explain them."""

from keuring_collector.rulepack.language import Maturity, Rule
from keuring_collector.rulepack.pack import RulePack, load, shipped
from keuring_collector.rulepack.problems import Problem, RulePackError

__all__ = ["Maturity", "Problem", "Rule", "RulePack", "RulePackError", "load", "shipped"]
