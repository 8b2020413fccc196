"""What is printed can only be read one way: read back by a small reader, it has the same value.

The reader knows what a person knows who reads the page: which names are functions, that a power
binds tighter than a product, that o(1 − o) is a product and σ(z) is not. It shares no code with the
printers.
"""

from __future__ import annotations

import math
import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import bare_notation

BARE = bare_notation()
VALUES = {"x": 0.731, "a_1": 1.417, "w_31": -0.377, "E_total": 2.239, "alpha": 0.559, "e5": 1.931,
          "sigma": 0.853, "target_o1": -1.177, "z3": 0.619}  # fmt: skip
TEXT_NAMES = {"α": "alpha", "σ": "sigma"}
LATEX_NAMES = {
    r"\alpha": "alpha", r"\sigma": "sigma", r"a_1": "a_1", "w_{31}": "w_31", "z_3": "z3",
    "e_5": "e5", r"E_{\mathrm{total}}": "E_total", r"\mathrm{target}_{o1}": "target_o1", "x": "x",
}  # fmt: skip
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
VULGAR = {"½": 1 / 2, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 1 / 4, "¾": 3 / 4, "⅖": 2 / 5, "⅗": 3 / 5}


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


FUNCTIONS = {
    "σ": sigmoid, "tanh": math.tanh, "sin": math.sin, "cos": math.cos, "log": math.log,
    "arctan": math.atan, "exp": math.exp, "max": max, "min": min, "abs": abs,
    "ReLU": lambda z: max(z, 0.0),
}  # fmt: skip
BRACKETLESS = {"sin", "cos", "log", "arctan"}
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:e-?\d+)?)|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<name>[A-Za-zα-ω][A-Za-zα-ω_]*[A-Za-z0-9_]*)|(?P<sign>.))"
)


class Reader:
    """Reads printed text as a person would, and computes."""

    def __init__(self, text: str, *, typeset: bool = False) -> None:
        self.typeset = typeset  # exponents and roots show where they end
        self.inside_bars = False
        self.tokens = [
            (match.lastgroup, match[match.lastgroup]) for match in TOKEN.finditer(text.strip())
        ]
        self.place = 0

    def peek(self, ahead: int = 0) -> tuple[str | None, str]:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else (None, "")

    def take(self, wanted: str | None = None) -> tuple[str | None, str]:
        found = self.peek()
        assert wanted is None or found[1] == wanted, (found, wanted)
        self.place += 1
        return found

    def whole(self) -> float:
        value = self.sum()
        assert self.peek()[0] is None, self.tokens[self.place :]
        return value

    def sum(self) -> float:
        value = self.term()
        while self.peek()[1] in {"+", "−"}:
            sign = self.take()[1]
            assert self.peek()[1] != "−", "two signs in a row"
            value = value + self.term() if sign == "+" else value - self.term()
        return value

    def term(self) -> float:
        if self.peek()[1] == "−":
            self.take()
            assert self.peek()[1] != "−", "two signs in a row"
            return -self.term()
        value = self.power()
        while True:
            sign = self.peek()[1]
            if sign in {"·", "/"}:
                self.take()
                value = value * self.power() if sign == "·" else value / self.power()
            elif self.starts_atom():
                value *= self.power()
            else:
                return value

    def starts_atom(self) -> bool:
        kind, text = self.peek()
        if text == "|":
            return not self.inside_bars
        return kind in {"name", "number"} or text in {"(", "[", "√", "{", "π"} or text in VULGAR

    def power(self) -> float:
        start = self.peek()[1]
        euler = start == "e" and self.peek(1)[1] == "^"
        value = self.atom()
        if self.typeset:
            pass
        elif euler or start == "√" or (start[0].isdigit() and "e" in start):
            following = self.peek()
            assert following[0] != "raised", f"{start}… with a power on it can be read two ways"
            assert following[1] not in {"^", "("}, f"{start}… runs on"
        if self.peek()[0] == "raised":
            return value ** int(self.take()[1].translate(RAISED))
        if self.peek()[1] == "^":
            self.take()
            value = value ** self.bracketed()
            assert self.typeset or self.peek()[1] not in {"^", "("}, "an exponent runs on"
        return value

    def bracketed(self) -> float:
        self.take("(")
        value = self.sum()
        self.take(")")
        return value

    def atom(self) -> float:
        kind, text = self.take()
        if kind == "number":
            return float(text)
        if text in VULGAR:
            return VULGAR[text]
        if text == "π":
            return math.pi
        if text in {"(", "["}:
            value = self.sum()
            if text == "[" and self.peek()[1] == ">":
                self.take()
                value = float(value > self.sum())
            self.take({"(": ")", "[": "]"}[text])
            return value
        if text == "|":
            assert not self.inside_bars, "bars within bars"
            self.inside_bars = True
            value = abs(self.sum())
            self.take("|")
            self.inside_bars = False
            return value
        if text == "√":
            return math.sqrt(self.atom())
        assert kind == "name", (kind, text)
        return self.named(text)

    def named(self, text: str) -> float:
        if text == "e" and self.peek()[1] == "^":
            self.take()
            return math.exp(self.atom())
        if text in FUNCTIONS:
            return self.call(FUNCTIONS[text], text)
        return VALUES[TEXT_NAMES.get(text, text)]

    def call(self, function: object, text: str) -> float:
        kind, following = self.peek()
        power = 1
        if kind == "raised" and text in {"sin", "cos", "arctan"}:
            power = int(self.take()[1].translate(RAISED))
            kind, following = self.peek()
        if kind in {"name", "number"} and text in BRACKETLESS:
            return function(self.atom()) ** power
        if following != "(":
            return VALUES[TEXT_NAMES[text]]
        self.take("(")
        values = [self.sum()]
        while self.peek()[1] == ",":
            self.take()
            values.append(self.sum())
        self.take(")")
        return function(*values) ** power


