r"""What each LaTeX command means to the reader: data only.

To let the reader know another command, add it to the table of its kind: `LAYOUT` for what is
skipped, `LETTERS` for letters with a name, `FUNCTIONS` for functions that take their argument
without brackets, `RELATIONS`, `UNICODE` for characters that stand for a command, and `REFUSED` for
what is known but not read, with the reason.
"""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.written import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCENTS",
    "ALIGNED",
    "FONTS",
    "FRACTIONS",
    "FUNCTIONS",
    "HEADS",
    "LAYOUT",
    "LAYOUT_WITH_ARGUMENT",
    "LETTERS",
    "MATRICES",
    "MULTIPLY",
    "PROSE",
    "REFUSED",
    "RELATIONS",
    "SIZES",
    "TWINS",
    "UNICODE",
    "UPRIGHT",
    "WORDED",
]

_GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Xi",
    "Pi",
    "Sigma",
    "Upsilon",
    "Phi",
    "Psi",
    "Omega",
]
LETTERS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in _GREEK},
        "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho",
        "varsigma": "sigma", "varpi": "pi", "ell": "ell", "imath": "i", "jmath": "j",
        "hbar": "hbar",
    }
)  # fmt: skip
"""Letters with a command, and how an identifier spells them."""

LAYOUT = frozenset(
    [
        ",",
        ";",
        ":",
        "!",
        ">",
        "quad",
        "qquad",
        "thinspace",
        "medspace",
        "thickspace",
        "enspace",
        "enskip",
        "hfill",
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "scriptscriptstyle",
        "limits",
        "nolimits",
        "nonumber",
        "notag",
        "hline",
        "allowbreak",
        "strut",
        "mathstrut",
        "null",
        "relax",
        "rm",
        "bf",
        "it",
        "sf",
        "tt",
        "cal",
        "mit",
        "boldmath",
        "normalsize",
        "small",
        "large",
        "mathopen",
        "mathclose",
        "mathbin",
        "mathrel",
        "mathord",
        "mathinner",
        "centering",
        "noindent",
    ]
)
"""Commands that change the looks only."""

LAYOUT_WITH_ARGUMENT = frozenset(
    [
        "hspace",
        "hspace*",
        "vspace",
        "vspace*",
        "tag",
        "tag*",
        "label",
        "color",
        "textcolor",
        "phantom",
        "hphantom",
        "vphantom",
        "colorbox",
        "eqref",
        "ref",
        "cite",
        "intertext",
        "mathchoice",
    ]
)
"""Commands that are skipped together with one argument (\\textcolor keeps its second)."""

SIZES: Mapping[str, str] = MappingProxyType(
    {
        **{name + side: kind for name in ("big", "Big", "bigg", "Bigg")
           for side, kind in (("", ""), ("l", "open"), ("r", "close"), ("m", ""))},
        "left": "open", "right": "close",
    }
)  # fmt: skip
"""Commands before a delimiter, and what they make of it."""

WORDED = frozenset(
    [
        "text",
        "textrm",
        "textbf",
        "textit",
        "textsf",
        "texttt",
        "textnormal",
        "textup",
        "mbox",
        "hbox",
        "mathrm",
        "operatorname",
        "operatorname*",
        "mathit",
        "mathsf",
        "mathtt",
        "mathnormal",
        "mathup",
        "symrm",
    ]
)
"""Commands whose argument is a word."""

FONTS: Mapping[str, str] = MappingProxyType(
    {
        "mathcal": "cal", "mathscr": "cal", "mathbb": "bb", "mathfrak": "frak", "mathbf": "bf",
        "boldsymbol": "bf", "bm": "bf", "pmb": "bf", "mathbfit": "bf", "symbf": "bf", "vec": "bf",
        "boldsymbol*": "bf",
    }
)  # fmt: skip
"""Alphabets of letters. A symbol keeps its alphabet only where the vocabulary tells them apart."""

ACCENTS: Mapping[str, str] = MappingProxyType(
    {
        "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde",
        "widetilde": "tilde", "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve",
        "acute": "acute", "grave": "grave", "mathring": "ring", "underline": "underline",
    }
)  # fmt: skip

FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"})
MULTIPLY = frozenset({"cdot", "times", "ast", "*", "bullet", "cdotp"})

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
        "arctan": "atan", "exp": "exp", "log": "log", "ln": "log", "max": "max", "min": "min",
        "sec": "sec", "csc": "csc", "cot": "cot", "coth": "coth", "sech": "sech", "csch": "csch",
        "arcsin": "asin", "arccos": "acos",
        "sh": "sinh", "ch": "cosh", "th": "tanh", "cth": "coth", "tg": "tan", "ctg": "cot",
        "cotg": "cot", "cosec": "csc", "arctg": "atan", "sen": "sin", "arcsen": "asin",
    }
)  # fmt: skip
"""Functions with a command of their own, which need no brackets: \\tanh z."""

UPRIGHT: Mapping[str, str] = MappingProxyType(
    {
        **FUNCTIONS, "tgh": "tanh", "senh": "sinh", "arcth": "atanh", "arth": "atanh",
        "arsh": "asinh", "arcsh": "asinh", "ld": "log2", "lb": "log2",
        **dict.fromkeys(("signe", "signo", "signum", "sinal", "segno"), "sign"),
        **dict.fromkeys(("sigm", "logistic", "logsig", "expit", "sgm"), "sigmoid"),
        "tansig": "tanh", "Relu": "relu", "RELU": "relu", "step": "heaviside",
        "Heaviside": "heaviside",
    }
)  # fmt: skip
"""Words set upright that are functions in the books of some language or trade."""

HEADS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in FUNCTIONS.values()},
        **{name: name for name in WRITTEN},
        "ln": "log", "arctan": "atan", "arcsin": "asin", "arccos": "acos",
        "sigma": "sigmoid", "sigmoid": "sigmoid",
        "softplus": "softplus", "relu": "relu", "ReLU": "relu", "erf": "erf", "sign": "sign",
        "sgn": "sign", "sqrt": "sqrt", "abs": "abs", "heaviside": "heaviside", "Theta": "heaviside",
    }
)  # fmt: skip
"""Words and letters that are functions where a bracket follows and the model has no such name."""

RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        "=": "=", "equiv": "=", "triangleq": "=", "doteq": "=", "approx": "≈", "simeq": "≈",
        "cong": "≈", "fallingdotseq": "≈", "approxeq": "≈", "leftarrow": "←", "gets": "←",
        "longleftarrow": "←", "Leftarrow": "←", "coloneqq": "←", "coloneq": "←", ":=": "←",
        "<": "<", ">": ">", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=",
        "geqslant": ">=", "leqq": "<=", "geqq": ">=", "<=": "<=", ">=": ">=", "lt": "<", "gt": ">",
        "ne": "!=", "neq": "!=", "==": "==",
    }
)  # fmt: skip
"""Signs between two sides, and the relation they are."""

_RELATIONS_NOT_JUDGED = (
    "in", "notin", "subset", "propto", "sim", "to", "rightarrow", "mapsto", "longrightarrow",
    "ll", "gg", "perp", "prec", "succ",
)  # fmt: skip
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ["int", "iint", "oint", "limsup", "liminf", "sup", "inf"],
            "limits and integrals are not read",
        ),
        **dict.fromkeys(
            ["ldots", "cdots", "dots", "dotsc", "dotsb", "vdots", "ddots", "dotsm"],
            "write every term out",
        ),
        **dict.fromkeys(_RELATIONS_NOT_JUDGED, "only =, ≈, := and ← can be judged"),
        **dict.fromkeys(
            ["binom", "dbinom", "tbinom", "choose", "genfrac"], "binomials are not read"
        ),
        "lg": "\\lg is the logarithm to base 10 or 2: write \\log_{10} x or \\log_2 x",
        "norm": "write \\lVert x \\rVert",
        "mid": "conditional quantities are not read",
        "infty": "a formula has finite numbers only",
        "pm": "write both formulas", "mp": "write both formulas",
        "otimes": "write \\odot for the product entry by entry",
        "oplus": "write + for a sum",
        "cup": "sets are not read", "cap": "sets are not read",
        "forall": "say it in words", "exists": "say it in words", "neg": "say it in words",
        "land": "say it in words", "lor": "say it in words",
        "langle": "write round brackets", "rangle": "write round brackets",
        "lfloor": "rounding is not read", "lceil": "rounding is not read",
        "det": "determinants are not read", "argmax": "not a value", "arg": "not a value",
        "%": "write 0.05 for 5 %", "$": "write the formula without $", "#": "leave it out",
        "def": "macros are not expanded", "newcommand": "macros are not expanded",
        "input": "nothing is read from files", "include": "nothing is read from files",
        "write": "nothing is written", "csname": "macros are not expanded",
        "prime": "a prime stands behind a letter: f'(x)",
        "middle": "conditional quantities are not read",
        "div": "write \\frac{a}{b}",
    }
)  # fmt: skip
"""Commands that are known and not read, with a hint."""

