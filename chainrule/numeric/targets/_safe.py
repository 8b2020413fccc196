"""Cases where every branch is computed: arguments that do no harm where one is not taken.

What is not chosen must neither warn nor reach a derivative that the library takes: 0 times the
infinite slope of √ at 0 is nan.
"""

from __future__ import annotations

from chainrule.core import formula as fm
from chainrule.numeric.program import entries
from chainrule.numeric.tame import tame

__all__ = ["with_safe_arguments"]

_PARTIAL = frozenset({"exp", "log", "sqrt", "log1p", "expm1", "sinh", "cosh", "tan"})


def with_safe_arguments(formula: fm.Formula) -> fm.Formula:
    """The same values; a function in a case that is not taken is computed at 1."""

    def cases(node: fm.Formula) -> fm.Formula | None:
        if not isinstance(node, fm.Cases):
            return None
        tests = [test for _, test in node.branches]
        values = [*(value for value, _ in node.branches), node.otherwise]
        safe = [_protected(value, tests, place) for place, value in enumerate(values)]
        return fm.Cases(tuple(zip(safe[:-1], tests, strict=True)), safe[-1])

    return fm.transform(formula, cases, fm.rebuild)


def _protected(value: fm.Formula, tests: list[fm.Condition], place: int) -> fm.Formula:
    """A branch's value, each argument that may do harm being 1 where the branch is not taken."""
    if tame(value):
        return value

    def held(argument: fm.Formula) -> fm.Formula:
        if next(entries(argument), None) is None:
            return argument
        before = tuple((fm.ONE, test) for test in tests[:place])
        if place == len(tests):
            return fm.Cases(before, argument)
        return fm.Cases((*before, (argument, tests[place])), fm.ONE)

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        match node:
            case fm.Call() if node.function in _PARTIAL:
                return fm.Call(node.function, tuple(map(held, parts)))
            case fm.Quotient():
                return fm.Quotient(parts[0], held(parts[1]))
            case fm.Power():
                return fm.Power(held(parts[0]), parts[1])
        return fm.rebuild(node, parts)

    def inner(node: fm.Formula) -> fm.Formula | None:
        return with_safe_arguments(node) if isinstance(node, fm.Cases) else None

    return fm.transform(value, inner, join)