# ------------------------------------------------------------------ LaTeX to the same text

COMMAND = re.compile(
    "|".join(map(re.escape, sorted(LATEX_NAMES, key=len, reverse=True)))
    + r"|\\[A-Za-z]+|\d+\.?\d*|."
)
PLAIN = {
    r"\cdot": "·", "-": "−", r"\times": "·", r"\Bigl": "", r"\Bigr": "", r"\pi": "π",
    r"\arctan": "arctan", r"\sin": "sin", r"\cos": "cos", r"\log": "log", r"\exp": "exp",
    r"\max": "max", r"\min": "min", r"\tanh": "tanh", r"\lvert": "abs(", r"\rvert": ")",
    r"\sqrt": "√", "{": "(", "}": ")", r"\mathrm{ReLU}": "ReLU",
}  # fmt: skip


def from_latex(latex: str) -> str:
    """The text a person would write down for the LaTeX; letters side by side are factors."""
    latex = latex.replace(r"\mathrm{ReLU}", "\\ReLU ")
    tokens = COMMAND.findall(latex)
    out, place = [], 0

    def group() -> str:
        nonlocal place
        depth, start = 0, place
        while True:
            depth += (tokens[place] == "{") - (tokens[place] == "}")
            place += 1
            if depth == 0:
                return "(" + from_latex("".join(tokens[start + 1 : place - 1])) + ")"

    while place < len(tokens):
        piece = tokens[place]
        place += 1
        following = tokens[place] if place < len(tokens) else ""
        if piece == r"\frac":
            out.append(f"({group()}/{group()})")
        elif piece == "^" and following != "{":
            place += 1
            # A digit after ^ is the whole exponent: 10^23 would be 10²·3.
            out.append(f"^({LATEX_NAMES.get(following[0], following[0])}) {following[1:]}")
        elif piece == "^":
            out.append("^" + group())
        elif piece == r"\sigma" and following in {"(", r"\Bigl"}:
            out.append("σ")
        elif piece in LATEX_NAMES:
            out.append(f" {LATEX_NAMES[piece]} ".replace("alpha", "α").replace("sigma", "σ"))
        elif piece == r"\ReLU":
            out.append("ReLU")
        else:
            out.append(PLAIN.get(piece, piece))
    text = "".join(out)
    # cos^(2)(x) of LaTeX is cos²(x) of text.
    raise_ = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return re.sub(
        r"(sin|cos|arctan)\^\((\d+)\)", lambda found: found[1] + found[2].translate(raise_), text
    )


# ------------------------------------------------------------------ formulas

