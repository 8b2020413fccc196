"""What a model's numbers are: sixty digits and more, from nothing but the text of its statements.

Only chainrule's parser is used (the tree of each statement as read). Values, derivatives and their
rules are this file's own, twice over: forward mode with a table of derivatives, and central
differences of the forward pass. Where the two disagree away from kinks the oracle itself is broken
and says so.

Two bounds go along in the same walk, ε = 2⁻⁵²:

- `loose`: the running first-order bound of rounding for the formula *in the order written*,
  differentiated by the chain rule. Every operation charges ε·|value| (nothing where the exact
  result of exact arguments is a double) and passes on the errors of its arguments times its
  partials; a partial is charged with the errors of what it is computed from, times the Σ|path
  terms| that arrive there. Exponents are unbounded here, so over- and underflow on the way excuse
  nothing: exp(2000)/(exp(2000) + exp(1)) has a bound of a few ε. First order ends where an argument
  has no digit left (1 - p with p = σ(900) as a double); an argument of a quotient, power, root or
  logarithm is therefore charged with at most its own size.
- `strict`: ε·(Σ|path terms| + Σ_j |leaf_j·∂g/∂leaf_j|), the error of any method that keeps the
  digits which the values themselves have.

A number is right within 1e-9·|true| + 64·strict, weak within 1e-9·|true| + 64·loose, else wrong.
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass, field, replace

from mpmath import mp, mpf

from chainrule.core import formula as fm
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula

EPSILON = mpf(2) ** -52
LARGEST = mpf(1.7976931348623157e308)
TINY = mpf("1e-300")
NORMAL, LEAST = mpf(2) ** -1022, mpf(2) ** -1074
MOST_DIGITS = 4400
COMPOSED = {"relu": (1, 1), "swish": (1, 1), "softsign": (1, 1), "mish": (1, 1),
            "elu": (1, 1), "leaky_relu": (1, 2), "gelu": (1, 1)}  # fmt: skip
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
             "==": operator.eq, "!=": operator.ne}  # fmt: skip


class Inadmissible(Exception):
    """The forward pass has no real value here, or rounding decides which branch is taken."""


class Singular(Inadmissible):
    """The forward pass has a value here but no derivative, and no convention gives one."""


class Broken(Exception):
    """The oracle contradicts itself."""


@dataclass(frozen=True)
class Truth:
    """What every number of a model is, and how far from it rounding may lead."""

    forward: dict
    gradients: dict

    @property
    def finite(self):
        """Whether all of it fits into doubles."""
        every = [*self.forward.values(), *self.gradients.values()]
        return all(2 * abs(number.value) < LARGEST for number in every)


def has_values(equations, values):
    """Whether every node is a finite double at these values."""
    try:
        return truth(equations, values, ()).finite
    except Inadmissible:
        return False


@dataclass(frozen=True)
class Number:
    """A true value with its two bounds, as mpf."""

    value: object
    strict: object
    loose: object
    branch: object = None
    """Where the slope exists at a tie: what the branches taken there give by convention."""

    lost: bool = False
    """Whether it stands behind a node that is beyond all doubles, so that nan is honest."""

    def verdict(self, got):
        """right, weak, lost or wrong: what a double is beside the truth."""
        if self.lost and math.isnan(got):
            return "lost"
        found = self._verdict(got)
        if found == "wrong" and self.branch is not None:
            by_branch = Number(self.branch, self.strict, self.loose)._verdict(got)
            return "wrong" if by_branch == "wrong" else "weak"
        return found

    def _verdict(self, got):
        value = self.value
        if math.isnan(got):
            return "wrong"
        size = abs(value)
        if size > LARGEST * (1 - 64 * EPSILON):
            if abs(got) == float("inf"):
                return "right" if (got > 0) == (value > 0) else "wrong"
            if size > LARGEST * (1 + mpf("1e-9")):
                return "wrong"
        if abs(got) == float("inf"):
            # A value so near the limit that its own bound reaches over it.
            near = size * (1 + mpf("1e-9")) + 64 * self.strict
            return "right" if near > LARGEST and (got > 0) == (value > 0) else "wrong"
        off = abs(mpf(got) - value)
        for word, bound in (("right", self.strict), ("weak", self.loose)):
            if off <= mpf("1e-9") * size + 64 * bound + TINY:
                return word
        return "wrong"


@dataclass
class Dual:
    """A value, the bound of its rounding, and per parameter: slope, its bound, Σ|path terms|.

    `moving` is whether it was written with names: max and min treat a number otherwise.
    """

    v: object
    e: object = 0
    d: list = field(default_factory=list)
    a: list = field(default_factory=list)
    m: list = field(default_factory=list)
    moving: bool = False


def exact(value):
    """Whether a number is a double."""
    return abs(value) < LARGEST and mpf(float(value)) == value


class Walk:
    """One evaluation at the current precision."""

    def __init__(self, wrt, *, errors=True):
        self.wrt, self.errors = wrt, errors
        self.zero = [mpf(0)] * len(wrt)
        self.trace = []
        self.largest = self.top = mpf(1)

    def constant(self, value, *, rounded=False):
        return Dual(value, abs(value) * EPSILON if rounded else mpf(0), self.zero, self.zero,
                    self.zero)  # fmt: skip

    def note(self, value):
        """Sizes that ask for digits: 1 + 1e-300 takes three hundred to be seen."""
        self.top = max(self.top, abs(value))
        if value:
            self.largest = max(self.largest, abs(value), 1 / abs(value))

    def leaf(self, name, value):
        self.note(value)
        unit = [mpf(int(name == other)) for other in self.wrt]
        return Dual(value, mpf(0), unit, self.zero, unit)

    def join(self, value, args, partials, hessian=None, *, charged=None):
        """f(args) from its value, its partials and its second partials.

        `charged`: the errors of the arguments, where they are not their own.
        """
        out = Dual(value)
        out.d = [sum(p * x.d[k] for p, x in zip(partials, args, strict=True))
                 for k in range(len(self.wrt))]  # fmt: skip
        self.note(value)
        if not self.errors:
            out.a = out.m = self.zero
            return out
        given = [x.e for x in args] if charged is None else charged
        out.e = sum(abs(p) * e for p, e in zip(partials, given, strict=True))
        if out.e or not exact(value):
            out.e += EPSILON * abs(value)
        sizes = [abs(p) for p in partials]
        if hessian is None:
            slips = [mpf(0)] * len(args)
        else:
            slips = [sum(abs(h) * e for h, e in zip(row, given, strict=True)) for row in hessian]
        slips = [
            s + (0 if p in {0, 1, -1} else EPSILON * p) for s, p in zip(slips, sizes, strict=True)
        ]
        out.m = [sum(p * x.m[k] for p, x in zip(sizes, args, strict=True))
                 for k in range(len(self.wrt))]  # fmt: skip
        out.a = [sum(p * x.a[k] + s * x.m[k] for p, s, x in zip(sizes, slips, args, strict=True))
                 + EPSILON * out.m[k] for k in range(len(self.wrt))]  # fmt: skip
        return out

    # -- arithmetic

    def add(self, x, y):
        value = x.v + y.v
        if not value and (x.e or y.e):
            # 1 + erf(-28) is 0 in any few digits: what is left is looked for with all of them.
            self.note(mpf("1e1300"))
        return self.join(value, (x, y), (mpf(1), mpf(1)))

    def negative(self, x):
        return Dual(-x.v, x.e, [-d for d in x.d], x.a, x.m)

    def times(self, x, y):
        return self.join(x.v * y.v, (x, y), (y.v, x.v), ((0, 1), (1, 0)))

    def over(self, x, y):
        if y.v == 0:
            raise Inadmissible("a quotient by 0")
        inverse = 1 / y.v
        e = clipped(y)
        return self.join(
            x.v * inverse, (x, y), (inverse, -x.v * inverse**2),
            ((0, inverse**2), (inverse**2, 2 * x.v * inverse**3)), charged=(x.e, e),
        )  # fmt: skip

    def power(self, x, y):
        n = y.v
        if any(y.d):
            if x.v <= 0:
                raise Inadmissible("a power of a number that is not positive")
            return self.call("exp", [self.times(y, self.call("log", [x]))])
        if n == 0:
            return self.constant(mpf(1))
        whole = n == int(n)
        if x.v == 0 and (n < 0 or not whole):
            if n < 0:
                raise Inadmissible("a negative power of 0")
            if n < 1:
                raise Singular("a root of 0")
        if x.v < 0 and not whole:
            raise Inadmissible("a root of a negative number")
        if whole:
            n = int(n)
        first = n * x.v ** (n - 1) if n != 1 else mpf(1)
        second = n * (n - 1) * x.v ** (n - 2) if n not in {1, 2} and x.v != 0 else mpf(2 * (n == 2))
        e = x.e if whole and n > 0 else clipped(x)
        return self.join(x.v**n, (x,), (first,), ((second,),), charged=(e,))

    # -- decisions

    def decide(self, relation, left, right):
        """Whether a comparison holds; refused where only rounding decides."""
        gap = abs(left.v - right.v)
        slip = 64 * (left.e + right.e)
        if self.errors and slip and gap <= slip:
            raise Inadmissible("rounding decides a comparison")
        if gap == 0 and relation in {"==", "!="}:
            raise Singular("a branch that holds at single points")
        holds = RELATIONS[relation](left.v, right.v)
        self.trace.append((holds, gap == 0))
        return holds

    # -- functions

    def call(self, function, args):
        if function in {"max", "min"}:
            return self.extremum(function, args)
        if function == "pi":
            return self.constant(+mp.pi, rounded=True)
        if function in COMPOSED:
            return self.composed(function, args)
        (x,) = args
        return getattr(self, f"_{function}")(x)

    def smooth(self, x, value, first, second, e=None, *, lost=0):
        """`lost`: what the slope's own formula loses, a(1 - a) and 1 - a² of a rounded a."""
        charged = (x.e if e is None else e,)
        out = self.join(value, (x,), (first,), ((second,),), charged=charged)
        out.a = [a + lost * m for a, m in zip(out.a, x.m, strict=True)]
        return out

    def _exp(self, x):
        y = exponential(x.v)
        return self.smooth(x, y, y, y)

    def _log(self, x):
        if x.v <= 0:
            raise Inadmissible("a logarithm of a number that is not positive")
        return self.smooth(x, mp.log(x.v), 1 / x.v, -1 / x.v**2, clipped(x))

    def _sqrt(self, x):
        if x.v < 0:
            raise Inadmissible("a root of a negative number")
        if x.v == 0:
            raise Singular("a root of 0")
        y = mp.sqrt(x.v)
        return self.smooth(x, y, 1 / (2 * y), -1 / (4 * y * x.v), clipped(x))

    def _tanh(self, x):
        half = exponential(-2 * abs(x.v))
        y = (1 - half) / (1 + half) * (1 if x.v >= 0 else -1)
        slope = 4 * half / (1 + half) ** 2
        return self.smooth(x, y, slope, -2 * y * slope, lost=EPSILON * (1 + y**2))

    def _sigmoid(self, x):
        y, rest = 1 / (1 + exponential(-x.v)), 1 / (1 + exponential(x.v))
        return self.smooth(x, y, y * rest, y * rest * (rest - y), lost=2 * EPSILON * y)

    def _softplus(self, x):
        y, rest = 1 / (1 + exponential(-x.v)), 1 / (1 + exponential(x.v))
        value = max(x.v, mpf(0)) + mp.log1p(exponential(-abs(x.v)))
        return self.smooth(x, value, y, y * rest)

    def _erf(self, x):
        slope = 2 / mp.sqrt(mp.pi) * exponential(-(x.v**2))
        return self.smooth(x, mp.erf(within(x.v, mpf(10) ** 6)), slope, -2 * x.v * slope)

    def _sin(self, x):
        bounded(x.v)
        return self.smooth(x, mp.sin(x.v), mp.cos(x.v), -mp.sin(x.v))

    def _cos(self, x):
        bounded(x.v)
        return self.smooth(x, mp.cos(x.v), -mp.sin(x.v), -mp.cos(x.v))

    def _atan(self, x):
        slope = 1 / (1 + x.v**2)
        return self.smooth(x, mp.atan(x.v), slope, -2 * x.v * slope**2)

    def _sinh(self, x):
        bounded(x.v)
        return self.smooth(x, mp.sinh(x.v), mp.cosh(x.v), mp.sinh(x.v))

    def _cosh(self, x):
        bounded(x.v)
        return self.smooth(x, mp.cosh(x.v), mp.sinh(x.v), mp.cosh(x.v))

    def _side(self, x):
        """-1, 0 or 1 as a decision."""
        zero = self.constant(mpf(0))
        above = self.decide(">", x, zero)
        return 1 if above else -1 if self.decide("<", x, zero) else 0

    def _abs(self, x):
        side = self._side(x)
        return self.join(abs(x.v), (x,), (mpf(side),))

    def _sign(self, x):
        return self.constant(mpf(self._side(x)))

    def _heaviside(self, x):
        return self.constant(mpf(int(self._side(x) > 0)))

    def extremum(self, function, args):
        """One of many; a number never has a share at a tie, of moving arguments the last has it."""
        first, *others = args
        second = others[0] if len(others) == 1 else self.extremum(function, others)
        one, two = first, second
        if not first.moving:
            one, two = second, first
        wins = self.decide(">" if function == "max" else "<", one, two)
        if not two.moving:
            two = self.constant(two.v, rounded=bool(two.e))
            if not wins and one.v == two.v:
                return two
        taken = one if wins else two
        return replace(taken, moving=first.moving or second.moving)

    def composed(self, function, args):
        z = args[0]
        one, half = self.constant(mpf(1)), self.constant(mpf("0.5"))
        if function == "relu":
            return self.extremum("max", [self.constant(mpf(0)), moving(z)])
        if function == "leaky_relu":
            slope = args[1] if len(args) > 1 else self.constant(mpf(float("0.01")))
            return z if self._side(z) > 0 else self.times(slope, z)
        if function == "elu":
            if self._side(z) > 0:
                return z
            y = exponential(z.v)
            return self.smooth(z, y - 1, y, y)
        if function == "swish":
            return self.times(z, self._sigmoid(z))
        if function == "softsign":
            return self.over(z, self.add(one, self._abs(z)))
        if function == "mish":
            return self.times(z, self._tanh(self._softplus(z)))
        if function != "gelu":
            raise KeyError(function)
        root = self.constant(mp.sqrt(2), rounded=True)
        inside = self.add(one, self._erf(self.over(z, root)))
        return self.times(self.times(half, z), inside)


