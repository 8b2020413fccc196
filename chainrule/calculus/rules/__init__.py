"""Rules of differentiation, one file per family; found by themselves.

A rule looks at ∂f/∂x, with f no atom hidden from it, and either declines or gives what to write
next, which may hold derivatives of smaller formulas. Its words (title, statement, note) are data
in every language; the note stands beside the line in a derivation.
"""

from chainrule.calculus.rules.base import Context, Outcome, Rule
from chainrule.calculus.rules.registry import all_rules, rule_table

__all__ = ["Context", "Outcome", "Rule", "all_rules", "rule_table"]
