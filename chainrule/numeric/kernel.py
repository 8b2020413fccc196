"""What an engine makes of a program: something that runs it on arrays of its own kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.numeric.program import Program

__all__ = ["Engine", "Kernel", "Values"]

Values = dict[str, Any]
"""Tensors by name in an engine's own form; a batched tensor holds one more axis, the first."""


class Kernel(Protocol):
    """A program made ready to run. All methods are deterministic and never warn.

    Overflow gives inf, an undefined value nan, as in IEEE arithmetic.
    """

    @property
    def source(self) -> str:
        """The code that runs, "" where there is none to show."""

    def pack(self, tensor: str, flat: Sequence[Any], samples: int | None) -> Any:
        """The engine's array of a tensor from the floats of its cells.

        `flat` has one float per cell; for a batched tensor with `samples` given, one sequence of
        `samples` floats per cell.
        """

    def unpack(self, tensor: str, array: Any) -> list[Any]:
        """The inverse of `pack`: a float, or a list of one float per sample, for each cell."""

    def forward(self, values: Values, samples: int | None) -> Values:
        """Every tensor of the model, leaves included, from the leaves."""

    def gradients(self, values: Values, samples: int | None) -> tuple[float, Values]:
        """The mean of the output and its gradients, by leaf tensor."""

    def train(
        self,
        values: Values,
        steps: int,
        rate: float,
        *,
        momentum: float = 0.0,
        velocity: Values | None = None,
        batches: Sequence[Sequence[int]] | None = None,
    ) -> list[float]:
        """Run `steps` updates, changing `values` (and `velocity`) in place.

        Returns the output before each update. With `batches`, step s uses the samples whose
        numbers are batches[s]; without, all samples (or the one set of values) every time.
        Update: v ← momentum·v − rate·g, w ← w + v. Only leaves in `program.gradients` move.
        Stops early, returning the outputs so far with the broken one last, as soon as an output
        is not finite; the values then are those that broke.
        """


def _same(program: Program) -> Program:
    return program


class Engine(NamedTuple):
    """One way of running.

    `missing` returns the reason why it cannot run here, or None. `build` gets the program, the
    schedule ("simultaneous" or "sequential") and the dtype ("float64", "float32"). `computes` gives
    the program with the factors that this engine computes, where they are not those of every one.
    """

    name: str
    title: Mapping[str, str]
    missing: Callable[[], str | None]
    build: Callable[[Program, str, str], Kernel]
    dtypes: tuple[str, ...] = ("float64",)
    computes: Callable[[Program], Program] = _same
