"""The oracle: is a claim right? It imports nothing of chainrule and knows no chain rule.

A claim comes as its sides in a small syntax (Python's arithmetic, read with `ast` and walked here):

    D(A, B)         the total derivative of A by the node B
    Held(A, B, s)   the same with the node s held
    Prime_f(x)      the derivative of the function f at x
    relu(x), …      functions, by their definitions below
    a if c else b   branches

The derivative of A by B is a central difference at 60 digits: B is set to its value plus and minus
h, and everything downstream is computed anew. A claim is right if its sides agree at all random
points of the leaves, wrong if they differ at one; anything between is an error of the corpus.
A claim about numbers is judged at the values of the model, within the printed digits.

`python -m tests.claims.oracle` confirms every label and lists what it cannot confirm.
"""

from __future__ import annotations

import ast
import itertools
import random
import re
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import mpf

from tests.claims import corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.claims.corpus import Claim, Model

__all__ = [
    "Undefined",
    "World",
    "holds_locally",
    "judge",
    "judge_formulas",
    "judge_given",
    "worlds",
]

DIGITS = 60
STEP = 20  # h is 10**-STEP
AGREE = 22
DIFFER = 16
TINY = 28


class Undefined(ArithmeticError):
    """The formula has no real value here."""


# ---------------------------------------------------------------------------- functions


def _log(x: mpf) -> mpf:
    if x <= 0:
        raise Undefined("log")
    return mpmath.log(x)


def _sqrt(x: mpf) -> mpf:
    if x < 0:
        raise Undefined("sqrt")
    return mpmath.sqrt(x)


def _heaviside(x: mpf) -> mpf:
    if x == 0:
        raise Undefined("heaviside at 0")
    return mpf(int(x > 0))


def _sign(x: mpf) -> mpf:
    if x == 0:
        raise Undefined("sign at 0")
    return mpf(1 if x > 0 else -1)


def _sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-x))


def _softplus(x: mpf) -> mpf:
    return mpmath.log(1 + mpmath.exp(x))


def _leaky(x: mpf, slope: mpf) -> mpf:
    return x if x > 0 else slope * x


def _elu(x: mpf, alpha: mpf) -> mpf:
    return x if x > 0 else alpha * (mpmath.exp(x) - 1)


_LAMBDA, _C = "1.0507009873554805", "1.6732632423543772"

FUNCTIONS: dict[str, Callable[..., mpf]] = {
    "exp": mpmath.exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "atan": mpmath.atan,
    "erf": mpmath.erf,
    "abs": abs,
    "max": max,
    "min": min,
    "sign": _sign,
    "heaviside": _heaviside,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "identity": lambda x: x,
    "relu": lambda x: x if x > 0 else mpf(0),
    "leaky_relu": lambda x, slope=None: _leaky(x, mpf("0.01") if slope is None else slope),
    "prelu": _leaky,
    "elu": lambda x, alpha=None: _elu(x, mpf(1) if alpha is None else alpha),
    "selu": lambda x: mpf(_LAMBDA) * _elu(x, mpf(_C)),
    "softsign": lambda x: x / (1 + abs(x)),
    "swish": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * mpmath.tanh(_softplus(x)),
    "gelu": lambda x: x / 2 * (1 + mpmath.erf(x / mpmath.sqrt(2))),
    "gelu_tanh": lambda x: (
        x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x**3)))
    ),
    "hard_sigmoid": lambda x: min(max(x + 3, mpf(0)), mpf(6)) / 6,
    "hard_tanh": lambda x: min(max(x, mpf(-1)), mpf(1)),
}

DECLARED = ("f", "g", "k", "phi")


# ---------------------------------------------------------------------------- evaluation

