"""What a layer is given to build with: it adds index statements to the network so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chainrule.catalog.types import Activation, VectorActivation
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, nearest
from chainrule.core.graph import Node, Origin, Role
from chainrule.core.plain import Syntax, read_formula
from chainrule.core.unroll import Axis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.catalog.types import Words

__all__ = ["Builder", "Layer"]


class Builder:
    """Collects the index statements of a network, layer by layer.

    `source` is the tensor that the next layer reads and `axis` its index letter; `layer` counts
    layers of weights from 1. `last` is set from the last weighted layer on, `final` for the last
    layer of all, whose units are the outputs. `usual` are the values that the catalogue gives to
    leaves which have none. `activations` are those of the catalogue, `functions` what it may call.
    """

    def __init__(
        self,
        inputs: int,
        activations: Mapping[str, Activation | VectorActivation],
        functions: Mapping[str, tuple[int, int]],
    ) -> None:
        self.nodes: dict[str, Node] = {}
        self.axes: dict[str, Axis] = {}
        self.usual: dict[str, str] = {}
        self.layer = 0
        self.last = False
        self.final = False
        self.axis = self.new_axis(inputs)
        self.source = "x"
        self._activations = activations
        self._syntax = Syntax(functions=functions)
        self.add("x", [self.axis], None, kind="input", role=Role.INPUT)

    def new_axis(self, size: int, symbol: str | None = None) -> str:
        """A new index letter i0, i1, … with its own range."""
        number = sum("_" not in letter for letter in self.axes)
        letter = f"i{number}"
        self.axes[letter] = Axis(letter, symbol or f"n_{number}", size)
        return letter

    def units(self, axis: str | None = None) -> int:
        """How many units an axis has."""
        return self.axes[axis or self.axis].default

    def add(
        self,
        name: str,
        axes: Sequence[str],
        formula: str | fm.Formula | None,
        *,
        kind: str,
        role: Role | None = None,
        rule: str | None = None,
        layer: int | None = None,
        last: bool = False,
    ) -> str:
        """Add a tensor: a leaf with a role, or a statement in plain index syntax."""
        written = read_formula(formula, self._syntax) if isinstance(formula, str) else formula
        if name in self.nodes:
            raise ValueError(f"two tensors are called {name}")
        used = fm.names(written) if written is not None else ()
        parents = tuple(other for other in used if other in self.nodes)
        origin = Origin(kind, self.layer if layer is None else layer, (), last)
        self.nodes[name] = Node(name, written, parents, tuple(axes), role, rule, origin)
        return name

    def unit(self, name: str, kind: str) -> tuple[str, str]:
        """Name and kind of what a layer hands on: the outputs `o` if it is the last layer."""
        return ("o", "output") if self.final else (name, kind)

    def weighted(self, units: int | None, bias: str) -> tuple[str, str]:
        """z[j] = sum(i, W[j, i]*source[i]) + b[j]; returns z and its axis.

        `units` None means as many as the source has, whatever sizes the network is unrolled at.
        `bias` is "none", "per-unit" or "shared".
        """
        self.layer += 1
        n, i = self.layer, self.axis
        same = self.axes[i]
        j = self.new_axis(same.default, same.size) if units is None else self.new_axis(units)
        self.add(f"W{n}", [j, i], None, kind="weight", role=Role.WEIGHT)
        formula = f"sum({i}, W{n}[{j}, {i}]*{self.source}[{i}])"
        if bias == "per-unit":
            self.add(f"b{n}", [j], None, kind="bias", role=Role.BIAS)
            formula += f" + b{n}[{j}]"
        elif bias == "shared":
            self.add(f"b{n}", [], None, kind="shared-bias", role=Role.BIAS)
            formula += f" + b{n}"
        z = self.add(f"z{n}", [j], formula, kind="preactivation", rule="dense", last=self.last)
        return z, j

    def activated(
        self, name: str, z: str, axis: str, activation: str, *, kind: str,
        options: Mapping[str, object] | None = None,
    ) -> str:  # fmt: skip
        """a[j] = f(z[j]); learnable parameters of f get a leaf per layer."""
        entry = self._activations.get(activation)
        if entry is None:
            close = nearest(activation, self._activations)
            raise ChainruleError(
                f"there is no activation called `{activation}`",
                hint=f"did you mean `{close}`?" if close else "chainrule list activations",
            )
        last = self.last
        if isinstance(entry, VectorActivation):
            whole = _rename(entry.definition, z, axis, self.twin(axis))
            return self.add(name, [axis], whole, kind=kind, rule=entry.name, last=last)
        args = [f"{z}[{axis}]", *self._arguments(entry, options or {})]
        formula = args[0] if entry.name == "identity" else f"{entry.call}({', '.join(args)})"
        return self.add(name, [axis], formula, kind=kind, rule=entry.name, last=last)

    def _arguments(self, entry: Activation, options: Mapping[str, object]) -> list[str]:
        out = []
        changed = any(parameter in options for parameter in entry.parameters)
        for parameter, default in entry.parameters.items():
            if default is None:
                if parameter in options:
                    raise ChainruleError(
                        f"`{parameter}` of {entry.name} is learnt and takes no option",
                        hint="give its first value under [values]",
                    )
                leaf = f"{parameter}_{self.layer}"
                self.add(leaf, [], None, kind="activation-parameter", role=Role.WEIGHT)
                if parameter in entry.initial:
                    self.usual[leaf] = entry.initial[parameter]
                out.append(leaf)
            elif changed:
                out.append(str(options.get(parameter, default)))
        return out

    def twin(self, axis: str) -> str:
        """A second index letter over the same range, for a sum beside a free index."""
        letter = f"{axis}_m"
        axis_of = self.axes[axis]
        self.axes.setdefault(letter, Axis(letter, axis_of.size, axis_of.default))
        return letter


def _rename(definition: str, z: str, i: str, m: str) -> fm.Formula:
    formula = read_formula(definition)
    return fm.substitute(formula, {"z": fm.Name(z), "i": fm.Name(i), "m": fm.Name(m)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer: `build` adds its index statements to a `Builder` from a table of options.

    `options` maps each key a model file may give to its default; None means it must be given.
    `meanings` says what each option is.
    """

    name: str
    title: Words
    source: str
    options: Mapping[str, object] = field(default_factory=dict)
    meanings: Mapping[str, Words] = field(default_factory=dict)
    build: Callable[[Builder, Mapping[str, object]], None]
    note: Words = field(default_factory=dict)
