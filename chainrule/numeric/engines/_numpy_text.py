"""The text of array code for a recipe: calls that write into buffers used again and again.

The text defines `make(arrays, velocities, samples, rate, momentum, frozen)`, which allocates
everything for arrays of leaves and returns `run`. Whatever needs no array of its own in a step (a
transposed view, a method, a number as an array) is made there once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_contractions import CONTRACTIONS, Contractions
from chainrule.numeric.engines._numpy_emitter import Emitter
from chainrule.numeric.engines._numpy_entries import Arrays, Scalars
from chainrule.numeric.engines._numpy_held import Held, seldom_moved
from chainrule.numeric.engines._numpy_memory import Operand, spelt
from chainrule.numeric.engines._numpy_nodes import ONE
from chainrule.numeric.engines._numpy_readers import Readers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.numeric.engines._numpy_lines import Recipe, Step
    from chainrule.numeric.engines._numpy_memory import Shape
    from chainrule.numeric.engines._numpy_nodes import Node, Value
    from chainrule.numeric.program import Program

__all__ = ["ENOUGH", "Writer"]

LARGE = 32_768
"""Entries from which a matrix is worth moving seldom."""
ENOUGH = 3
"""Steps of one run from which that pays."""


class Writer:
    """Writes the text of one recipe.

    `gathered` is "" where every step has the same samples, "rows" where the samples of a batch are
    put into a buffer, "row" for one sample a batch. With `held`, large matrices that meet nothing
    but vectors move seldom; see `Held`.
    """

    def __init__(
        self,
        program: Program,
        recipe: Recipe,
        *,
        momentum: bool = False,
        gathered: str = "",
        held: bool = False,
    ) -> None:
        self.program = program
        self.recipe = recipe
        self.momentum = momentum
        self.gathered = gathered
        self._readers = Readers(recipe)
        self._emitter = Emitter(program.leaves)
        places: Mapping[str, int] = {}
        if held and not momentum:
            places = seldom_moved(program, recipe, self._readers, large=LARGE)
        self._held = Held(self._emitter, program, places)
        self._silent = {*self._readers.absorbed, *(recipe.results[leaf].node for leaf in places)}
        """Nodes that have no result of their own."""
        self._scalars = Scalars(self._emitter, self._readers)
        self._arrays = Arrays(self._emitter, self._readers, wide=2 * LARGE)
        self._contractions = Contractions(self._emitter, self._readers, self._held)

    # -- the module

    def text(self) -> str:
        """The whole module."""
        emitter = self._emitter
        self._prepare()
        for node in self.recipe.once:
            self._node(node)
        emitter.enter_loop()
        for step in self.recipe.steps:
            self._step(step)
        results = self._results()
        once = emitter.memory.allocated(emitter.once)
        loop = emitter.memory.allocated(emitter.loop)
        return self._module(once, loop, results)

    def _module(self, once: list[str], loop: list[str], results: list[str]) -> str:
        emitter = self._emitter
        train = self.recipe.what == "train"
        inside = "                "
        lines = ["def make(arrays, velocities, samples, rate, momentum, frozen):"]
        lines += [f"    {line}" for line in emitter.setup]
        if train:
            lines += ["", "    def run(steps, order):"]
            lines += [f"        {line}" for line in (*emitter.begin, *once)]
            lines += ["        losses = []"]
            head = "for rows in order:" if self.gathered else "for _ in range(steps):"
            lines += ["        try:", f"            {head}"]
            lines += [f"{inside}{line}" for line in (*emitter.gather, *loop)]
            lines += ["        finally:"]
            lines += [f"            {line}" for line in emitter.end or ["pass"]]
            lines += ["        return losses"]
        else:
            lines += ["", "    def run():"]
            lines += [f"        {line}" for line in (*emitter.begin, *loop, *results)]
        lines += ["", "    return run", ""]
        return "\n".join(lines)

    # -- leaves

    def _prepare(self) -> None:
        """Names for the leaves that are read or moved."""
        emitter = self._emitter
        wanted = {*self._readers.leaves(), *self.recipe.moving}
        for place, name in enumerate(self.program.leaves):
            if name not in wanted:
                continue
            own = emitter.leaves[name]
            shape = self._shape(name)
            if self.gathered and self.program.tensors[name].batched:
                source = f"q{place}"
                emitter.setup.append(f"{source} = arrays[{place}]")
                emitter.setup.append(f"{own} = empty({spelt(shape)}, real)")
                if self.gathered == "row":
                    emitter.gather.append(f"copyto({own}, {source}[rows])")
                else:
                    take = emitter.memory.once("m", f"{source}.take")
                    emitter.gather.append(f'{take}(rows, 0, {own}, "clip")')
            else:
                emitter.setup.append(f"{own} = arrays[{place}]")
            if shape == ():
                self._scalar_leaf(name, place)

    def _shape(self, name: str) -> Shape:
        shape: Shape = self.program.shape(name)
        sampled = self.recipe.sampled and self.program.tensors[name].batched
        return (None, *shape) if sampled else shape

    def _scalar_leaf(self, name: str, place: int) -> None:
        """A leaf without axes is a scalar in arithmetic of scalars, an array beside arrays."""
        emitter = self._emitter
        own = emitter.leaves[name]
        scalar = f"w{place}"
        if name not in self.recipe.moving:
            gathered = self.gathered and self.program.tensors[name].batched
            lines = emitter.gather if gathered else emitter.begin
            lines.append(f"{scalar} = {own}[()]")
            emitter.scalars[name] = Operand(scalar)
        elif self._readers.meets_arrays(name):
            emitter.scalars[name] = Operand(own, "[()]")
        else:
            emitter.begin.append(f"{scalar} = {own}[()]")
            emitter.end.append(f"{own}[()] = {scalar}")
            emitter.scalars[name] = Operand(scalar)

    # -- steps

    def _step(self, step: Step) -> None:
        if step.node is not None:
            self._node(step.node)
            return
        assert step.value is not None
        if step.kind == "check":
            self._check(step.value)
        elif step.leaf in self._held.places:
            self._held.collect(step.leaf, step.value)
        else:
            self._update(step.leaf, step.value)

    def _node(self, node: Node) -> None:
        if node.operation in {"leaf", "one", "constant"} or node in self._silent:
            return
        if node.operation in CONTRACTIONS:
            self._emitter.at[node] = self._contractions.written(node)
        elif node.shape == ():
            self._emitter.at[node] = self._scalars.written(node)
        else:
            self._emitter.at[node] = self._arrays.written(node)

    def _check(self, value: Value) -> None:
        """The loss, and in training no step beyond one that is not finite."""
        emitter = self._emitter
        loss = [emitter.operand(value.node, scalar=True)]
        if value.coefficient == ONE:
            emitter.line("loss = {0}", loss)
        else:
            loss.append(emitter.number(value.coefficient, scalar=True))
            emitter.line("loss = {1} * {0}", loss)
        if self.recipe.what == "train":
            emitter.line("losses.append(loss)")
            emitter.line("if not isfinite(loss):")
            emitter.line("    break")

    # -- updates and results

    def _update(self, leaf: str, value: Value) -> None:
        emitter = self._emitter
        change = "add" if value.coefficient == ONE else "subtract"
        place = list(self.program.leaves).index(leaf)
        own = emitter.leaves[leaf]
        axes = self.program.tensors[leaf].axes
        form = emitter.scalars.get(leaf)
        if form is not None and not form.view:
            sign = "+" if change == "add" else "-"
            gradient = emitter.operand(value.node, scalar=True)
            if self.momentum:
                speed = f"u{place}"
                emitter.setup.append(f"v{place} = velocities[{place}]")
                emitter.begin.append(f"{speed} = v{place}[()]")
                emitter.end.append(f"v{place}[()] = {speed}")
                emitter.line(f"{speed} = momentum * {speed} {sign} {{0}}", [gradient])
                emitter.line(f"{form.base} = {form.base} + {speed}")
            else:
                emitter.line(f"{form.base} = {form.base} {sign} {{0}}", [gradient])
            return
        places = tuple(axes.index(letter) for letter in value.letters)
        gradient = emitter.beside(value.node, places, len(axes))
        if self.momentum:
            speed = f"v{place}"
            emitter.setup.append(f"{speed} = velocities[{place}]")
            inertia = emitter.memory.once("k", "array(momentum, real)")
            emitter.line(f"multiply({speed}, {inertia}, {speed})")
            emitter.line(f"{change}({speed}, {{0}}, {speed})", [gradient])
            if leaf in self.program.frozen:
                self._hold(place, speed)
            emitter.line(f"add({own}, {speed}, {own})")
        else:
            emitter.line(f"{change}({own}, {{0}}, {own})", [gradient])
        if leaf in self.program.frozen:
            self._hold(place, own)

    def _hold(self, place: int, name: str) -> None:
        """Give the entries that must not move back what they had."""
        emitter = self._emitter
        flat = emitter.memory.once("h", f"{name}.reshape(-1)")
        saved = emitter.memory.name("g")
        emitter.begin.append(f"{saved} = {flat}[frozen[{place}]]")
        emitter.line(f"{flat}[frozen[{place}]] = {saved}")

    def _results(self) -> list[str]:
        if self.recipe.what == "train":
            return []
        names: list[str] = []
        for name, value in self.recipe.results.items():
            result = f"r{len(names)}"
            names.append(result)
            letters = self._axes(name)
            places = tuple(letters.index(letter) for letter in value.letters)
            operand = self._emitter.beside(value.node, places, len(letters))
            shape = self._shape(name)
            self._emitter.line(f"{result} = empty({spelt(shape)}, real)")
            how = "copyto({out}, {0})" if value.coefficient == ONE else "negative({0}, {out})"
            self._emitter.line(how.replace("{out}", result), [operand])
        loss = "float(loss)" if self.recipe.loss is not None else "0.0"
        return [f"return {loss}, [{', '.join(names)}]"]

    def _axes(self, name: str) -> tuple[str, ...]:
        axes = self.program.tensors[name].axes
        sampled = self.recipe.sampled and self.program.tensors[name].batched
        return ("*", *axes) if sampled else axes