_COMPARE: dict[type[ast.cmpop], Callable[[mpf, mpf], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


def _power(base: mpf, exponent: mpf) -> mpf:
    if base == 0 and exponent <= 0:
        raise Undefined("0 to no positive power")
    if base < 0 and exponent != int(exponent):
        raise Undefined("power of a negative number")
    return base ** int(exponent) if exponent == int(exponent) else base**exponent


def _quotient(a: mpf, b: mpf) -> mpf:
    if b == 0:
        raise Undefined("division by 0")
    return a / b


_BINARY: dict[type[ast.operator], Callable[[mpf, mpf], mpf]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: _quotient,
    ast.Pow: _power,
}


@cache
def parse(text: str) -> ast.expr:
    """The tree of one side, numbers kept as they are spelt."""
    tree = ast.parse(text.strip(), mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = ast.get_source_segment(text.strip(), node)  # type: ignore[attr-defined]
    return tree


@dataclass(frozen=True)
class Statement:
    """One equation of a model."""

    name: str
    tree: ast.expr


@cache
def statements(text: str) -> tuple[Statement, ...]:
    """The equations of a model, one a line."""
    out = []
    for line in text.splitlines():
        name, found, body = line.partition("=")
        if found and not line.lstrip().startswith("#"):
            out.append(Statement(name.strip(), parse(body)))
    return tuple(out)


@cache
def leaves(text: str) -> tuple[str, ...]:
    """Names of a model that no equation defines, in order of appearance."""
    defined = {statement.name for statement in statements(text)}
    found: dict[str, None] = {}
    for statement in statements(text):
        called = {n.func for n in ast.walk(statement.tree) if isinstance(n, ast.Call)}
        for node in ast.walk(statement.tree):
            if isinstance(node, ast.Name) and node not in called and node.id not in defined:
                found[node.id] = None
    return tuple(name for name in found if name != "pi")


class World:
    """A model at one point of its leaves."""

    def __init__(self, model: Model, point: Mapping[str, mpf], rng: random.Random) -> None:
        self.model = model
        self.point = dict(point)
        self.shift: dict[str, mpf] = {}
        self._cache: dict[Any, dict[str, mpf]] = {}
        self._shapes = {
            name: [mpf(rng.randint(-40, 40)) / 23 for _ in range(5)] for name in DECLARED
        }
        self.base = self._run({})

    def _run(self, fixed: Mapping[str, mpf]) -> dict[str, mpf]:
        """All values, where some names are set from outside."""
        env = {**self.point, **{name: value for name, value in fixed.items() if name in self.point}}
        for statement in statements(self.model.statements):
            if statement.name in fixed:
                env[statement.name] = fixed[statement.name]
            else:
                env[statement.name] = self.value(statement.tree, env)
        return env

    def function(self, name: str) -> Callable[..., mpf]:
        """A function; a declared one is some smooth function, another one in every world."""
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        if name in self._shapes:
            a, b, c, d, e = self._shapes[name]
            return lambda x: a + b * x + c * x**2 / 3 + d * mpmath.sin(x + e)
        raise KeyError(f"the oracle knows no function {name}")

    def prime(self, name: str, *args: mpf) -> mpf:
        """The derivative of a function by its first argument."""
        function, h = self.function(name), mpf(10) ** -STEP
        x, rest = args[0], args[1:]
        return (function(x + h, *rest) - function(x - h, *rest)) / (2 * h)

    def moved(self, name: str, sign: int, held: tuple[str, ...] = ()) -> dict[str, mpf]:
        """All values after one node is pushed by ±h, some being held."""
        key = (name, sign, held)
        if key not in self._cache:
            fixed = {other: self.base[other] for other in held}
            fixed[name] = self.base[name] + sign * mpf(10) ** -STEP
            self._cache[key] = self._run(fixed)
        return self._cache[key]

    def derivative(self, tree: ast.expr, name: str, held: tuple[str, ...] = ()) -> mpf:
        """The derivative of a formula by a node, everything downstream of it computed anew."""
        if name not in self.base:
            raise KeyError(f"the model {self.model.name} has no {name}")
        plus = self.value(tree, self.moved(name, 1, held))
        minus = self.value(tree, self.moved(name, -1, held))
        return (plus - minus) / (2 * mpf(10) ** -STEP)

    def value(self, tree: ast.expr, env: Mapping[str, mpf] | None = None) -> mpf:
        """The value of a formula."""
        env = self.base if env is None else env
        match tree:
            case ast.Constant():
                text = str(tree.kind)
                return mpf(text) + self.shift.get(f"{text}@{tree.col_offset}", 0)
            case ast.Name(id="pi"):
                return +mpmath.pi
            case ast.Name(id=name):
                return env[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, env)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand, env)
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](self.value(left, env), self.value(right, env))
            case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right])):
                holds = _COMPARE[type(op)](self.value(left, env), self.value(right, env))
                return self.value(tree.body if holds else tree.orelse, env)
            case ast.Call(func=ast.Name(id="D"), args=[of, ast.Name(id=wrt)]):
                return self._derivative_here(of, wrt, (), env)
            case ast.Call(func=ast.Name(id="Held"), args=[of, ast.Name(id=wrt), *held]):
                return self._derivative_here(of, wrt, tuple(ast.unparse(h) for h in held), env)
            case ast.Call(func=ast.Name(id=name), args=args):
                values = [self.value(arg, env) for arg in args]
                if name.startswith("Prime_"):
                    return self.prime(name.removeprefix("Prime_"), *values)
                return self.function(name)(*values)
        raise ValueError(f"the oracle does not read {ast.unparse(tree)}")

    def _derivative_here(
        self, of: ast.expr, wrt: str, held: tuple[str, ...], env: Mapping[str, mpf]
    ) -> mpf:
        if env is not self.base:
            raise ValueError("a derivative inside of a derivative")
        return self.derivative(of, wrt, held)


