"""Are two claims the same but for names and numbers? Imports nothing of chainrule.

The shape of a claim is its text with every name of a variable replaced by `x` and every number by
`0`; functions keep their names. What only looks different is written one way: spacing, brackets
with \\left and \\right, the dot, cross and star of a product, d and ∂, \\dfrac and \\frac.
"""

from __future__ import annotations

import re

__all__ = ["FUNCTIONS", "shape"]

FUNCTIONS = frozenset(
    {"exp", "log", "ln", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "sech", "tanh", "atan"}
    | {"erf", "abs", "max", "min", "sign", "heaviside", "sigmoid", "softplus", "softsign"}
    | {"identity", "relu", "leaky_relu", "prelu", "elu", "selu", "swish", "mish", "gelu"}
    | {"gelu_tanh", "hard_sigmoid", "hard_tanh", "diff", "if", "else", "frac", "begin", "end"}
    | {"cases", "text", "sum", "mathbb"}
)
_LETTERS = frozenset({"alpha", "eta", "lambda", "mu", "varepsilon", "epsilon"})
_SPELLINGS = (
    (re.compile(r"\\[dt]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\frac([0-9])([0-9])"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\text\{\s*×\s*\}|\\(?:cdot|times|ast)(?![A-Za-z])|[⋅·×]"), "*"),
    (re.compile(r"\\partial(?![A-Za-z])\s*|∂\s*"), "∂"),
    (re.compile(r"\\(?:mathrm|operatorname|text|mathit)\{([A-Za-z]+)\}"), r"\1"),
    (re.compile(r"−"), "-"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"\{([0-9A-Za-z])\}"), r"\1"),
    (re.compile(r"\^\{?\s*(?:\+|new|\(t\+1\))\s*\}?"), "'"),
    (re.compile(r":=|\\leftarrow(?![A-Za-z])|\\gets(?![A-Za-z])|←"), "←"),
    # d as in dE/dw, \frac{dE}{dw} and \frac{d}{dx}
    (re.compile(r"(?<![\w\\])[d∂](?=[^\W\d_]\w*/[d∂])|(?<=/)[d∂](?=[^\W\d_])"), "∂"),
    (re.compile(r"(?<=\{)d(?=[^\W\d_\\{}]+(?:_[0-9A-Za-z{]+)?\}?)|(?<=\})d(?=\{?x)"), "∂"),
    (re.compile(r"(?<![\\A-Za-z0-9_])[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?"), "0"),
)
_WORD = re.compile(
    r"\\(?:alpha|eta|lambda|mu|varepsilon|epsilon)(?![A-Za-z])(?:_(?:\{[^{}]*\}|[0-9A-Za-z]+))*"
    r"|\\[A-Za-z]+"
    r"|[^\W\d_]+[0-9]*(?:_(?:\{[^{}]*\}|[0-9A-Za-z]+))*"
)
_SPACING = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:!> ]|\\q?quad|\s+|(?<!\\)&|\.(?=\\)"
)


def _word(match: re.Match[str]) -> str:
    """`x` for a name; functions and macros stay."""
    word = match.group(0)
    if word.startswith("\\"):
        return "x" if re.split(r"[_{]", word[1:])[0] in _LETTERS else word
    return word if word in FUNCTIONS else "x"


def shape(text: str) -> str:
    """The claim without its names and numbers."""
    for pattern, new in _SPELLINGS:
        text = pattern.sub(new, text)
    return _SPACING.sub("", _WORD.sub(_word, text))
