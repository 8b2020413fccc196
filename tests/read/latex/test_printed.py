"""Law: the LaTeX that chainrule prints reads back to the same formula.

Printed alike, and therefore the same here: a minus before a fraction and before its numerator, a
minus before a product and before its first factor, and a power of ten in two spellings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import activations, definitions, examples, losses, penalties
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.errors import Source
from chainrule.core.functions import PRIMITIVES, arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.read.latex import read_latex
from chainrule.read.models import load_model
from chainrule.read.network import dense, layer, network
from chainrule.read.vocabulary import Vocabulary
from chainrule.show.notations import profile_names
from chainrule.show.printers.latex import print_latex
from chainrule.show.symbols import bare_notation, make_notation
from chainrule.verification.vocabulary import vocabulary_of
from tests.strategies import formulas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.core.graph import Graph
    from chainrule.show.symbols import Notation

ZERO, TEN = fm.Number("0"), fm.Number("10")


def settled(formula: fm.Formula) -> fm.Formula:
    """One form of what is printed alike."""
    return _first(fm.transform(formula, lambda _: None, _settle))


def _settle(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    if isinstance(node, fm.Sum):  # only a later term keeps its minus before a product
        return fm.Sum((_first(parts[0]), *map(_later, parts[1:])))
    parts = tuple(map(_first, parts))
    if isinstance(node, fm.Quotient):
        return _quotient(*parts)
    new = fm.rebuild(node, parts)
    match new:
        case fm.Product(factors):
            return fm.Product(factors)
        case fm.Bracket(fm.Condition(left, ">", right)) if right == ZERO:
            return fm.Call("heaviside", (left,))
        case fm.Derivative(of, wrt):
            return fm.Derivative(of, wrt)
    return new


def _quotient(top: fm.Formula, bottom: fm.Formula) -> fm.Formula:
    positive = _without_minus(top)
    if positive is not None:
        return fm.Negative(_quotient(_first(positive), bottom))
    return fm.Quotient(top, bottom)


def _without_minus(formula: fm.Formula) -> fm.Formula | None:
    """What a minus in front is taken from, however many products begin with it; else None."""
    if isinstance(formula, fm.Negative):
        return formula.operand
    if isinstance(formula, fm.Product):
        first = _without_minus(formula.factors[0])
        return first and fm.Product((first, *formula.factors[1:]))
    return None


def _first(formula: fm.Formula) -> fm.Formula:
    """A minus before a product moved to its first factor."""
    if isinstance(formula, fm.Negative) and isinstance(formula.operand, fm.Product):
        first, *rest = formula.operand.factors
        return fm.Product((_first(fm.Negative(first)), *rest))
    return formula


def _later(formula: fm.Formula) -> fm.Formula:
    if isinstance(formula, fm.Negative) and isinstance(formula.operand, fm.Product):
        return formula
    return _first(formula)


def normal(formula: fm.Formula) -> fm.Formula:
    """Settled, with numbers by their value."""

    def number(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Number):
            return fm.Number(str(node.value))
        if isinstance(node, fm.Power) and node.base == TEN:
            match node.exponent:
                case fm.Negative(fm.Number(text)) if text.isdigit():
                    return fm.Number(str(fm.Number(f"1e-{text}").value))
        if isinstance(node, fm.Name) and node.marks == ("′",):
            return fm.Name(node.id, ("⁺",))
        if isinstance(node, fm.Relation):
            return None
        return None

    return settled(fm.transform(formula, number, _subtracting))


def _subtracting(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """a + (−b)·c, which is printed a − b·c, as that is read."""
    built = fm.rebuild(node, parts)
    if not isinstance(built, fm.Sum):
        return built
    first, *rest = built.terms
    return fm.Sum((first, *map(_negative, rest)))


def _negative(term: fm.Formula) -> fm.Formula:
    match term:
        case fm.Product((fm.Negative(inner), *others)):
            return fm.Negative(fm.Product((inner, *others), term.groups))
        case fm.Quotient(fm.Negative(inner), below):
            return fm.Negative(fm.Quotient(inner, below))
        case fm.Quotient(fm.Product((fm.Negative(inner), *others)) as top, below):
            return fm.Negative(fm.Quotient(fm.Product((inner, *others), top.groups), below))
    return term


def law(formula: fm.Formula, notation: Notation, known: Vocabulary) -> None:
    text = print_latex(formula, notation)
    found = read_latex(Source("printed", text), known)
    assert normal(found) == normal(formula), f"{text}\n{found!r}\n{formula!r}"


def widened(known: Vocabulary, notation: Notation, formulas: list[fm.Formula]) -> Vocabulary:
    """The vocabulary with every name some formulas have beside the model's: deltas, indices."""
    names = {name for formula in formulas for name in fm.names(formula)}
    extra = {notation.latex(name): name for name in names if not notation.knows(name)}
    return replace(known, names={*known.names, *names}, spellings={**extra, **known.spellings})


def law_alone(formula: fm.Formula, notation: Notation, known: Vocabulary) -> None:
    law(formula, notation, widened(known, notation, [formula]))


FUNCTIONS = {**arities(definitions())}


