"""Definitions against what books say: with cases, as known numbers, or through another entry.

The laws elsewhere prove that a derivative belongs to its definition. That the definition is the
function its name promises is seen only here.
"""

from __future__ import annotations

import math

import mpmath
import pytest

from chainrule.catalog.registry import activations, definitions, losses
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import PRIMITIVES
from tests.catalog import exact

e = math.exp

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: (1 + math.tanh(z / 2)) / 2,
    "tanh": math.tanh,
    "relu": lambda z: (z + math.fabs(z)) / 2,
    "leaky-relu": lambda z, slope: z if z > 0 else slope * z,
    "prelu": lambda z, slope: z if z > 0 else slope * z,
    "elu": lambda z, alpha: z if z > 0 else alpha * math.expm1(z),
    "selu": lambda z: 1.05070098735548 * (z if z > 0 else 1.67326324235438 * math.expm1(z)),
    "softplus": lambda z: math.log1p(e(z)),
    "softsign": lambda z: z / (1 + z) if z > 0 else z / (1 - z),
    "swish": lambda z: z / (1 + e(-z)),
    "mish": lambda z: z * ((1 + e(z)) ** 2 - 1) / ((1 + e(z)) ** 2 + 1),
    "gelu": lambda z: z * float(mpmath.ncdf(z)),
    "gelu-tanh": lambda z: 0.5 * z * (1 + math.tanh(0.7978845608028654 * (z + 0.044715 * z**3))),
    "hard-sigmoid": lambda z: 0 if z <= -3 else 1 if z >= 3 else z / 6 + 0.5,
    "hard-tanh": lambda z: z if -1 < z < 1 else math.copysign(1, z),
}
"""Values of every scalar activation, written another way than the entry writes them."""


def test_every_scalar_activation_is_compared():
    """A new entry whose definition nobody has looked at."""
    scalar = {name for name, entry in activations().items() if isinstance(entry, Activation)}
    assert set(ACTIVATIONS) == scalar


@pytest.mark.parametrize("name", [*ACTIVATIONS])
def test_activation_is_the_function_it_is_called(name):
    """The right derivative of the wrong function."""
    entry = activations()[name]
    for setting in exact.settings(entry):
        numbers = {key: float(number) for key, number in setting.items()}
        for z in [-7.5, -3.0, -2.9, -1.0, -0.4, 0.0, 0.4, 1.0, 2.9, 3.0, 7.5]:
            found = evaluate(exact.read(entry.definition), {**numbers, "z": z})
            assert found == pytest.approx(ACTIVATIONS[name](z, **numbers), rel=1e-11, abs=1e-13)


def test_gelu_tanh_is_near_gelu():
    """A constant of the approximation with a wrong digit."""
    both = [exact.read(activations()[name].definition) for name in ("gelu", "gelu-tanh")]
    worst = max(
        abs(evaluate(both[0], {"z": n / 20}) - evaluate(both[1], {"z": n / 20}))
        for n in range(-120, 121)
    )
    assert 1e-5 < worst < 5e-4


def test_softmax_adds_up_to_one_and_log_softmax_is_its_logarithm():
    """A sum over the wrong units."""
    for point in exact.vector_points(3):
        softmax = [exact.value(f, point) for f in exact.vector_outputs(activations()["softmax"], 3)]
        logs = [
            exact.value(f, point) for f in exact.vector_outputs(activations()["log-softmax"], 3)
        ]
        assert exact.close(sum(softmax), 1, relative=1e-14)
        for p, q in zip(softmax, logs, strict=True):
            with mpmath.workdps(60):
                assert exact.close(mpmath.log(p), q, relative=1e-40, absolute=1e-50)


def huber(d, kappa):
    return d * d / 2 if abs(d) <= kappa else kappa * (abs(d) - kappa / 2)


def lse(o):
    return math.log(sum(map(e, o)))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def pairs(term):
    return lambda o, t, **given: sum(term(*both, **given) for both in zip(o, t, strict=True))


