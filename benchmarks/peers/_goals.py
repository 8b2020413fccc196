"""What chainrule wants to reach beside its peers, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peers._report import digits

if TYPE_CHECKING:
    from collections.abc import Mapping

Figure = tuple[str, str, str]
"""Quantity, problem, row."""


@dataclass(frozen=True, slots=True)
class Goal:
    """`top` over `bottom`, or `top` alone, is at least or at most `limit`; no limit, no verdict."""

    text: str
    top: Figure
    bottom: Figure | None = None
    least: float | None = None
    most: float | None = None

    def row(self, results: Mapping[str, Any]) -> list[str]:
        """The text, what was found, what is wanted, and yes or no."""
        value = _figure(results, self.top)
        if self.bottom is not None:
            below = _figure(results, self.bottom)
            value = value / below if value and below else None
        unit = " s" if self.bottom is None else "×"
        found = "not measured" if value is None else f"{value:.3f} s"
        if value is not None and self.bottom is not None:
            found = f"{value:.2f}×" if value < 10 else f"{digits(value)}×"
        if self.least is not None:
            wanted, reached = f"≥ {self.least:g}{unit}", value is not None and value >= self.least
        elif self.most is not None:
            wanted, reached = f"≤ {self.most:g}{unit}", value is not None and value <= self.most
        else:
            return [self.text, found, "", ""]
        return [self.text, found, wanted, "" if value is None else "yes" if reached else "no"]


def _figure(results: Mapping[str, Any], figure: Figure) -> float | None:
    quantity, problem, name = figure
    value = results.get(problem, {}).get(name, {}).get(quantity)
    return None if value is None else float(value)


def _step(problem: str, name: str) -> Figure:
    return "step", problem, name


def _faster(text: str, problem: str, own: str, other: str, least: float | None) -> Goal:
    own_title = f"{problem}: {own.replace('-loop', ', loop inside')} faster than {text}"
    return Goal(own_title, _step(problem, other), _step(problem, f"chainrule-{own}"), least=least)


def _within(text: str, problem: str, own: str, other: str, most: float | None) -> Goal:
    own_title = f"{problem}: {own.replace('-loop', ', loop inside')} over {text}"
    return Goal(own_title, _step(problem, f"chainrule-{own}"), _step(problem, other), most=most)


def _ready(problem: str, own: str, most: float) -> list[Goal]:
    text = f"{problem}: preparation, {own}"
    name = f"chainrule-{own}-loop"
    return [
        Goal(f"{text}, first in the process", ("prepare", problem, name), most=most),
        Goal(f"{text}, again", ("again", problem, name), most=most),
    ]


def _matrices(size: str) -> list[Goal]:
    most = {1: 1.0, 64: 1.05, 1024: 1.05}
    goals = []
    for batch, limit in most.items():
        problem = f"{size}@{batch}"
        goals.append(_within("NumPy by hand", problem, "numpy-loop", "numpy", limit))
        goals.append(_within("NumPy by hand, out=", problem, "numpy-loop", "numpy-out", None))
    return goals


def _process(text: str, other: str, least: float) -> Goal:
    whole = ("seconds", "process", "chainrule")
    return Goal(f"whole process: faster than {text}", ("seconds", "process", other), whole, least)


GOALS = (
    _faster("JAX jit", "2-2-2@1", "python-loop", "jax", 8),
    _faster("PyTorch eager", "2-2-2@1", "python-loop", "pytorch", 100),
    _faster("lambdify, cse", "2-2-2@1", "python-loop", "lambdify-cse", 2),
    _faster("JAX jit", "2-2-2@1", "python", "jax", None),
    _faster("JAX jit", "2-2-2@1", "compiled-loop", "jax", 150),
    _faster("JAX jit, loop inside", "2-2-2@1", "compiled-loop", "jax-loop", None),
    _within("C, loop inside", "2-2-2@1", "compiled-loop", "c-loop", 1.2),
    _within("C, loop inside", "16-32-16@1", "compiled-loop", "c-loop", 1.5),
    _within("C, -ffast-math, loop inside", "16-32-16@1", "compiled-loop", "c-fast", None),
    _within("C, called", "16-32-16@1", "compiled", "c", None),
    *_matrices("784-128-10"),
    *_matrices("784-512-512-10"),
    *_ready("2-2-2@1", "python", 0.05),
    *_ready("2-2-2@1", "compiled", 0.05),
    *_ready("784-128-10@1", "numpy", 2),
    *_ready("784-128-10@1", "compiled", 2),
    Goal(
        "whole process: over Python by hand",
        ("seconds", "process", "chainrule"),
        ("seconds", "process", "python"),
        most=4,
    ),
    _process("JAX jit", "jax", 8),
    _process("PyTorch eager", "pytorch", 30),
)
