"""Hostile claims: a verdict or a clear error with the work that a line may take, no exception.

Guards against: a formula that grows when it is put into normal form, an enclosure of a number with
a million digits, a derivative that doubles with every prime, a chain of links each of which takes
the work of a line, a RecursionError, and anything that would execute what it reads.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import mpmath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.claim import Method, Outcome
from chainrule.core.errors import ChainruleError, Source
from chainrule.core.evaluate import evaluate
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.verification.verify import Verifier
from tests.verification.test_intervals import leaf, value

RIGHT, WRONG = {Outcome.PROVED, Outcome.AGREES}, {Outcome.REFUTED}
OPEN = {Outcome.UNDECIDED, Outcome.UNREADABLE, Outcome.VACUOUS}


def nested(wrap, inner, times):
    for _ in range(times):
        inner = wrap(inner)
    return inner


def joined(mark, make, numbers):
    return mark.join(make(number) for number in numbers)


UP, DOWN = range(1, 201), range(200, 0, -1)
MANY, BACK = range(2000), range(1999, -1, -1)
LONG = "123456789"

HOSTILE = {
    # (text, what else than "open" may come out: right claims may be proved, wrong ones refuted)
    "brackets": ("(" * 10_000 + "z_1" + ")" * 10_000 + " = z_1", RIGHT),
    "latex brackets": (r"\left(" * 5_000 + "z_1" + r"\right)" * 5_000 + " = {z_1}", RIGHT),
    "open brackets": ("(" * 10_000 + " = 1", set()),
    "tower in braces": ("9^{9^{9^9}} = 1", WRONG),
    "tower": ("9**9**9**9 = 1", WRONG),
    "tower on a name": ("z_1 = z_1**9**9**9", WRONG),
    "powers of powers": (nested("({})**1000".format, "2", 5) + " = 1", WRONG),
    "powers of a sum": (nested("({})**64".format, "(1 + z_1)", 6) + " = 1", WRONG),
    "exponents in exponents": ("z_1" + "^{2" * 10 + "}" * 10 + " = 1", WRONG),
    "sum": (joined(" + ", lambda _: "z_1", MANY) + " = 2000*z_1", RIGHT),
    "wrong sum": (joined(" + ", lambda _: "z_1", MANY) + " = 2001*z_1", WRONG),
    "sum of exponentials": (
        f"{joined('+', 'exp({}*z_1)'.format, MANY)} = {joined('+', 'exp({}*z_1)'.format, BACK)}",
        RIGHT,
    ),
    "sum of sigmoids": (
        (f"{joined('+', 'sigmoid({}*z_1)'.format, MANY)} = "
        f"{joined('+', '1/(1+exp(-{}*z_1))'.format, BACK)}"),
        RIGHT,
    ),
    "wrong sum of powers": (
        joined("+", lambda k: f"x_1*w_11**{k % 7}", MANY) + " = z_1", WRONG,
    ),
    "binomial": (r"\binom{100000000}{50000000} = 1", WRONG),
    "named binomial": ("binomial(100000000, 50000000) = 1", WRONG),
    "factorial": ("100000000! = 1", WRONG),
    "unknown macros": (r"\foo{z_1} = \bar\baz", set()),
    "files": (r"\input{/etc/passwd} = 1", set()),
    "shell": (r"\write18{ls} = 1", set()),
    "macro that grows": (r"\def\a{\a\a}\a = 1", set()),
    "code": ("__import__('os').system('ls') = 1", set()),
    "control characters": ("z_1\x00 = \x07z_1\x1b[31m", set()),
    "zero bytes": ("\x00" * 100_000, set()),
    "a megabyte of braces": ("{" * 1_000_000, set()),
    "a megabyte of brackets": ("(" * 1_000_000, set()),
    "a megabyte of backslashes": ("\\" * 1_000_000, set()),
    "a megabyte of digits": ("1" * 1_000_000, set()),
    "a megabyte of spaces": (" " * 1_000_000 + "z_1 = z_1", RIGHT),
    "fractions": (r"\frac{1}{" * 3_000 + "z_1" + "}" * 3_000 + " = z_1", WRONG),
    "continued fraction": (nested(r"\frac{{1}}{{1+{}}}".format, "z_1", 60) + " = z_1", WRONG),
    "same continued fraction": (
        nested("1/(x_1+1/(x_2+{}))".format, "z_1", 25)
        + " = "
        + nested("1/(1/({}+x_2)+x_1)".format, "z_1", 25),
        RIGHT,
    ),
    "large exponent": ("z_1^{1000} = z_1^{999}*z_1", RIGHT),
    "expanded": (
        "(x_1+x_2+w_11+w_21)^{50} = (w_21+x_2+w_11+x_1)^{25}*(x_1+x_2+w_11+w_21)^{25}", RIGHT,
    ),
    "expanded otherwise": (
        "(x_1+x_2+w_11+w_21)**50 = (x_1**2+2*x_1*(x_2+w_11+w_21)+(x_2+w_11+w_21)**2)**25", RIGHT,
    ),
    "names": (joined("+", "q_{}".format, range(300)) + " = z_1", WRONG),
    "exponentials of names": (
        (f"{joined('+', 'exp(q_{})'.format, range(300))} = "
        f"{joined('+', 'exp(q_{})'.format, range(299, -1, -1))}"),
        RIGHT,
    ),
    "product of names": (joined("*", "(1+q_{})".format, range(300)) + " = exp(q_1)", WRONG),
    "product of sigmoids": (
        (f"{joined('*', 'sigmoid({}*z_1)'.format, UP)} = "
        f"{joined('*', 'sigmoid({}*z_1)'.format, DOWN)}"),
        RIGHT,
    ),
    "product of sigmoids in LaTeX": (
        joined(r"\cdot ", r"\sigma({} z_1)".format, UP)
        + " = "
        + joined("*", r"\frac{{1}}{{1+e^{{-{}z_1}}}}".format, DOWN),
        RIGHT,
    ),
    "tower of exponentials": (
        r"e^{e^{e^{e^{z_1}}}} = e^{e^{e^{e^{z_1}}}} + 10^{-9}", WRONG,
    ),
    "same tower": (r"e^{e^{e^{e^{z_1}}}} = e^{e^{e^{e^{2 z_1/2}}}}", RIGHT),
    "high tower": (nested("exp({})".format, "z_1", 12) + " = z_1", WRONG),
    "maximum": (
        f"max({joined(', ', 'q_{}'.format, range(30))}) = max("
        + joined(", ", "q_{}".format, range(29, -1, -1))
        + ")",
        RIGHT,
    ),
    "wrong maximum": (f"max({joined(', ', 'q_{}'.format, range(30))}) = q_0", WRONG),
    "kinks in kinks": (
        nested("abs({} - 1)".format, "z_1", 40) + " = " + nested("abs(1 - {})".format, "z_1", 40),
        RIGHT,
    ),
    "a kink too few": (
        nested("abs({} - 1)".format, "z_1", 40) + " = " + nested("abs(1 - {})".format, "z_1", 39),
        WRONG,
    ),
    "kinks everywhere": (
        joined("+", "abs(sin({0}*z_1+w_11*{0}))".format, range(1, 60))
        + " = "
        + joined("+", "abs(tan(atan(sin({0}*z_1+w_11*{0}))))".format, range(1, 60)),
        RIGHT,
    ),
    "cases": (
        "z_1 = "
        + nested(
            r"\begin{{cases}} z_1 & z_1 > 1 \\ {} & \text{{otherwise}}\end{{cases}}".format,
            "z_1",
            20,
        ),
        RIGHT,
    ),
    "cases in words": ("z_1 = " + nested("(z_1 if z_1 > w_11 else {})".format, "z_1", 30), RIGHT),
    "many cases": (
        joined("+", lambda k: f"(1 if z_1*{k} > {k * k} else w_11)", range(1, 40))
        + " = "
        + joined("+", "(1 if z_1 > {} else w_11)".format, range(1, 40)),
        RIGHT,
    ),
    "environments": (r"\begin{cases}" * 500 + "z_1 = 1", set()),
    "matrix": (r"\begin{pmatrix}" + "1&" * 20_000 + r"1\end{pmatrix} = z_1", set()),
    "logarithms": (
        nested("log({})".format, "z_1", 12) + " = " + nested("log({})".format, "z_1", 11), WRONG,
    ),
    "roots": (
        nested("sqrt({}+1)".format, "z_1", 30) + " = " + nested("sqrt(1+{})".format, "z_1", 30),
        RIGHT,
    ),
    "a root too few": (
        nested("sqrt({}+1)".format, "z_1", 30) + " = " + nested("sqrt(1+{})".format, "z_1", 29),
        WRONG,
    ),
    "division by nothing": ("x_1/(x_1 - x_1) = z_1", set()),
    "nothing by nothing": ("0/0 = z_1", set()),
    "nothing by nothing in LaTeX": (r"\frac{0}{0} = \frac00", set()),
    "one by nothing": ("1/0 = 1/0", set()),
    "tiny numbers": ("z_1 + 1e-300 = z_1", WRONG),
    "huge numbers": ("1e300*z_1*1e300 = 1e200*z_1*1e400", RIGHT),
    "exponent of a number": ("1e999999999 = z_1", WRONG),
    "digits": ("z_1 = 0." + LONG * 7, WRONG),
    "60 digits": ("pi*z_1 = 3.1415926535897932384626433832795028841971693993751058*z_1", RIGHT),
    "prime number": ("log(" + "9" * 59 + "7) = x_1", WRONG),
    "large powers of digits": ("(" + "9" * 60 + ")**900*x_1 = x_1", WRONG),
    "long name": ("n" * 80 + " = z_1", WRONG),
    "longer name": ("exp(" + "n" * 78 + ") = 1/exp(-" + "n" * 78 + ")", RIGHT),
    "name of a megabyte": ("z" * 1_000_000 + " = 1", set()),
    "links": (joined(" = ", lambda _: "z_1", range(501)), RIGHT),
    "wrong links": (joined(" = ", "z_1 + {}".format, range(501)), WRONG),
    "wrong links in LaTeX": (
        joined(" = ", lambda k: rf"\frac{{\partial E_{{total}}}}{{\partial w_{{11}}}}+{k}",
               range(501)),
        WRONG,
    ),
    "from right to left": ("z_1\u202e = \u200bz_1\u200d", set()),
    "zero width": ("z\u200b_1 = z_1", set()),
    "half a character": ("z_1 = \ud800", set()),
    "look-alikes": ("\uff5a_1 = z_1", RIGHT),
    "nothing": ("", set()),
    "equals signs": ("=" * 500, set()),
    "minus signs": ("-" * 5_000 + "z_1 = z_1", RIGHT),
    "primes": ("sigmoid" + "'" * 50 + "(z_1) = z_1", WRONG),
    "more primes": (r"\tanh" + "'" * 200 + "(z_1) = z_1", WRONG),
    "derivative of a product": (
        r"\frac{\partial}{\partial z_1}(" + joined(r"\cdot ", r"\sigma({} z_1)".format, UP)
        + ") = 1",
        WRONG,
    ),
    "derivatives of derivatives": (
        nested(r"\frac{{d}}{{dz_1}}\left({}\right)".format, "z_1^2", 40) + " = 1", WRONG,
    ),
    "subscripts": ("z" + "_{1" * 3_000 + "}" * 3_000 + " = 1", set()),
    "sum over an index": (r"\sum_{i=1}^{1000000000} x_i = 1", WRONG),
    "terms": ("1" + "+1" * 20_000 + " = 20001", RIGHT),
    "side by side": ("z_1 " * 5_000 + "= z_1{}", WRONG),
    "factors": (
        (f"{joined('*', '(z_1+{})'.format, range(400))} = "
        f"{joined('*', '({}+z_1)'.format, range(400))}"),
        RIGHT,
    ),
    "denominators": (
        f"{joined('+', '1/(x_1+{})'.format, UP)} = {joined('+', '1/({}+x_1)'.format, DOWN)}",
        RIGHT,
    ),
    "error functions": (
        (f"{joined('+', 'erf(25.{}*x_1)'.format, range(10, 99))} = "
        f"{joined('+', 'erf(x_1*25.{})'.format, range(98, 9, -1))}+1e-250*x_1"),
        WRONG,
    ),
    "an update in brackets": ("w_11 <- " + "(" * 1_000 + "w_11" + ")" * 1_000, WRONG),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name):
    """A claim that does not end, or of which something comes that may not."""
    text, allowed = HOSTILE[name]
    verifier = Verifier(load_model("textbook"))
    found = verifier(1, Source("-", text))
    assert found
    assert {one.verdict.outcome for one in found} <= OPEN | allowed


@pytest.mark.parametrize(("opening", "closing"), [("$", "$"), (r"\(", r"\)")])
def test_delimiters(opening, closing):
    """Thousands of dollar signs round a claim."""
    text = opening * 5_000 + "z_1 = z_1" + closing * 5_000
    assert Verifier(load_model("textbook"))(1, Source("-", text))


@pytest.mark.parametrize("aliases", [{"a": "z_1", "b": "z_1"}, {"z_1": "z_2", "z_2": "z_1"}])
def test_aliases_that_look_cyclic(aliases):
    """An alias of an alias that is followed for ever."""
    verifier = Verifier(load_model("textbook"), aliases=aliases)
    assert verifier(1, Source("-", " = ".join(aliases)))
    with pytest.raises(ChainruleError):
        Verifier(load_model("textbook"), aliases={"a": "b", "b": "a"})


# ------------------------------------------------------------------ random texts


MODELS = ("textbook", "softmax", "composite")
SOFTMAX = """
s_1 = exp(z_1)/(exp(z_1) + exp(z_2))
s_2 = exp(z_2)/(exp(z_1) + exp(z_2))
L = -y_1*log(s_1) - y_2*log(s_2)
"""
FRAGMENTS = [
    "=", "=", "=", "+", "-", "*", "/", "^", "**", "(", ")", "{", "}", "[", "]", ",", "&", "|", "'",
    "_", "<-", ":=", "≈", "≠", " ", "\n", r"\\", "0", "1", "2", "0.5", "1e-3", "1/2", "-1", "½",
    r"\frac{", "}{", r"\partial ", r"\partial", "∂", r"\cdot ", r"\left(", r"\right)", r"\sigma(",
    r"\tanh ", r"\sqrt{", r"\exp(", r"\log ", r"\max(0, ", r"\sum_{i=1}^{3} ", r"\begin{cases}",
    r"\end{cases}", r"\text{if }", r"\underbrace{", r"\tag{1}", r"\Delta ", r"\eta ", r"\quad",
    r"\frac{\partial ", "dE/", "d", "exp(", "log(", "sqrt(", "abs(", "sigmoid(", "relu(", "max(",
    " if ", " else ", "^+", "^{+}", "^{(t+1)}", "^2", "^{-1}", "^T", r"\odot ", "$", r"\(",
    "\u200b", "한", "\U0001d467", "\x00", "π",
]  # fmt: skip


@cache
def model(name):
    return (equations(SOFTMAX) if name == "softmax" else load_model(name)).unroll()


@cache
def verifier_of(name):
    return Verifier(model(name), budget=500_000)


@cache
def right_sides(name):
    """What `derive` writes, as text: claims that nearly hold are made of it."""
    from chainrule.core.plain import print_plain

    graph = model(name)
    output = graph.output
    return tuple(
        f"d{output}/d{derivation.wrt} = {print_plain(derivation.formula)}"
        for derivation in derive(graph)
    )


@st.composite
def texts(draw):
    """Fragments of both notations with names of a model; or a right claim with some bent places."""
    name = draw(st.sampled_from(MODELS))
    names = list(model(name).nodes)
    pieces = st.one_of(st.sampled_from(FRAGMENTS), st.sampled_from(names))
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return name, "".join(draw(st.lists(pieces, max_size=24)))
    if kind == 1:
        terms = st.lists(st.sampled_from([*names, "2", "exp(1)", "0.5"]), min_size=1, max_size=4)
        sides = [
            draw(st.sampled_from(["*", " + ", " - ", "/"])).join(draw(terms)) for _ in range(2)
        ]
        left = draw(
            st.sampled_from(
                ["{}", "dE_total/d{}", r"\frac{{\partial L}}{{\partial {} }}", "dh/d{}"]
            )
        )
        return name, f"{left.format(draw(st.sampled_from(names)))} = {' = '.join(sides)}"
    text = draw(st.sampled_from(right_sides(name)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        width = draw(st.integers(0, 3))
        text = text[:place] + draw(st.one_of(st.just(""), pieces)) + text[place + width :]
    return name, text


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(texts())
def test_random_texts(case):
    """An exception, an unknown outcome, or a refutation whose counterexample is none."""
    name, text = case
    found = verifier_of(name)(1, Source("-", text))
    assert found
    for one in found:
        verdict = one.verdict
        assert verdict.outcome in set(Outcome)
        if verdict.outcome is Outcome.UNREADABLE:
            assert str(verdict.claim.error)
        if verdict.outcome is Outcome.UNDECIDED:
            assert verdict.evidence.reason
        if verdict.outcome is Outcome.REFUTED:
            confirm(model(name), verdict, text)


def confirm(graph, verdict, text):
    """A counterexample is finite; without derivatives in the claim it is evaluated again."""
    evidence = verdict.evidence
    assert math.isfinite(evidence.lhs_value)
    assert math.isfinite(evidence.rhs_value)
    sides = verdict.claim.lhs, verdict.claim.rhs
    parts = [part for side in sides for part in fm.walk(side)]
    terms = sides[1].terms if isinstance(sides[1], fm.Sum) else ()
    update = isinstance(sides[0], fm.Name) and (
        verdict.claim.relation == "←" or sides[0].marks or sides[0] in terms
    )
    if evidence.method is not Method.INTERVAL or update or graph.model.functions:
        return
    assert all(isinstance(at, Fraction) for at in evidence.point.values())
    values = {name: float(at) for name, at in evidence.point.items()}
    for node in graph.statements:
        formula = graph.nodes[node].formula
        if all(each in values for each in fm.names(formula)):
            values[node] = evaluate(formula, values, definitions())
    for side, wanted in zip(sides, (evidence.lhs_value, evidence.rhs_value), strict=True):
        if not any(isinstance(part, fm.Derivative | fm.Held) for part in fm.walk(side)):
            known = evaluate(side, values, definitions())
            assert known == pytest.approx(wanted, rel=1e-6, abs=1e-9), text
        elif isinstance(side, fm.Derivative) and isinstance(side.of, fm.Name):
            slope = quotient(graph, side, evidence.point)
            if slope is not None:
                assert slope == pytest.approx(wanted, rel=1e-6, abs=1e-9), text
    if not any(isinstance(part, fm.Derivative | fm.Held) for part in parts):
        one, other = (evaluate(side, values, definitions()) for side in sides)
        assert one != other, text


def quotient(graph, side, point):
    """A derivative by differences, in thirty digits; None where leaves are missing."""
    wrt = side.wrt.id
    if wrt not in point or side.of.id in point or not graph.nodes[wrt].is_leaf:
        return None
    with mpmath.workdps(40):
        step = mpmath.mpf(10) ** -12
        ends = []
        for shift in (step, -step):
            values = {name: leaf(at) for name, at in point.items()}
            values[wrt] += shift
            for node in graph.statements:
                formula = graph.nodes[node].formula
                if all(each in values for each in fm.names(formula)):
                    values[node] = value(formula, values)
            if side.of.id not in values:
                return None
            ends.append(values[side.of.id])
        return float((ends[0] - ends[1]) / (2 * step))