def moving(x):
    """An argument of max and min with names in it."""
    return replace(x, moving=True)


def bounded(value):
    """Numbers whose exponential has more digits than there is memory are no model's."""
    if abs(value) > mpf(10) ** 30:
        raise Inadmissible("a function of a number beyond 1e30")


def exponential(value):
    """e^value; 0 where that has more than 10³⁰ digits behind the point."""
    if value < -(mpf(10) ** 30):
        return mpf(0)
    bounded(value)
    return mp.exp(value)


def within(value, limit):
    return max(-limit, min(limit, value))


def clipped(x):
    """The error of an argument beside a singular point: at most its own size."""
    return min(x.e, abs(x.v) / 64)


def run(walk, formula, known):
    """The value of a formula over duals; only the branch taken is looked at."""
    match formula:
        case fm.Name():
            return known[formula.id]
        case fm.Number():
            return walk.constant(mpf(float(formula.text)))
        case fm.Negative():
            return walk.negative(run(walk, formula.operand, known))
        case fm.Sum():
            total, *rest = (run(walk, term, known) for term in formula.terms)
            for term in rest:
                total = walk.add(total, term)
            return total
        case fm.Product():
            total, *rest = (run(walk, factor, known) for factor in formula.factors)
            for factor in rest:
                total = walk.times(total, factor)
            return total
        case fm.Quotient():
            return walk.over(run(walk, formula.numerator, known),
                             run(walk, formula.denominator, known))  # fmt: skip
        case fm.Power():
            base, exponent = run(walk, formula.base, known), run(walk, formula.exponent, known)
            return walk.power(base, exponent)
        case fm.Call():
            args = [run(walk, part, known) for part in formula.args]
            if formula.function in {"max", "min"}:
                args = [moving(arg) if fm.names(part) else arg
                        for arg, part in zip(args, formula.args, strict=True)]  # fmt: skip
            return walk.call(formula.function, args)
        case fm.Cases():
            for value, test in formula.branches:
                left, right = run(walk, test.left, known), run(walk, test.right, known)
                if walk.decide(test.relation, left, right):
                    return run(walk, value, known)
            return run(walk, formula.otherwise, known)
    raise TypeError(type(formula))