LOSSES = {
    "squared-error": pairs(lambda o, t: (o - t) ** 2 / 2),
    "sum-squared-error": pairs(lambda o, t: (o - t) ** 2),
    "mean-squared-error": lambda o, t: sum((a - b) ** 2 for a, b in zip(o, t, strict=True)) / 3,
    "absolute": pairs(lambda o, t: o - t if o > t else t - o),
    "huber": pairs(lambda o, t, kappa: huber(o - t, kappa)),
    "binary-cross-entropy": pairs(lambda o, t: -t * math.log(o) - (1 - t) * math.log1p(-o)),
    "cross-entropy": pairs(lambda o, t: -t * math.log(o)),
    "binary-cross-entropy-logits": pairs(
        lambda o, t: t * math.log1p(e(-o)) + (1 - t) * math.log1p(e(o))
    ),
    "cross-entropy-logits": lambda o, t: sum(-b * (a - lse(o)) for a, b in zip(o, t, strict=True)),
    "nll": lambda o, t: -dot(o, t),
    "kl": pairs(lambda o, t: t * math.log(t / o)),
    "hinge": pairs(lambda o, t: 1 - o * t if o * t < 1 else 0),
    "cosine": lambda o, t: 1 - dot(o, t) / math.hypot(*o) / math.hypot(*t),
    "contrastive": pairs(
        lambda o, t, margin: t * o**2 + (1 - t) * ((margin - o) ** 2 if o < margin else 0)
    ),
    "infonce": lambda o, t, tau: sum(
        -b * math.log(e(a / tau) / sum(e(other / tau) for other in o))
        for a, b in zip(o, t, strict=True)
    ),
}
"""Values of every loss of three outputs, written another way than the entry writes them."""


def test_every_loss_is_compared():
    """A new entry whose definition nobody has looked at."""
    assert set(LOSSES) == set(losses())


@pytest.mark.parametrize("name", [*LOSSES])
def test_loss_is_the_function_it_is_called(name):
    """The right gradient of the wrong loss."""
    entry = losses()[name]
    whole = exact.total_loss(entry, 3)
    for point in exact.loss_points(entry, 3, 8):
        numbers = {key: float(number) for key, number in point.items()}
        outputs, targets = ([numbers[f"{letter}_{k}"] for k in (1, 2, 3)] for letter in "ot")
        wanted = LOSSES[name](outputs, targets, **{key: numbers[key] for key in entry.parameters})
        assert evaluate(whole, numbers) == pytest.approx(wanted, rel=1e-11, abs=1e-12)


def test_huber_has_both_its_pieces():
    """Probes that all fall into one piece."""
    entry = losses()["huber"]
    sizes = [
        abs(point[f"o_{k}"] - point[f"t_{k}"])
        for point in exact.loss_points(entry, 3, 8)
        for k in (1, 2, 3)
    ]
    assert min(sizes) < 1 < max(sizes)


LOGITS = [
    ("binary-cross-entropy-logits", "binary-cross-entropy", "sigmoid"),
    ("cross-entropy-logits", "cross-entropy", "softmax"),
    ("cross-entropy-logits", "nll", "log-softmax"),
]


@pytest.mark.parametrize(("fused", "loss", "activation"), LOGITS)
def test_loss_from_logits_is_the_loss_behind_its_activation(fused, loss, activation):
    """Two entries that books call equal and that are not."""
    entry = activations()[activation]
    if isinstance(entry, Activation):
        inner = [
            fm.substitute(exact.read(entry.definition), {"z": fm.Name(f"o_{k}")}) for k in (1, 2, 3)
        ]
    else:
        swap = {f"z_{k}": fm.Name(f"o_{k}") for k in (1, 2, 3)}
        inner = [fm.substitute(f, swap) for f in exact.vector_outputs(entry, 3)]
    behind = fm.substitute(
        exact.total_loss(losses()[loss], 3), {f"o_{k}": f for k, f in enumerate(inner, 1)}
    )
    together = exact.total_loss(losses()[fused], 3)
    for point in exact.loss_points(losses()[fused], 3, 5):
        assert exact.close(exact.value(behind, point), exact.value(together, point), relative=1e-40)


def test_kl_is_cross_entropy_less_entropy():
    """A divergence that is not 0 between equal distributions."""
    kl = exact.total_loss(losses()["kl"], 3)
    cross = exact.total_loss(losses()["cross-entropy"], 3)
    for point in exact.loss_points(losses()["kl"], 3, 5):
        same = {**point, **{f"o_{k}": point[f"t_{k}"] for k in (1, 2, 3)}}
        entropy = exact.value(cross, same)
        found = exact.value(cross, point) - entropy
        assert exact.close(found, exact.value(kl, point), relative=1e-12)
        assert abs(exact.value(kl, same)) < 1e-100


def test_mean_squared_error_divides_by_the_number_of_outputs():
    """A factor 1/n that stays what it was for one output."""
    for units in (1, 2, 5):
        mean, whole = (
            exact.total_loss(losses()[name], units)
            for name in ("mean-squared-error", "sum-squared-error")
        )
        (point,) = exact.loss_points(losses()["mean-squared-error"], units, 1)
        assert exact.close(
            units * exact.value(mean, point), exact.value(whole, point), relative=1e-14
        )


def test_definitions_know_every_scalar_activation():
    """An activation that plain syntax cannot call."""
    entries = [entry for entry in activations().values() if isinstance(entry, Activation)]
    assert {entry.call for entry in entries} <= {*definitions(), *PRIMITIVES}
