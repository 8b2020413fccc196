"""Plain formulas for the tests of the judge, without the reader of claims."""

from __future__ import annotations

from chainrule.catalog.registry import definitions
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.verification.budget import Budget
from chainrule.verification.facts import read_facts
from chainrule.verification.judge import Judge


def read(text, graph):
    functions = {name: (count, count) for name, count in graph.model.functions.items()}
    syntax = Syntax(
        functions={**arities(definitions()), **functions}, derivatives_of=frozenset(graph.nodes)
    )
    return read_formula(text, syntax)


def decide(graph, left, right, facts=(), budget=5_000_000):
    graph = graph.unroll()
    judge = Judge(graph, facts=read_facts(facts, graph), budget=Budget(budget))
    return judge.compare(read(left, graph), read(right, graph))