SYNTAX = Syntax(functions={**arities(), **COMPOSED})


def statements(equations):
    """`name = formula` by lines, each read by itself."""
    out = {}
    for line in equations:
        name, text = re.split(r"\s=\s", line, maxsplit=1)
        out[name.strip()] = read_formula(text, SYNTAX)
    return out


def evaluate(read, leaves, wrt, *, errors=True):
    """Every node as a dual number, and the walk with what it noticed."""
    walk = Walk(wrt, errors=errors)
    known = {name: walk.leaf(name, value) for name, value in leaves.items()}
    for name, formula in read.items():
        known[name] = run(walk, formula, known)
    return known, walk


def agreeing(one, two):
    """Whether two runs show the same to thirty digits."""
    return all(
        abs(x - y) <= mpf("1e-30") * abs(y) + mpf("1e-400")
        for name in two
        for x, y in zip((one[name].v, *one[name].d), (two[name].v, *two[name].d), strict=True)
    )


def truth(equations, values, wrt):
    """The truth about a model. Raises `Inadmissible` where it has none, `Broken` on nonsense."""
    read = statements(equations)
    digits = 80
    while True:
        with mp.workdps(digits):
            leaves = {name: mpf(float(text)) for name, text in values.items()}
            try:
                known, walk = evaluate(read, leaves, wrt)
            except Inadmissible:
                if digits >= 2500:
                    raise
                known = None
            if known is not None:
                needed = min(int(mp.log10(walk.largest)) * 2 + 80, 2500)
                if digits >= needed:
                    with mp.workdps(2 * digits):
                        again, _ = evaluate(read, leaves, wrt, errors=False)
                    if agreeing(known, again):
                        break
        if digits > MOST_DIGITS:
            raise Inadmissible("no end of digits")
        digits = max(2 * digits, needed if known is not None else 0)
    with mp.workdps(digits):
        return _measured(read, leaves, wrt, known, walk, digits)