# ---------------------------------------------------------------------------- points


def _draw(rng: random.Random, low: float, high: float) -> mpf:
    """A number of seven digits, not near 0."""
    while True:
        value = mpf(rng.randint(int(low * 10**7), int(high * 10**7))) / 10**7
        if abs(value) > 0.02 or high - low < 0.1:
            return value


@cache
def worlds(
    name: str, free: tuple[str, ...] = (), given: tuple[tuple[str, str], ...] = ()
) -> tuple[World, ...]:
    """Random worlds of a model: `free` names get values too, `given` leaves theirs from others."""
    model = corpus.models()[name]
    rng = random.Random(f"{name}{given}")
    out: list[World] = []
    for _ in range(20 * model.points):
        point = {
            leaf: _draw(rng, *model.domain.get(leaf, (-2, 2)))
            for leaf in (*leaves(model.statements), *free)
        }
        try:
            if given:
                world = World(model, point, rng)
                point.update({leaf: world.value(parse(text)) for leaf, text in given})
            out.append(World(model, point, rng))
        except (Undefined, ZeroDivisionError):
            continue
        if len(out) == model.points:
            return tuple(out)
    raise ValueError(f"the oracle finds no points for {name}")


# ---------------------------------------------------------------------------- judging


def _compare(world: World, left: ast.expr, right: ast.expr) -> str:
    try:
        a, b = world.value(left), world.value(right)
    except (Undefined, ZeroDivisionError):
        return "undefined"
    difference, size = abs(a - b), max(abs(a), abs(b))
    if difference <= size * mpf(10) ** -AGREE or difference <= mpf(10) ** -TINY:
        return "equal"
    if difference > size * mpf(10) ** -DIFFER and difference > mpf(10) ** -(TINY - 8):
        return "different"
    return "unclear"


def judge_formulas(claim: Claim, left: str, right: str, *, use_given: bool) -> str:
    """`right`, `wrong`, or what is the matter."""
    given = tuple(claim.given.items()) if use_given else ()
    places = list(worlds(claim.model, claim.free, given))
    if claim.at:
        point = {**places[0].point, **{leaf: mpf(text) for leaf, text in claim.at.items()}}
        places.append(World(places[0].model, point, random.Random(0)))
    found = [_compare(world, parse(left), parse(right)) for world in places]
    if "different" in found:
        return "wrong"
    if "unclear" in found:
        return "unclear"
    return "right" if found.count("equal") >= 12 else f"only {found.count('equal')} points"


def _literals(tree: ast.expr) -> list[tuple[str, mpf]]:
    """Numbers printed with four decimals or more: place, and one unit of the last digit."""
    out = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            mantissa, _, exponent = str(node.kind).lower().partition("e")
            decimals = len(mantissa.partition(".")[2])
            if decimals >= 4:
                unit = mpf(10) ** (int(exponent or 0) - decimals)
                out.append((f"{node.kind}@{node.col_offset}", unit))
    return out


