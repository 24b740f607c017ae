"""Rules as data: load, validate, lint, test and explain them."""

from keuring_collector.rulepack.language import Maturity, Rule
from keuring_collector.rulepack.pack import RulePack, load, shipped
from keuring_collector.rulepack.problems import Problem, RulePackError
from keuring_collector.rulepack.watch import Watcher

__all__ = ["Maturity", "Problem", "Rule", "RulePack", "RulePackError", "Watcher", "load", "shipped"]
