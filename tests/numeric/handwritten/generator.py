"""Models as people write them, drawn from a seed: spellings, compositions and awkward values.

Every leaf is a weight or bias but `x…` (inputs) and `t…`, `y…` (targets), so that nearly every
slope of a formula is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

ORDINARY = ("0.5", "-0.3", "1.7", "-2.4", "0.01", "3", "-1", "2.25", "0.8", "-0.75")
SATURATED = ("20", "-20", "40", "-40", "37.5", "-36.2", "100", "-100", "17", "-16.5")
EXTREME = ("700", "-700", "745", "-745", "900", "-900", "2000", "-2000", "710", "-710", "1e10",
           "-1e10", "1e-8", "-1e-8", "1e-160", "-1e-160", "1e-300")  # fmt: skip
MILD = ("0.5", "1.5", "0.25", "2", "-0.5", "-1.5", "0.3", "-0.7")


@dataclass(frozen=True)
class Handwritten:
    """A model: statements in order (the last is the output), values as spelt, names of weights."""

    equations: tuple[str, ...]
    values: dict
    wrt: tuple[str, ...]
    roles: dict
    kinds: tuple[str, ...]

    @property
    def sampled(self):
        """Leaves that may have a value per sample."""
        return [name for name, role in self.roles.items() if role in {"input", "target"}]

    def at(self, values):
        """The same model at other values."""
        return replace(self, values=values)

    def __str__(self):
        given = ", ".join(f"{name}={text}" for name, text in self.values.items())
        return "\n".join([f"[{' · '.join(self.kinds)}]", *self.equations, f"at {given}"])


@dataclass
class Draft:
    """A model being written."""

    random: object
    equations: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    roles: dict = field(default_factory=dict)
    kinds: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)

    def fresh(self, letter):
        self.counts[letter] = self.counts.get(letter, 0) + 1
        return f"{letter}_{self.counts[letter]}"

    def leaf(self, letter, text):
        name = self.fresh(letter)
        self.values[name] = text
        role = {"x": "input", "t": "target", "y": "target", "b": "bias"}.get(letter, "weight")
        self.roles[name] = role
        return name

    def node(self, letter, formula):
        name = self.fresh(letter)
        self.equations.append(f"{name} = {formula}")
        return name

    def one(self, *options):
        return self.random.choice(options)

    def chance(self, share):
        return self.random.random() < share

    def value(self):
        """Where a pre-activation is to be: mostly ordinary, a third saturated, a third extreme."""
        draw = self.random.random()
        if draw < 0.3:
            return self.one(*ORDINARY)
        if draw < 0.45:
            return repr(round(self.random.uniform(-3, 3), self.random.randrange(1, 6)))
        if draw < 0.68:
            return self.one(*SATURATED)
        return self.one(*EXTREME) if draw < 0.93 else "0"

    def argument(self, value=None):
        """A pre-activation at (about) a value, as a name."""
        value = self.value() if value is None else value
        style = self.random.randrange(8)
        if style < 3:
            return self.leaf(self.one("w", "v"), value)
        if style == 3:
            w, x = self.leaf("w", value), self.leaf("x", "1")
            return self.node("z", f"{w}*{x}")
        number = float(value)
        if number == 0:
            w, x, b = self.leaf("w", "0.5"), self.leaf("x", "2"), self.leaf("b", "-1")
            return self.node("z", f"{w}*{x} + {b}")
        if style == 4:
            w, x = self.leaf("w", "0.5"), self.leaf("x", "0.5")
            b = self.leaf("b", repr(number - 0.25))
            return self.node("z", f"{w}*{x} + {b}")
        if style == 5:
            w, x = self.leaf("w", repr(number / 2)), self.leaf("x", "2")
            return self.node("z", f"{w}*{x}")
        if style == 6:
            one, two = self.leaf("w", repr(round(number, 3) / 2)), self.leaf("w", "0.25")
            first, second, b = (
                self.leaf("x", "1.5"),
                self.leaf("x", "-0.5"),
                self.leaf("b", "0.125"),
            )
            return self.node("z", f"{one}*{first} + {two}*{second} + {b}")
        w, x = self.leaf("w", "1.25"), self.leaf("x", repr(number / 1.25))
        b = self.leaf("b", "0.5")
        return self.node("z", self.one(f"{w}*{x} + {b}", f"{b} + {x}*{w}", f"{w}*{x} - {b}"))

    def inline(self, name):
        """A name, or what it stands for in brackets, now and then."""
        if self.equations and self.chance(0.15):
            last, formula = self.equations[-1].split(" = ", 1)
            if last == name:
                self.equations.pop()
                return f"({formula})"
        return name


# ------------------------------------------------------------------ one argument, one value

UNARY = {
    "exp-1": (
        "exp({z}) - 1",
        "-1 + exp({z})",
        "1 - exp(-{z})",
        "exp(-{z}) - 1",
        "1 - exp({z})",
        "(exp({z}) - 1)*0.5",
    ),
    "log(1+·)": (
        "log(1 + exp({z}))",
        "log(exp({z}) + 1)",
        "log(1 + {z}**2)",
        "log({z}**2 + 1)",
        "log(1 + exp(-{z}))",
        "-log(1 + exp(-{z}))",
        "log(1 + abs({z}))",
        "log(2 + {z}**2)",
    ),
    "sigmoid": (
        "1/(1 + exp(-{z}))",
        "exp({z})/(1 + exp({z}))",
        "exp({z})/(exp({z}) + 1)",
        "(1 + exp(-{z}))**(-1)",
        "1/(exp(-{z}) + 1)",
        "1 - 1/(1 + exp({z}))",
        "1/(1 + exp({z}))",
        "sigmoid({z})",
        "(1 + tanh({z}/2))/2",
        "1 - sigmoid({z})",
    ),
    "monomial": (
        "exp({z})/(1 + exp({z}))**2",
        "exp(2*{z})/(1 + exp({z}))**3",
        "exp(-{z})/(1 + exp(-{z}))**2",
        "exp({z})/(1 + exp({z}))**3",
        "exp(2*{z})/(1 + exp({z}))**2",
        "1/(1 + exp({z}))**2",
        "exp(-{z})/(1 + exp({z}))",
        "1/(1 + exp(-{z}))*(1 - 1/(1 + exp(-{z})))",
    ),
    "tanh": (
        "(exp({z}) - exp(-{z}))/(exp({z}) + exp(-{z}))",
        "(1 - exp(-2*{z}))/(1 + exp(-2*{z}))",
        "2/(1 + exp(-2*{z})) - 1",
        "(exp(2*{z}) - 1)/(exp(2*{z}) + 1)",
        "tanh({z})",
        "1 - 2/(exp(2*{z}) + 1)",
        "2*sigmoid(2*{z}) - 1",
    ),
    "elu": (
        "{z} if {z} > 0 else exp({z}) - 1",
        "{z} if {z} >= 0 else 0.5*(exp({z}) - 1)",
        "exp({z}) - 1 if {z} < 0 else {z}",
        "exp({z}) - 1 if {z} <= 0 else {z}",
        "1.0507*{z} if {z} > 0 else 1.0507*1.67326*(exp({z}) - 1)",
        "max({z}, 0) + min(0, exp({z}) - 1)",
        "1.0507*({z} if {z} > 0 else 1.67326*(exp({z}) - 1))",
        "{z} if {z} > 0 else -1 + exp({z})",
    ),
    "relu": (
        "max({z}, 0)",
        "max(0, {z})",
        "{z} if {z} > 0 else 0",
        "{z} if {z} > 0 else 0*{z}",
        "({z} + abs({z}))/2",
        "relu({z})",
        "0 if {z} < 0 else {z}",
    ),
    "leaky": (
        "{z} if {z} > 0 else 0.01*{z}",
        "max({z}, 0.01*{z})",
        "max(0, {z}) + 0.1*min(0, {z})",
        "0.2*{z} if {z} < 0 else {z}",
        "leaky_relu({z}, 0.1)",
    ),
    "softplus": (
        "{z} if {z} > 20 else log(1 + exp({z}))",
        "max({z}, 0) + log(1 + exp(-abs({z})))",
        "log(1 + exp(-abs({z}))) + max(0, {z})",
        "log(1 + exp({z})) if {z} < 30 else {z}",
        "softplus({z})",
        "log(1 + exp(2*{z}))/2",
        "{z} + log(1 + exp(-{z})) if {z} > 0 else log(1 + exp({z}))",
    ),
    "swish": (
        "{z}/(1 + exp(-{z}))",
        "{z}*(1/(1 + exp(-{z})))",
        "{z}*exp({z})/(1 + exp({z}))",
        "{z}*sigmoid({z})",
        "{z}*sigmoid(1.702*{z})",
        "{z}/(1 + exp(-1.5*{z}))",
    ),
    "gelu": (
        "0.5*{z}*(1 + tanh(sqrt(2/pi)*({z} + 0.044715*{z}**3)))",
        "0.5*{z}*(1 + erf({z}/sqrt(2)))",
        "{z}/2*(1 + erf({z}/sqrt(2)))",
        "{z}*(1 + erf({z}*0.7071067811865476))/2",
        "gelu({z})",
        "0.5*{z}*(1 + tanh(0.7978845608028654*({z} + 0.044715*{z}**3)))",
    ),
    "mish": (
        "{z}*tanh(log(1 + exp({z})))",
        "tanh(log(1 + exp({z})))*{z}",
        "mish({z})",
        "{z}*tanh(softplus({z}))",
    ),
    "softsign": ("{z}/(1 + abs({z}))", "{z}/sqrt(1 + {z}**2)", "{z}/(1 + max({z}, -{z}))"),
    "abs": (
        "abs({z})",
        "sqrt({z}**2 + 1e-6)",
        "sqrt({z}**2 + 1) - 1",
        "{z} if {z} > 0 else -{z}",
        "max({z}, -{z})",
    ),
    "guard": (
        "{z}*log({z}) if {z} > 0 else 0*{z}",
        "sqrt({z}) if {z} > 0 else 0*{z}",
        "1/sqrt({z}) if {z} > 0 else 0*{z}",
        "log(1 - {z}) if {z} < 1 else {z}",
        "{z} if {z} > 20 else exp({z})",
        "log({z}) if {z} > 0 else 0*{z}",
        "sqrt({z}) if {z} > 0 else 0",
        "1/{z} if {z} > 0 else {z}",
        "exp(-1/{z}) if {z} > 0 else 0",
        "exp({z})/{z} if {z} > 1 else 0*{z}",
        "{z}*log({z}) if {z} > 0 else 0",
        "sqrt(1 - {z}**2) if {z}**2 < 1 else 0*{z}",
        "exp({z}) if {z} < 5 else exp(5)*({z} - 4)",
        "log({z}) if {z} >= 1 else {z} - 1",
        "sqrt({z}) if {z} > 1 else ({z} + 1)/2",
    ),
    "three": (
        "0 if {z} < -3 else 1 if {z} > 3 else {z}/6 + 0.5",
        "exp({z}) if {z} < 0 else 1 + {z} if {z} < 1 else 2*sqrt({z})",
        "log(-{z}) if {z} < -1 else 0*{z} if {z} < 1 else log({z})",
        "-1 if {z} < -1 else {z} if {z} <= 1 else 1",
        "({z} if {z} < 2 else 2 + log({z} - 1)) if {z} > 0 else exp({z}) - 1",
        "max(0, min(1, {z}/6 + 0.5))",
    ),
    "huber": (
        "0.5*{z}**2 if abs({z}) <= 1 else abs({z}) - 0.5",
        "{z}**2/2 if abs({z}) < 1.5 else 1.5*(abs({z}) - 0.75)",
        "min(abs({z}), 1)*(abs({z}) - 0.5*min(abs({z}), 1))",
        "0.5*{z}**2 if -1 < {z} else -{z} - 0.5",
    ),
    "hinge": ("max(0, 1 - {z})", "max(0, 1 - {z})**2", "1 - {z} if {z} < 1 else 0"),
    "logcosh": (
        "log((exp({z}) + exp(-{z}))/2)",
        "log(cosh({z}))",
        "abs({z}) + log(1 + exp(-2*abs({z}))) - log(2)",
    ),
    "log sigmoid": (
        "log(1/(1 + exp(-{z})))",
        "-log(1/(1 + exp(-{z})))",
        "log(exp({z})/(1 + exp({z})))",
        "log(sigmoid({z}))",
        "-log(1 - sigmoid({z}))",
        "log(1 - 1/(1 + exp({z})))",
        "{z} - log(1 + exp({z}))",
        "-log(1 + exp(-{z}))*2",
        "log(1/(1 + exp(-{z}))) - log(1 - 1/(1 + exp(-{z})))",
    ),
    "power": (
        "{z}**3",
        "({z}**2)**1.5",
        "({z}**2 + 1)**0.5",
        "({z}**2 + 1)**(-1)",
        "({z}**2 + 1)**(-0.5)",
        "2**{z}",
        "abs({z})**1.5",
        "1/({z}**2 + 1)**2",
        "exp({z})**2",
        "exp({z})**0.5",
        "(1 + exp({z}))**(-2)",
        "sqrt(1 + exp({z}))",
        "sqrt(exp({z}))",
    ),
    "quotient": (
        "(exp({z}) - 1)/{z} if {z} != 0 else 1",
        "sin({z})/{z} if {z} != 0 else 1",
        "{z}/(1 + exp({z})/2)",
        "exp({z})/(2 + exp({z}))",
        "(1 + exp({z}))/(2 + exp({z}))",
        "1/(exp({z}) + exp(-{z}))",
        "exp({z})/(exp(2*{z}) + 1)",
        "(2 + {z})/(1 + exp({z}))",
    ),
    "rates": (
        "1 - exp(-exp({z}))",
        "exp(-exp({z}))",
        "exp(-exp(-{z}))",
        "exp({z}) - 0.5*{z}",
        "log(1 + exp({z}) + exp(2*{z}))",
        "log(2 + exp({z}))",
        "log(exp(1) + exp({z}))",
        "log(1 + log(1 + exp({z})))",
    ),
    "gauss": ("exp(-{z}**2/2)", "exp(-({z}**2))", "1/(1 + {z}**2)", "{z}*exp(-{z}**2)"),
}


def unary(draft, z):
    """A function of one name by hand, as a formula."""
    kind = draft.one(*UNARY)
    draft.kinds.append(kind)
    return draft.one(*UNARY[kind]).format(z=z)


def _activation(draft):
    """f(z), named or spread over statements."""
    z = draft.argument()
    formula = unary(draft, draft.inline(z))
    return draft.node(draft.one("a", "h", "u"), formula)


# ------------------------------------------------------------------ many arguments


FAR_APART = (("2000", "0"), ("0", "-2000"), ("100", "0"), ("900", "-900"), ("1e-8", "0"),
             ("50", "12.5"))  # fmt: skip


def _logits(draft, count):
    values = [draft.value() for _ in range(count)]
    if draft.chance(0.25):
        values = [values[0]] * count  # ties
    elif draft.chance(0.3):
        values[:2] = draft.one(*FAR_APART)
    return [draft.argument(value) for value in values]


def _exps(names, shift=""):
    return [f"exp({name}{shift})" for name in names]


def _probabilities(draft, names):
    """Softmax by hand in five spellings, as names or formulas."""
    style = draft.random.randrange(6)
    draft.kinds.append("softmax")
    if style == 0:
        total = draft.node("S", " + ".join(_exps(names)))
        return [draft.node("p", f"exp({name})/{total}") for name in names]
    if style == 1:
        return [draft.node("p", f"exp({name})/({' + '.join(_exps(names))})") for name in names]
    if style == 2:
        top = draft.node("m", f"max({', '.join(names)})")
        raised = _exps(names, f" - {top}")
        return [draft.node("p", f"{one}/({' + '.join(raised)})") for one in raised]
    if style == 3:
        raised = [draft.node("q", f"exp({name})") for name in names]
        total = draft.node("S", " + ".join(raised))
        return [draft.node("p", f"{one}/{total}") for one in raised]
    if style == 4:
        return [
            draft.node("p", "1/(" + " + ".join(["1", *(f"exp({other} - {name})"
                       for other in names if other != name)]) + ")") for name in names
        ]  # fmt: skip
    top = draft.node("m", f"max({', '.join(names)})")
    raised = [draft.node("q", one) for one in _exps(names, f" - {top}")]
    total = draft.node("S", " + ".join(raised))
    return [draft.node("p", f"{one}/{total}") for one in raised]


def _cross_entropy(draft):
    names = _logits(draft, draft.one(2, 2, 3))
    p = _probabilities(draft, names)
    style = draft.random.randrange(5)
    if style == 0:
        draft.kinds.append("-log p")
        return draft.node("E", f"-log({p[0]})")
    if style == 1:
        draft.kinds.append("p by itself")
        weights = [draft.leaf("c", draft.one(*MILD)) for _ in p]
        return draft.node("E", " + ".join(f"{c}*{one}" for c, one in zip(weights, p, strict=True)))
    draft.kinds.append("cross-entropy")
    sets = {2: (("1", "0"), ("0", "1"), ("0.3", "0.7"), ("0.5", "0.9"), ("1", "1")),
            3: (("1", "0", "0"), ("0.2", "0.3", "0.5"), ("0.5", "0.5", "0.5"))}  # fmt: skip
    y = [draft.leaf("y", text) for text in draft.one(*sets[len(p)])]
    terms = [f"{one}*log({two})" for one, two in zip(y, p, strict=True)]
    if style == 2:
        return draft.node("E", f"-({' + '.join(terms)})")
    return draft.node("E", "-" + " - ".join(terms))


def _log_sum_exp(draft):
    draft.kinds.append("logsumexp")
    names = _logits(draft, draft.one(2, 3, 4))
    style = draft.random.randrange(4)
    if style == 0:
        total = f"log({' + '.join(_exps(names))})"
    elif style == 1:
        inner = draft.node("S", " + ".join(_exps(names)))
        total = f"log({inner})"
    elif style == 2:
        top = draft.node("m", f"max({', '.join(names)})")
        total = f"{top} + log({' + '.join(_exps(names, f' - {top}'))})"
    else:
        total = f"{names[0]} - log({' + '.join(_exps(names))})"
    if draft.chance(0.5):
        return draft.node("L", total)
    return draft.node("L", f"{total} - {names[-1]}")


def _binary(draft):
    draft.kinds.append("bce")
    z = draft.argument()
    y = draft.leaf("y", draft.one("0", "1", "0.3", "0.5"))
    style = draft.random.randrange(8)
    if style == 5:
        return draft.node("E", f"max({z}, 0) - {z}*{y} + log(1 + exp(-abs({z})))")
    if style == 6:
        return draft.node("E", f"log(1 + exp({z})) - {y}*{z}")
    if style == 7:
        return draft.node("E", f"log(1 + exp(-(2*{y} - 1)*{z}))")
    p = draft.node("p", draft.one(*UNARY["sigmoid"][:5], "sigmoid({z})").format(z=z))
    if style < 2:
        return draft.node("E", f"-({y}*log({p}) + (1 - {y})*log(1 - {p}))")
    if style == 2:
        return draft.node("E", f"-{y}*log({p}) - (1 - {y})*log(1 - {p})")
    if style == 3:
        return draft.node("E", f"-log({p}) if {y} > 0.5 else -log(1 - {p})")
    return draft.node("E", f"-log({draft.one(p, f'1 - {p}')})")


def _norm(draft):
    draft.kinds.append("norm")
    values = [draft.value() for _ in range(2)]
    if draft.chance(0.3):
        values = draft.one(
            ("1e-160", "1e-160"), ("3e-200", "4e-200"), ("1e200", "1e200"), ("0", "3")
        )
    one, two = (draft.leaf("w", value) for value in values)
    style = draft.random.randrange(6)
    if style == 0:
        return draft.node("n", f"sqrt({one}**2 + {two}**2)")
    if style == 1:
        size = draft.node("n", f"sqrt({one}**2 + {two}**2)")
        return draft.node("a", f"{one}/{size}")
    x = draft.leaf("x", draft.one("0.77", "1.5", "-2"))
    if style == 2:
        return draft.node("a", f"{one}*{x}/sqrt(({one}*{x})**2)")
    if style == 3:
        s = draft.leaf("x", "0.5")
        return draft.node(
            "a", f"({one}*{x} + {two}*{s})/(sqrt({one}**2 + {two}**2)*sqrt({x}**2 + {s}**2))"
        )
    if style == 4:
        return draft.node("a", f"{one}*{x}/sqrt({one}**2 + {two}**2 + 1e-8)")
    return draft.node("n", f"({one}**2 + {two}**2)**0.5")


def _likelihood(draft):
    draft.kinds.append("gaussian nll")
    m, y = draft.argument(draft.one(*ORDINARY)), draft.leaf("y", "0.4")
    if draft.chance(0.5):
        s = draft.leaf("s", draft.one("0.5", "1.25", "1e-8", "100"))
        return draft.node("E", f"log({s}) + ({y} - {m})**2/(2*{s}**2)")
    s = draft.leaf("s", draft.one("0.5", "-2", "20", "-20", "-300", "300"))
    return draft.node("E", draft.one(
        f"{s} + ({y} - {m})**2/(2*exp({s})**2)", f"log(exp({s})) + ({y} - {m})**2/(2*exp(2*{s}))",
        f"{s} + 0.5*({y} - {m})**2*exp(-2*{s})"))  # fmt: skip


def _entropy(draft):
    draft.kinds.append("x log x")
    w = draft.leaf("w", draft.one("0.5", "1e-8", "1e-160", "1e-300", "2.5", "1", "1e10"))
    return draft.node("a", draft.one(
        f"{w}*log({w})", f"-{w}*log({w}) - (1 - {w})*log(1 - {w})", f"{w}*log({w}/0.3)",
        f"{w}*(log({w}) - log(0.25))", f"{w}**2*log({w})"))  # fmt: skip


def _constants(draft):
    draft.kinds.append("constants")
    w = draft.leaf("w", draft.one("1e-300", "0.5", "1e-8", "-2", "1e-160"))
    return draft.node("a", draft.one(
        f"1e300*{w}*1e300", f"{w}*relu(0.5)", f"{w}*max(2, 3)", f"{w}*log(1e300)", f"{w}*exp(1)",
        f"1e-200*{w}*1e-200*1e300", f"{w}*(exp(0.5) - 1)", f"{w}*sqrt(2)", f"exp({w}*1e-5)/1e-10",
        f"{w}*(1e200*1e200)/1e300", f"{w}*sigmoid(0.3)", f"{w}*(2 if 1 > 0 else 3)",
        f"{w}*abs(-2)", f"{w}*1e300*1e10/1e300"))  # fmt: skip


def _tied(draft):
    draft.kinds.append("tied")
    w = draft.leaf("w", draft.one(*ORDINARY))
    last = draft.leaf("x", "0.7")
    for _ in range(draft.one(2, 3, 5)):
        inner = draft.node("z", draft.one(f"{w}*{last}", f"{w}*{last} + 0.1", f"{last} - {w}"))
        last = draft.node("h", unary(draft, inner))
    return last


def _other_node(draft):
    """A case that asks about one node and chooses among others."""
    draft.kinds.append("cases over nodes")
    z, u = draft.argument(), draft.argument()
    one = draft.node("a", unary(draft, u))
    style = draft.random.randrange(5)
    if style == 0:
        return draft.node("h", f"{one} if {z} > 0 else {unary(draft, u)}")
    if style == 1:
        return draft.node("h", f"log({z}) if {z} > 0 else {one}")
    if style == 2:
        inner = draft.node("h", f"sqrt({z}) if {z} > 0 else exp({z})")
        return draft.node("k", f"{inner}*{one}")
    if style == 3:
        return draft.node("h", f"{z} if {z} > {u} else {u}")
    return draft.node("h", f"exp({z}) if {z} < {u} else exp({u})*(1 + {z} - {u})")


def _max(draft):
    draft.kinds.append("max/min")
    names = _logits(draft, draft.one(2, 3))
    one, two, *_ = names
    return draft.node("m", draft.one(
        f"max({', '.join(names)})", f"min({', '.join(names)})",
        f"max({one}, {two}) - min({one}, {two})", f"max({one}, 1, {two})"))  # fmt: skip


def _attention(draft):
    draft.kinds.append("attention")
    names = _logits(draft, draft.one(2, 3))
    v = [draft.leaf("v", draft.one(*MILD)) for _ in names]
    raised = _exps(names)
    above = " + ".join(f"{one}*{two}" for one, two in zip(v, raised, strict=True))
    if draft.chance(0.5):
        return draft.node("c", f"({above})/({' + '.join(raised)})")
    total = draft.node("S", " + ".join(raised))
    return draft.node("c", f"({above})/{total}")


def _contrast(draft):
    draft.kinds.append("contrastive")
    names = _logits(draft, draft.one(2, 3))
    tau = draft.leaf("x", draft.one("0.1", "1", "0.5"))
    raised = [f"exp({name}/{tau})" for name in names]
    ratio = f"{raised[0]}/({' + '.join(raised)})"
    style = draft.random.randrange(4)
    if style == 0:
        return draft.node("E", f"-log({ratio})")
    if style == 1:
        return draft.node("E", f"-{names[0]}/{tau} + log({' + '.join(raised)})")
    if style == 2:
        p = draft.node("p", ratio)
        return draft.node("E", f"-(1 - {p})**2*log({p})")
    p = draft.node("p", ratio)
    return draft.node("E", draft.one(f"-{p}*log({p})", f"{p}*log({p}/0.25)", f"(1 - {p})**2"))


def _gate(draft):
    draft.kinds.append("gates")
    f, g = draft.argument(), draft.argument()
    c = draft.leaf("x", "0.4")
    one = draft.node("f", draft.one(*UNARY["sigmoid"]).format(z=f))
    two = draft.node("g", draft.one(*UNARY["tanh"]).format(z=g))
    if draft.chance(0.5):
        return draft.node("c", f"(1 - {one})*{c} + {one}*{two}")
    cell = draft.node("c", f"{one}*{c} + (1 - {one})*{two}")
    squashed = draft.one(*UNARY["tanh"]).format(z=cell)
    return draft.node("h", draft.one(f"{one}*({squashed})", f"({squashed})*{one}"))


def _normed(draft):
    draft.kinds.append("layer norm")
    one, two = (draft.argument(draft.one(*ORDINARY, *SATURATED)) for _ in range(2))
    m = draft.node("m", f"({one} + {two})/2")
    v = draft.node("v", f"(({one} - {m})**2 + ({two} - {m})**2)/2")
    return draft.node("n", f"({one} - {m})/sqrt({v} + 1e-5)")


def _residual(draft):
    draft.kinds.append("residual losses")
    z, t = draft.argument(), draft.leaf("t", draft.one("0", "1", "0.5", "-20"))
    e = draft.node("e", f"{t} - {z}")
    return draft.node("E", draft.one(
        f"max(0.9*{e}, (0.9 - 1)*{e})", f"max(0, abs({e}) - 0.1)", f"log(cosh({e}))",
        f"log((exp({e}) + exp(-{e}))/2)", f"0.5*{e}**2 if abs({e}) <= 1 else abs({e}) - 0.5",
        f"exp({z}) - {t}*{z}", f"exp(-{t}*{z})", f"sqrt({e}**2 + 1) - 1", f"abs({e})",
        f"sqrt(({z} - {t})**2 + 1e-12)",
        f"0.5*({t} - {z})**2 if {e} > -1 else -{e} - 0.5"))  # fmt: skip


FAMILIES = {
    _attention: 2,
    _contrast: 2,
    _gate: 2,
    _normed: 1,
    _residual: 2,
    _activation: 10, _cross_entropy: 4, _log_sum_exp: 2, _binary: 3, _norm: 2, _likelihood: 1,
    _entropy: 1, _constants: 1, _tied: 1, _other_node: 2, _max: 1,
}  # fmt: skip


def _part(draft):
    return draft.random.choices(list(FAMILIES), list(FAMILIES.values()))[0](draft)


def _head(draft, name):
    """What a model does with its last activation."""
    style = draft.random.randrange(11)
    if style < 3:
        return
    t = draft.leaf("t", draft.one("1", "0.5", "-1", "0")) if style < 8 else ""
    if style == 3:
        draft.node("E", f"1/2*({t} - {name})**2")
    elif style == 4:
        draft.node("E", f"({name} - {t})**2")
    elif style == 5:
        v, c = draft.leaf("v", draft.one(*MILD)), draft.leaf("b", draft.one(*MILD))
        o = draft.node("o", f"{v}*{name} + {c}")
        draft.node("E", f"1/2*({t} - {o})**2")
    elif style == 6:
        draft.node("E", f"log(1 + exp(-{t}*{name}))")
    elif style == 7:
        v = draft.leaf("v", draft.one(*MILD))
        z = draft.node("z", f"{v}*{name}")
        o = draft.node("o", unary(draft, z))
        draft.node("E", f"({t} - {o})**2/2")
    elif style == 8:
        other = _part(draft)
        draft.node("E", draft.one(f"{name} + {other}", f"{name}*{other}", f"0.5*{name} - {other}"))
    elif style == 9:
        w = draft.leaf("v", draft.one(*MILD))
        draft.node("E", f"{w}*{name} + 0.01*{w}**2")
    else:
        draft.node("E", unary(draft, name))


def draw(random):
    """One model. It may have no value at its point: the oracle says."""
    draft = Draft(random)
    _head(draft, _part(draft))
    used = set(re.findall(r"\w+", " ".join(draft.equations)))
    draft.values = {name: text for name, text in draft.values.items() if name in used}
    draft.roles = {name: role for name, role in draft.roles.items() if name in used}
    wrt = tuple(name for name, role in draft.roles.items() if role in {"weight", "bias"})
    order = sorted(wrt, key=lambda name: draft.roles[name] == "bias")
    return Handwritten(tuple(draft.equations), draft.values, tuple(order), draft.roles,
                       tuple(dict.fromkeys(draft.kinds)))  # fmt: skip