def heads(notation: Notation) -> dict[str, str]:
    return {latex: name for name, (_, latex) in notation.heads.items()}


# ------------------------------------------------------------------ models

SHORT = ("3-2-2", "2-12-2", "2-2-2", "12-3-1")
MODELS = {
    **{name: lambda name=name: load_model(name) for name in (*examples(), *SHORT)},
    "mazur names": lambda: network(2, [dense(2), dense(2)], naming="mazur"),
    "softmax": lambda: network(2, [dense(2), dense(3, "softmax")], "cross-entropy"),
    "everything": lambda: network(
        3,
        [dense(3, "prelu"), layer("dropout"), layer("residual", activation="prelu"), dense(2)],
        "huber",
        penalties=["l1", "l2"],
    ),
    **{
        f"{name} activation": lambda name=name: network(
            2, [dense(2, name), dense(2, name)], "sum-squared-error"
        )
        for name in activations()
    },
    **{f"{name} loss": lambda name=name: network(2, [dense(2)], name) for name in losses()},
}


def printed_by(graph: Graph) -> Iterator[fm.Formula]:
    """Every formula that the pages of a model show."""
    for name in graph.statements:
        formula = graph.nodes[name].formula
        assert formula is not None
        yield fm.Relation(fm.Name(name), (("=", formula),))
    wrt = graph.parameters
    some = (wrt[0], wrt[len(wrt) // 2], wrt[-1])
    for derivation in derive(graph, list(some)):
        yield derivation.symbol
        yield derivation.chain
        yield derivation.values
        yield derivation.result
        yield derivation.update
        yield derivation.chain_in_deltas
        yield derivation.result_in_deltas
        for factor in derivation.factors:
            yield factor.symbol
            yield factor.value
        for step in derivation.root.walk():
            yield step.before
            yield step.after


CASES = [
    (model, profile)
    for place, model in enumerate(MODELS)
    for number, profile in enumerate(profile_names())
    if " " not in model or number == place % len(profile_names())
]


@pytest.mark.parametrize(("model", "profile"), CASES)
def test_models_read_back(model: str, profile: str) -> None:
    graph = MODELS[model]().unroll()
    notation = make_notation(graph, profile)
    formulas = {print_latex(formula, notation): formula for formula in printed_by(graph)}
    known = widened(vocabulary_of(graph, [profile]), notation, list(formulas.values()))
    for formula in formulas.values():
        law(formula, notation, known)


# ------------------------------------------------------------------ catalogue

INDEX = Syntax(functions=FUNCTIONS)


@pytest.mark.parametrize("name", sorted(activations()))
def test_activations_read_back(name: str) -> None:
    entry = activations()[name]
    notation = bare_notation()
    if isinstance(entry, Activation):
        texts = [entry.definition, entry.derivative, *entry.parameter_derivatives.values()]
        arrays = frozenset()
    else:
        texts = [entry.definition, entry.derivative_same, entry.derivative_other]
        arrays = frozenset({"z", "p"})
    known = Vocabulary((), FUNCTIONS, heads(notation), {}, arrays=arrays)
    for text in texts:
        law_alone(read_formula(text, INDEX), notation, known)


@pytest.mark.parametrize("name", sorted(losses()))
def test_losses_read_back(name: str) -> None:
    entry = losses()[name]
    notation = bare_notation()
    known = Vocabulary((), FUNCTIONS, heads(notation), {}, arrays=frozenset({"o", "t"}))
    law_alone(read_formula(entry.term or entry.total or "", INDEX), notation, known)


@pytest.mark.parametrize("name", sorted(penalties()))
def test_penalties_read_back(name: str) -> None:
    entry = penalties()[name]
    notation = bare_notation()
    known = Vocabulary((), FUNCTIONS, heads(notation), {})
    for text in (entry.entry, entry.scale):
        law_alone(read_formula(text, INDEX), notation, known)


# ------------------------------------------------------------------ anything


@settings(max_examples=400, deadline=None)
@given(formulas())
def test_random_formulas_read_back(formula: fm.Formula) -> None:
    notation = bare_notation()
    law_alone(formula, notation, Vocabulary((), FUNCTIONS, heads(notation), {}))


@settings(max_examples=200, deadline=None)
@given(formulas(("x", "y", "alpha", "target_o1", "E_total", "w_1_11", "y_hat_1", "z3", "e_2")))
def test_formulas_of_odd_names_read_back(formula: fm.Formula) -> None:
    notation = bare_notation()
    law_alone(formula, notation, Vocabulary((), FUNCTIONS, heads(notation), {}))


def test_every_function_reads_back() -> None:
    notation = bare_notation()
    known = Vocabulary((), FUNCTIONS, heads(notation), {})
    x, y = fm.Name("x"), fm.Name("y")
    for name, (least, _) in FUNCTIONS.items():
        args = (x, y, fm.Name("u"))[:least]
        for primes in range(5) if name in PRIMITIVES else (0,):
            law_alone(fm.Call(name, args, primes), notation, known)
            law_alone(fm.Power(fm.Call(name, args, primes), fm.Number("2")), notation, known)