def judge_numbers(claim: Claim, left: str, right: str) -> str:
    """`right` if the sides agree within one unit of the last printed digits, at the values."""
    model = corpus.models()[claim.model]
    rng = random.Random(0)
    world = World(model, {leaf: mpf(text) for leaf, text in model.values.items()}, rng)
    sides = parse(left), parse(right)
    middle = [world.value(side) for side in sides]
    tolerance = mpf(0)
    for side, value in zip(sides, middle, strict=True):
        for place, unit in _literals(side):
            world.shift = {place: unit}
            tolerance += abs(world.value(side) - value)
    world.shift = {}
    difference = abs(middle[0] - middle[1])
    if difference <= tolerance + mpf(10) ** -TINY:
        return "right"
    return "wrong" if difference > 2 * tolerance else "unclear"


def _parents(model: Model, name: str) -> tuple[str, ...]:
    for statement in statements(model.statements):
        if statement.name == name:
            called = {n.func for n in ast.walk(statement.tree) if isinstance(n, ast.Call)}
            found = [n for n in ast.walk(statement.tree) if isinstance(n, ast.Name)]
            return tuple(dict.fromkeys(n.id for n in found if n not in called and n.id != "pi"))
    return ()


def local_readings(claim: Claim, left: str, right: str) -> list[tuple[str, str]]:
    """The sides with some ∂A/∂B read as the local partial, A's other parents being held."""
    model = corpus.models()[claim.model]
    found: dict[str, str] = {}
    for match in re.finditer(r"(?<!\w)D\((\w+), (\w+)\)", f"{left} {right}"):
        of, wrt = match.groups()
        others = [name for name in _parents(model, of) if name != wrt]
        if wrt in _parents(model, of) and others:
            found[match.group(0)] = f"Held({of}, {wrt}, {', '.join(others)})"
    out = []
    for size in range(1, len(found) + 1):
        for chosen in itertools.combinations(found.items(), size):
            sides = left, right
            for old, new in chosen:
                sides = sides[0].replace(old, new), sides[1].replace(old, new)
            out.append(sides)
    return out


def holds_locally(claim: Claim) -> bool:
    """Whether a wrong link is right once some ∂ is read as a local partial."""
    with mpmath.workdps(DIGITS):
        return any(
            judge_formulas(claim, *sides, use_given=not claim.holds_if) == "right"
            for left, right, label in claim.links
            if label == "wrong" and not claim.numeric
            for sides in local_readings(claim, left, right)
        )


def judge(claim: Claim) -> tuple[str, ...]:
    """What the oracle says to each link of a claim."""
    out = []
    with mpmath.workdps(DIGITS):
        for left, right, _ in claim.links:
            if claim.numeric:
                out.append(judge_numbers(claim, left, right))
            else:
                out.append(judge_formulas(claim, left, right, use_given=not claim.holds_if))
    return tuple(out)


def judge_given(claim: Claim) -> tuple[str, ...]:
    """The same under the facts of `given`."""
    with mpmath.workdps(DIGITS):
        return tuple(
            judge_formulas(claim, left, right, use_given=True) for left, right, _ in claim.links
        )


def main() -> int:
    """Confirm every label."""
    bad = 0
    everything = (*corpus.claims(), *corpus.published())
    for claim in everything:
        try:
            found: tuple[str, ...] = judge(claim)
        except Exception as error:  # noqa: BLE001 - the corpus is at fault, and told where
            found = (f"{type(error).__name__}: {error}",)
        if found != claim.labels:
            bad += 1
            sys.stdout.write(f"{claim.id}: {claim.labels} but {found}: {claim.text}\n")
        if claim.holds_if and judge_given(claim) != ("right",) * len(claim.labels):
            bad += 1
            sys.stdout.write(f"{claim.id}: not right under {claim.given}\n")
        if holds_locally(claim):
            bad += 1
            sys.stdout.write(f"{claim.id}: right if read as a local partial: {claim.text}\n")
    sys.stdout.write(f"{len(everything)} claims, {bad} not confirmed\n")
    return min(bad, 1)


if __name__ == "__main__":
    raise SystemExit(main())