ALIGNED = frozenset(
    [
        "aligned",
        "align",
        "alignat",
        "alignedat",
        "split",
        "gathered",
        "gather",
        "multline",
        "equation",
        "eqnarray",
        "flalign",
        "displaymath",
        "math",
    ]
)
"""Environments that only lay formulas out."""

MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array"})

PROSE = frozenset(
    [
        "and",
        "or",
        "where",
        "with",
        "since",
        "so",
        "thus",
        "hence",
        "if",
        "for",
        "when",
        "then",
        "otherwise",
        "else",
        "here",
        "because",
        "therefore",
        "using",
        "given",
        "also",
        "let",
        "by",
        "from",
        "as",
        "is",
        "si",
        "falls",
        "wenn",
        "pour",
        "para",
        "quando",
        "und",
        "oder",
        "mit",
        "wobei",
        "et",
        "ou",
        "avec",
        "donc",
        "donde",
        "con",
        "com",
    ]
)
"""Words in \\text that are no names."""

TWINS: Mapping[str, str] = MappingProxyType(
    {
        "\u2212": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\ufe63": "-",
        "\uff0b": "+",
        "\uff1d": "=",
        "\uff1c": "<",
        "\uff1e": ">",
        "\u2236": ":",
        "\uff1a": ":",
        "\uff0c": ",",
        "\uff08": "(",
        "\uff09": ")",
        "\u2223": "|",
        "\uff5c": "|",
        "\uff0f": "/",
        "\u2215": "/",
        "\u2044": "/",
        "\u2217": "*",
        "\uff0a": "*",
        "\u2019": "'",
        "\u2032": "'",
        "\u2018": "'",
        "\u0060": "'",
    }
)
"""Characters that are written for ASCII ones."""


def _greek_characters() -> dict[str, str]:
    table = {}
    for name in (*_GREEK, "pi"):
        case = "CAPITAL" if name[0].isupper() else "SMALL"
        word = "LAMDA" if name.lower() == "lambda" else name.upper()
        table[unicodedata.lookup(f"GREEK {case} LETTER {word}")] = name
    return table


UNICODE: Mapping[str, str] = MappingProxyType(
    {
        **_greek_characters(),
        "ϵ": "epsilon", "ϑ": "theta", "ϕ": "phi", "ℓ": "ell", "∆": "Delta", "µ": "mu",
        "∂": "partial", "⋅": "cdot", "·": "cdot", "∙": "cdot", "•": "cdot", "×": "times",
        "⊙": "odot", "∘": "circ", "≈": "approx", "≒": "approx", "≃": "simeq", "≡": "equiv",
        "≠": "ne", "≤": "le", "≥": "ge", "≦": "le", "≧": "ge", "←": "leftarrow",
        "→": "rightarrow", "⟵": "leftarrow",
        "∑": "sum", "∏": "prod", "√": "sqrt", "∞": "infty", "∇": "nabla", "∈": "in",
        "…": "ldots", "⋯": "cdots", "∫": "int", "±": "pm", "∝": "propto", "÷": "div",
        "≔": "coloneqq", "⊗": "otimes", "∥": "Vert", "ᵀ": "superscript-T", "\u22a4": "top",
        "⇒": "Rightarrow", "∴": "therefore", "∼": "sim",
    }
)  # fmt: skip
"""Characters that stand for commands."""
