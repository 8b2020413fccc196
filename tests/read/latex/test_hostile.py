"""Hostile formulas end quickly in a clear error, whatever they are made of."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.core.errors import ChainruleError, Source
from chainrule.read.claims import read_claims
from chainrule.read.latex import read_latex
from chainrule.read.models import load_model
from chainrule.verification.vocabulary import vocabulary_of

KNOWN = vocabulary_of(load_model("textbook"))

REFUSED = {
    "10,000 brackets": "(" * 10_000 + "x" + ")" * 10_000,
    "brackets unclosed": "(" * 10_000,
    "a megabyte of {": "{" * 1_000_000,
    "braces": "{" * 15_000 + "}" * 15_000,
    "fonts": r"\mathrm{" * 9_000 + "}" * 9_000,
    "fractions": r"\frac{1}{" * 100 + "x" + "}" * 100,
    "strokes": "a" + "/b" * 5_000,
    "minus": "-" * 20_000 + "x",
    "powers": "x" + "^2" * 2_000,
    "roots": r"\sqrt" * 5_000,
    "accents": r"\hat" * 10_000 + "x",
    "subscripts": "x" + "_{x" * 5_000 + "}" * 5_000,
    "environments": r"\begin{cases}" * 5_000,
    "bars": "|" * 5_000 + "x" + "|" * 5_000,
    "operators": r"\frac{\partial}{\partial x}" * 3_000 + "x",
    "logarithms": r"\log" * 5_000 + "x",
    "left dots": r"\left." * 3_000,
    "digits": "9" * 50_000,
    "exponent": r"3\times 10^{-999999999}",
    "letters": "x" * 50_000,
    "primes": "f" + "'" * 50_000 + "(x)",
    "columns": r"\begin{pmatrix}" + "&" * 20_000 + r"\end{pmatrix}",
    "binomial": r"\binom{100000000}{2}",
    "control characters": "x\x00\x07\x1b[31m",
    "turned text": "x\u202e1",
    "tags": r"\tag{" * 10_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_formulas_are_refused_quickly(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ChainruleError):
        read_latex(Source("claim", REFUSED[name]), KNOWN)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    "text",
    [
        "+".join(f"a_{{{number}}}" for number in range(2_000)),
        r"\cdot ".join(f"a_{{{number}}}" for number in range(2_000)),
        r"9^{9^{9^{9}}}",
        r"\sum_{k=1}^{50}" * 30 + "o_k",
        r"\sum_{k=1}^{999999999} o_k",
    ],
)
def test_large_formulas_are_read_quickly(text: str) -> None:
    start = time.perf_counter()
    read_latex(Source("claim", text), KNOWN)
    assert time.perf_counter() - start < 3


PIECES = [
    "x", "w_{11}", "o_1", "{", "}", "(", ")", "[", "]", "|", "_", "^", "'", "&", r"\\", "+", "-",
    "*", "/", "=", "<", ",", ".", ";", ":", "1", "23", "0.5", "e", "d", "dx", "T", " ", "~", "%",
    "\n", "é", "손", "∂", "·", "₁", "²", "⁺", r"\frac", r"\partial", r"\sigma", r"\sum", r"\prod",
    r"\left", r"\right", r"\left.", r"\right|", r"\bigl(", r"\text{if }", r"\mathrm{d}",
    r"\mathrm{net}", r"\mathbb{1}", r"\hat", r"\sqrt", r"\tanh", r"\max", r"\begin{cases}",
    r"\end{cases}", r"\begin{aligned}", r"\end{aligned}", r"\begin{pmatrix}", r"\end{pmatrix}",
    r"\over", r"\Delta", r"\cdot", r"\times", r"\odot", r"\le", r"\approx", r"\leftarrow", ":=",
    r"\underbrace", r"\overset", r"\tag", r"\{", r"\}", r"\_", r"\lvert", r"\rvert", r"\prime",
    "{k=1}", "^{2}", "10", r"\log", "_k", r"\mid", r"\foo", "\x00", r"\pi", "\\", "{+}", "{(t+1)}",
]  # fmt: skip


@settings(max_examples=1_500, deadline=2_000)
@example(r"\left\}x")
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    for claim in read_claims(Source("claim", text), KNOWN):
        assert (claim.error is None) == (claim.lhs is not None) == (claim.rhs is not None)
        if claim.error is not None:
            assert claim.error.span is not None
            assert str(claim.error)


@settings(max_examples=300, deadline=2_000)
@given(st.text(max_size=60))
def test_any_characters_are_read_or_refused(text: str) -> None:
    read_claims(Source("claim", text), KNOWN)
    read_claims(Source("claim", f"\\,{text}"), KNOWN)