NUMBERS = st.sampled_from(["0", "1", "2", "3", "10", "0.5", "1.25", "1e-3", "2.5e2"])
NAMES = st.sampled_from(sorted(VALUES))
ATOMS = st.one_of(NAMES.map(fm.Name), NUMBERS.map(fm.Number))
ONE_ARGUMENT = st.sampled_from(
    ["sigmoid", "tanh", "exp", "log", "sqrt", "sin", "cos", "atan", "abs", "heaviside", "relu"]
)


def grow(inner: st.SearchStrategy[fm.Formula]) -> st.SearchStrategy[fm.Formula]:
    few = st.lists(inner, min_size=2, max_size=4).map(tuple)
    exponent = st.one_of(st.sampled_from("123").map(fm.Number), inner)
    return st.one_of(
        inner.map(fm.Negative),
        few.map(fm.Sum),
        st.tuples(few, st.integers(0, 7)).map(with_groups),
        st.builds(fm.Quotient, inner, inner),
        st.builds(fm.Power, inner, exponent),
        st.builds(lambda name, arg: fm.Call(name, (arg,)), ONE_ARGUMENT, inner),
        st.builds(lambda a, b: fm.Call("max", (a, b)), inner, inner),
    )


def with_groups(drawn: tuple[tuple[fm.Formula, ...], int]) -> fm.Formula:
    """A product with its factors grouped in one of the possible ways; bit n joins factor n + 1."""
    factors, joins = drawn
    sizes = [1]
    for place in range(len(factors) - 1):
        if joins >> place & 1:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return fm.Product(factors, tuple(sizes))


FORMULAS = st.recursive(ATOMS, grow, max_leaves=12)
SMALL = st.one_of(
    ATOMS,
    st.tuples(ATOMS, ATOMS).map(fm.Sum),
    st.builds(fm.Power, ATOMS, ATOMS),
    st.builds(fm.Quotient, ATOMS, ATOMS),
    st.builds(lambda name, arg: fm.Call(name, (arg,)), ONE_ARGUMENT, ATOMS),
)
PRODUCTS = st.tuples(st.lists(SMALL, min_size=2, max_size=5).map(tuple), st.integers(0, 15)).map(
    with_groups
)
"""Products of short things: where brackets and dots are decided."""


def value_of(formula: fm.Formula) -> float:
    from chainrule.catalog.registry import definitions

    value = evaluate(formula, VALUES, definitions())
    for part in fm.walk(formula):
        assume(abs(evaluate(part, VALUES, definitions())) < 1e6)
    assume(math.isfinite(value))
    return value


def close(one: float, other: float, formula: fm.Formula) -> bool:
    from chainrule.catalog.registry import definitions

    scale = max(abs(evaluate(part, VALUES, definitions())) for part in fm.walk(formula))
    return abs(one - other) <= 1e-9 * max(1.0, scale)


@settings(max_examples=400, deadline=None)
@given(FORMULAS | PRODUCTS)
def test_text_can_be_read_one_way_only(formula: fm.Formula) -> None:
    value = value_of(formula)
    text = print_text(formula, BARE)
    assert close(Reader(text).whole(), value, formula), text


@settings(max_examples=400, deadline=None)
@given(FORMULAS | PRODUCTS)
def test_latex_can_be_read_one_way_only(formula: fm.Formula) -> None:
    value = value_of(formula)
    latex = print_latex(formula, BARE)
    assert close(Reader(from_latex(latex), typeset=True).whole(), value, formula), (
        latex,
        from_latex(latex),
    )


@settings(max_examples=200, deadline=None)
@given(FORMULAS)
def test_latex_is_balanced(formula: fm.Formula) -> None:
    latex = print_latex(formula, BARE)
    for opening, closing in ("{}", "()", "[]"):
        assert latex.count(opening) == latex.count(closing)
    assert latex.count(r"\Bigl") == latex.count(r"\Bigr")
    for command in re.findall(r"\\[A-Za-z]+", latex):
        assert command[1:].isascii()


def test_the_reader_sees_wrong_brackets() -> None:
    """The law would be empty if the reader gave the same value whatever it was given."""
    assert Reader("2·(x + a_1)").whole() != Reader("2·x + a_1").whole()
    assert Reader("x·σ(x)").whole() != Reader("x·σ·(x)").whole()
    assert Reader("(x + 1)²").whole() == (VALUES["x"] + 1) ** 2
    assert Reader(from_latex(r"\frac{1}{2}(x+a_1)^2")).whole() == (0.731 + 1.417) ** 2 / 2