def _same(mine, theirs, h):
    return abs(mine - theirs) <= mpf("1e-12") * abs(mine) + abs(h) + mpf("1e-330")


def _quotient(read, leaves, wrt, node, name, h, digits):
    """The central difference quotient with more digits, for values that hide its rise."""
    with mp.workdps(digits):
        ends = (
            evaluate(read, {**leaves, name: leaves[name] + side}, wrt, errors=False)[0][node].v
            for side in (h, -h)
        )
        return (next(ends) - next(ends)) / (2 * h)


def _measured(read, leaves, wrt, known, walk, digits):
    """Bounds, and the test of the forward mode by central differences."""
    output = list(read)[-1]
    spread = {name: [mpf(0)] * (1 + len(wrt)) for name in read}
    smooth = {}
    for name, value in leaves.items():
        if value == 0 and name not in wrt:
            continue
        h = (abs(value) or mpf(1)) * mpf(10) ** -(digits // 3)
        ends = []
        for side in (h, -h):
            try:
                ends.append(evaluate(read, {**leaves, name: value + side}, wrt, errors=False))
            except Inadmissible:
                break
        if len(ends) < 2 or any(w.trace != walk.trace for _, w in ends):
            if len(ends) == 2 and name in wrt:
                here, beside = known[output].v, [nodes[output].v for nodes, _ in ends]
                terms = known[output].m[wrt.index(name)]
                smooth[name] = _slope_across(here, beside, h, terms)
            continue
        (up, _), (down, _) = ends
        for node in read:
            pairs = zip((up[node].v, *up[node].d), (down[node].v, *down[node].d), strict=True)
            slopes = [(x - y) / (2 * h) for x, y in pairs]
            spread[node] = [s + abs(value * slope)
                            for s, slope in zip(spread[node], slopes, strict=True)]  # fmt: skip
            if name in wrt:
                k = wrt.index(name)
                mine, theirs = known[node].d[k], slopes[0]
                if not _same(mine, theirs, h):
                    theirs = _quotient(read, leaves, wrt, node, name, h, 3 * digits)
                hidden = walk.top * mpf(10) ** (5 - 3 * digits) / h
                if not _same(mine, theirs, h) and abs(mine - theirs) > hidden:
                    raise Broken(f"d{node}/d{name}: {mp.nstr(mine, 20)} or {mp.nstr(theirs, 20)}")
    forward = {
        name: Number(known[name].v, EPSILON * (abs(known[name].v) + spread[name][0]),
                     known[name].e) for name in read
    }  # fmt: skip
    last = known[output]
    gradients = {}
    # A node below the normal doubles has so many digits only, and slopes may have as few.
    sizes = [abs(known[name].v) for name in read]
    few = max((LEAST / size for size in sizes if 0 < size < NORMAL), default=mpf(0))
    for k, name in enumerate(wrt):
        slope, across = last.d[k], smooth.get(name)
        strict = EPSILON * (last.m[k] + spread[output][1 + k]) + min(few, mpf("1e-8")) * abs(slope)
        if across is None or _same(slope, across, mpf("1e-20")):
            gradients[name] = Number(slope, strict, last.a[k])
        else:
            near = 4 * EPSILON * abs(across)
            gradients[name] = Number(across, strict + near, last.a[k] + near, branch=slope)
    return Truth(forward, gradients)


def _slope_across(here, beside, h, terms):
    """The slope at a tie where both sides have the same, as of max(z, 0) + log(1 + e^-|z|) at 0.

    `terms` is the size of what the slope is the sum of: where that is 0, the sides are not exactly.
    """
    up, down = beside
    right, left = (up - here) / h, (here - down) / h
    if abs(right - left) <= mpf("1e-18") * (abs(right) + abs(left) + terms):
        return (right + left) / 2
    return None
