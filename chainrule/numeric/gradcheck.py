"""Is the gradient right? Ours against differences of values, Taylor remainders and other libraries.

Values of the output come from the statements of the model alone (`checking.tape`). A gradient is
called wrong only where the difference quotient's own error cannot explain what lies between, with
sixty digits where doubles do not decide; one that stands on a kink is compared with the
derivatives from both sides. What is wrong is traced to the first wrong factor (`checking.blame`).
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core.errors import ChainruleError, shown
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.numeric.build import build_program, source_of
from chainrule.numeric.checking.blame import Factors, blame, is_small
from chainrule.numeric.checking.differences import Estimate, Point, Ray
from chainrule.numeric.checking.draws import complete
from chainrule.numeric.checking.results import (
    Checked,
    Forward,
    GradCheck,
    Judgement,
    PeerResult,
    Taylor,
    WrongFactor,
)
from chainrule.numeric.checking.tape import Tape
from chainrule.numeric.checking.taylor import direction, directional, remainder
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.engines import choose, engine_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core import formula as fm
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.program import Program

__all__ = ["SAMPLE", "TOLERANCE", "GradCheck", "gradcheck"]

TOLERANCE = 1e-6
SAMPLE = 200
_EPSILON = 2.0**-52
_ROUNDING = 64 * _EPSILON
_DIRECTIONS = 3
_DIGIT_BUDGET = 5_000_000
_QUOTIENTS = 8
_MOST_DISPUTED = 40
_LARGE = 400_000


def gradcheck(
    graph: Graph | IndexGraph,
    values: Mapping[str, float] | None = None,
    *,
    wrt: Iterable[str] | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    sample: int | None = SAMPLE,
    engine: str = "auto",
    against: str = "none",
    gradients: Mapping[str, float] | None = None,
    factors: Mapping[tuple[str, str], str | fm.Formula] | None = None,
) -> GradCheck:
    """Check ∂output/∂w of leaves, by default of every weight and bias.

    `values` come before those of the model; leaves without either are drawn at random. `sample`
    is how many parameters are checked one by one, spread over the tensors; None for all.
    `against` is another library: its name, "auto" for the quickest to import of those installed,
    "none". `gradients` are to be checked in place of ours; `factors`, by (of, wrt), stand in place
    of the catalogue's, and the gradient is then the one put together from them.

    Raises `ChainruleError` for unknown names, leaves at which the output is not finite, functions
    without a definition, and a library that is not there.
    """
    if not (math.isfinite(tolerance) and 0 < tolerance < 1):
        raise ChainruleError(
            f"a tolerance of {tolerance:g} is not between 0 and 1", hint="1e-6 is usual"
        )
    return _Check(graph, values or {}, wrt, tolerance, seed, engine, gradients, factors).run(
        sample, against
    )


class _Check:
    """One gradient check."""

    def __init__(
        self,
        graph: Graph | IndexGraph,
        values: Mapping[str, float],
        wrt: Iterable[str] | None,
        tolerance: float,
        seed: int,
        engine: str,
        gradients: Mapping[str, float] | None,
        factors: Mapping[tuple[str, str], str | fm.Formula] | None,
    ) -> None:
        self.graph = graph.unroll()
        self.tolerance = tolerance
        self.seed = seed
        self.given_gradients = gradients
        self.instead = {key: _formula(value) for key, value in (factors or {}).items()}
        self.source = source_of(graph)
        self.names = self._names(wrt)
        self.tape = Tape(self.source)
        self.compiled = compile_graph(graph, engine=engine)
        self.note = self.compiled.note
        self.place = {
            cell: (name, flat)
            for name, cells in self.source.cells.items()
            for flat, cell in enumerate(cells)
        }
        self._fill(values)
        self.budget = _DIGIT_BUDGET
        self.chance = random.Random(f"gradcheck {seed}")  # noqa: S311 # not for secrets

    # -- what is asked for

    def _names(self, wrt: Iterable[str] | None) -> tuple[str, ...]:
        names = self.graph.parameters if wrt is None else tuple(wrt)
        for name in () if wrt is None else names:
            if not self.graph[name].is_leaf:
                raise ChainruleError(
                    f"{shown(name)} is computed by the model",
                    hint="gradients are checked by leaves: weights, biases, inputs or targets",
                )
        if wrt is not None:
            names = tuple(dict.fromkeys(self.graph[name].name for name in names))
        if not names:
            raise ChainruleError(
                "this model has nothing to derive by", hint="name something: --wrt NAME"
            )
        return names

    def _fill(self, values: Mapping[str, float]) -> None:
        """Values of all leaves, the point they make, and our gradient there."""
        given = {name: float(text) for name, text in self.graph.model.values.items()}
        for name, value in values.items():
            node = self.graph[name]
            if not node.is_leaf:
                raise ChainruleError(
                    f"`{name}` is computed by the model and takes no value",
                    hint="give values to leaves only",
                )
            given[node.name] = float(value)
        self.values: Mapping[str, float] = given
        drawn = complete(self.graph, self.source, given, self.seed, self._usable)
        if not drawn.names:
            self._set(drawn.values)
        self.drawn = {name: drawn.values[name] for name in drawn.names}
        if not math.isfinite(self.point.output):
            raise self._not_finite()

    def _usable(self, values: Mapping[str, float]) -> bool:
        self._set(values)
        return self.point.in_doubles and all(map(math.isfinite, self.gradient.values()))

    def _set(self, values: Mapping[str, float]) -> None:
        self.values = values
        self.point = Point(
            self.tape,
            {
                self.tape.slot(name, flat): values[cell]
                for name in self.source.roles
                for flat, cell in enumerate(self.source.cells[name])
            },
        )
        for cached in ("gradient", "_engine_values", "factors"):
            self.__dict__.pop(cached, None)

    def _not_finite(self) -> ChainruleError:
        name, value = self.source.output, self.point.output
        for tensor in self.source.formulas:
            for flat, slot in enumerate(self.tape.slots.get(tensor, ())):
                if not math.isfinite(self.point.digits[slot]):
                    cell = self.source.cells[tensor][flat]
                    return ChainruleError(
                        f"at these values `{cell}` is {float(self.point.digits[slot])}, no finite "
                        "number",
                        hint="gradients are checked where the output is finite: give other --values",  # noqa: E501
                    )
        return ChainruleError(f"at these values `{name}` is {value}, no finite number")

    # -- our gradient

    @cached_property
    def gradient(self) -> Mapping[str, float]:
        """What is to be checked, by name; of every parameter where that is asked for."""
        if self.given_gradients is not None:
            missing = [name for name in self.names if name not in self.given_gradients]
            if missing:
                raise ChainruleError(f"there is no gradient given for {shown(missing[0])}")
            return {name: float(self.given_gradients[name]) for name in self.names}
        if self.instead:
            adjoints, _ = self.factors.adjoints(self.factors.between(self.names))
            return {name: adjoints.get(name, 0.0) for name in self.names}
        if set(self.names) <= set(self.compiled.parameters):
            found = self.compiled.gradients(self.values)
            return {name: found[name] for name in self.names}
        return self._by_any_leaf()

    def _by_any_leaf(self) -> Mapping[str, float]:
        """Gradients by leaves that are no parameters, from the same engine."""
        program = build_program(self.graph, wrt=self.names)
        engine, _ = choose(program.parameter_count, self.compiled.engine, "float64")
        kernel = engine.build(program, "simultaneous", "float64")
        arrays = {
            name: kernel.pack(name, [self.values[c] for c in program.tensors[name].cells], None)
            for name in program.leaves
        }
        _, found = kernel.gradients(arrays, None)
        out: dict[str, float] = {}
        for name, array in found.items():
            cells = program.tensors[name].cells
            out.update(zip(cells, kernel.unpack(name, array), strict=True))
        return {name: out[name] for name in self.names}

    @cached_property
    def program(self) -> Program:
        """The program whose gradients are checked, with its formulas."""
        program = build_program(self.graph, wrt=self.names)
        return engine_named(self.compiled.engine).computes(program)

    @cached_property
    def factors(self) -> Factors:
        """The factors of the derivation at these values."""
        values: dict[str, float] = {}
        for name, slots in self.tape.slots.items():
            for cell, slot in zip(self.source.cells[name], slots, strict=True):
                value = self.point.floats[slot]
                exact = math.isfinite(value) or self.point.in_doubles
                values[cell] = value if exact else float(self.point.digits[slot])
        return Factors(self.graph, values, self.instead)

    # -- the check

    def run(self, sample: int | None, against: str) -> GradCheck:
        names = self._sampled(sample)
        self.size = max((abs(g) for g in self.gradient.values() if math.isfinite(g)), default=0.0)
        checked = {name: self._checked(name) for name in names}
        taylor = self._taylor()
        if any(each.verdict is Judgement.WRONG for each in taylor) and len(names) < len(self.names):
            for name in self._hunted(frozenset(names)):
                checked[name] = self._checked(name)
        peer = self._peer(against, checked)
        first = self._settled(checked)
        return GradCheck(
            output=self.graph.output,
            loss=self.point.output,
            tolerance=self.tolerance,
            seed=self.seed,
            engine=self.compiled.engine,
            total=len(self.names),
            parameters=tuple(checked.values()),
            taylor=taylor,
            peer=peer,
            forward=self._forward(),
            first_wrong=first,
            drawn=self.drawn,
            note=self.note,
        )

    def _sampled(self, sample: int | None) -> list[str]:
        """Some of the names, spread over the tensors; all if there are no more than that."""
        if sample is None or len(self.names) <= sample:
            return list(self.names)
        groups: dict[str, list[str]] = {}
        for name in self.names:
            groups.setdefault(self.place[name][0], []).append(name)
        chosen: set[str] = set()
        waiting = sorted(groups.values(), key=len)
        for number, group in enumerate(waiting):
            share = math.ceil((sample - len(chosen)) / (len(waiting) - number))
            chosen.update(self.chance.sample(group, min(share, len(group))))
        return [name for name in self.names if name in chosen]

    def _ray(self, name: str) -> Ray:
        return Ray(self.point, {self.tape.slot(*self.place[name]): 1.0})

    def _scale(self, size: float) -> float:
        return _ROUNDING * size / self.tolerance

    def _checked(self, name: str) -> Checked:
        """The verdict on one parameter."""
        gradient, ray, scale = self.gradient[name], self._ray(name), self._scale(self.size)
        doubles = self.point.in_doubles
        if doubles and not ray.on_kink():
            found = ray.slope(1e-4 * self.tolerance)
            if found is not None and self._agrees(gradient, found, scale):
                return self._made(name, found, scale, Judgement.RIGHT)
        else:
            found = None
        cost = len(ray.operations) * _QUOTIENTS
        if self.budget < cost and found is not None:
            wrong = self._excluded(gradient, found, scale, 100)
            verdict = Judgement.WRONG if wrong else Judgement.UNDECIDED
            return self._made(name, found, scale, verdict, "" if wrong else "budget")
        self.budget -= cost
        if doubles and ray.on_kink():
            return self._at_kink(name, ray, scale)
        allowed = self.tolerance * max(abs(gradient) if math.isfinite(gradient) else 0.0, scale)
        found = ray.precise(1e-3 * allowed)
        if found is None:
            return self._made(name, None, scale, Judgement.UNDECIDED, "domain")
        if not math.isfinite(gradient):
            return self._made(name, found, scale, Judgement.WRONG, "not-finite")
        if self._agrees(gradient, found, scale):
            return self._made(name, found, scale, Judgement.RIGHT)
        if not self._excluded(gradient, found, scale, 10):
            return self._made(name, found, scale, Judgement.UNDECIDED, "coarse")
        if ray.doubtful():
            return self._at_kink(name, ray, scale)
        return self._made(name, found, scale, Judgement.WRONG)

    def _agrees(self, gradient: float, found: Estimate, scale: float) -> bool:
        allowed = self.tolerance * max(abs(gradient), abs(found.value), scale)
        return abs(gradient - found.value) <= allowed and found.error <= max(allowed, 0.0)

    def _excluded(self, gradient: float, found: Estimate, scale: float, times: float) -> bool:
        """Whether the difference's own error does not explain what lies between."""
        if not math.isfinite(gradient):
            return True
        allowed = self.tolerance * max(abs(gradient), abs(found.value), scale)
        return abs(gradient - found.value) > allowed + times * found.error

    def _made(
        self,
        name: str,
        found: Estimate | None,
        scale: float,
        verdict: Judgement,
        reason: str = "",
    ) -> Checked:
        gradient = self.gradient[name]
        relative = None
        if found is not None and math.isfinite(gradient):
            size = max(abs(gradient), abs(found.value), scale)
            relative = abs(gradient - found.value) / size if size else 0.0
        return Checked(
            wrt=name,
            gradient=gradient,
            difference=None if found is None else found.value,
            error=None if found is None else found.error,
            relative=relative,
            scale=scale,
            verdict=verdict,
            reason=reason,
        )

    def _at_kink(self, name: str, ray: Ray, scale: float) -> Checked:
        """One that stands on a kink, or so close that rounding hides on which side."""
        gradient = self.gradient[name]
        here = ray.doubtful()
        known = abs(gradient) if math.isfinite(gradient) else 0.0
        sides = ray.sides(1e-3 * self.tolerance * max(known, scale))
        if sides is None:
            blank = self._made(name, None, scale, Judgement.UNDECIDED, "border")
            return replace(blank, kinks=here)
        left, right = sides.left, sides.right
        if not sides.jump and not self._excluded(left.value, right, scale, 10):
            middle = Estimate((left.value + right.value) / 2, left.error + right.error)
            if math.isfinite(gradient) and not self._excluded(gradient, middle, scale, 10):
                return self._made(name, middle, scale, Judgement.RIGHT)
        low, high = sorted((left.value, right.value))
        allowed = self.tolerance * max(abs(low), abs(high), scale)
        if sides.jump:
            reason = "jump"
        elif not low - allowed <= gradient <= high + allowed:
            reason = "conventions"
        elif min(gradient - low, high - gradient) <= allowed:
            reason = "one-side"
        else:
            reason = "between"
        blank = self._made(name, None, scale, Judgement.KINK, reason)
        return replace(blank, left=left.value, right=right.value, kinks=here)

    # -- all parameters at once

    def _taylor(self) -> tuple[Taylor, ...]:
        gradient = self._by_slot(self.names)
        if not self.point.in_doubles or not all(map(math.isfinite, gradient.values())):
            return ()
        if len(self.tape) > _LARGE and len(self.names) > _LARGE // 4:
            return ()
        return tuple(
            remainder(self.point, gradient, self.chance, self.tolerance) for _ in range(_DIRECTIONS)
        )

    def _by_slot(self, names: Iterable[str]) -> dict[int, float]:
        return {self.tape.slot(*self.place[name]): self.gradient[name] for name in names}

    def _hunted(self, known: frozenset[str]) -> Sequence[str]:
        """A parameter outside the sample whose gradient makes the remainder wrong, by halving."""
        suspects = [name for name in self.names if name not in known]
        if not self._suspicious(suspects):
            return ()
        while len(suspects) > 1:
            half = len(suspects) // 2
            one, two = suspects[:half], suspects[half:]
            if self._suspicious(one):
                suspects = one
            elif self._suspicious(two):
                suspects = two
            else:
                return ()
        return suspects

    def _suspicious(self, names: Sequence[str]) -> bool:
        gradient = self._by_slot(names)
        for _ in range(2):
            along = direction(list(gradient), self.chance)
            *_, fits = directional(self.point, gradient, along, self.tolerance, careful=False)
            if not fits:
                return True
        return False

    # -- the forward pass

    def _forward(self) -> Forward | None:
        """The first node that the engine computes otherwise than its statement says."""
        if len(self.tape) > _LARGE or not self.point.in_doubles:
            return None
        computed = self.compiled.forward(self.values)
        for name, slots in self.tape.slots.items():
            if self.source.formulas[name] is None:
                continue
            for cell, slot in zip(self.source.cells[name], slots, strict=True):
                ours, stated = computed[cell], self.point.floats[slot]
                if self._differ(ours, stated, slot):
                    return Forward(node=cell, engine=ours, statement=stated)
        return None

    def _differ(self, ours: float, stated: float, slot: int) -> bool:
        """Whether more than rounding lies between; many digits say how much that is."""
        if abs(ours - stated) <= 1e-9 * max(abs(ours), abs(stated)):
            return False
        exact = float(self.point.digits[slot])
        if not math.isfinite(exact):
            return False
        allowed = 1e-9 * abs(exact) + 1e3 * (abs(stated - exact) + _EPSILON * abs(stated))
        return not abs(ours - exact) <= allowed

    # -- other libraries

    def _peer(self, against: str, checked: dict[str, Checked]) -> PeerResult | None:
        from chainrule.numeric.peers import choose_peer

        peer = choose_peer(against)
        if peer is None:
            return None
        leaves = {
            name: [self.values[cell] for cell in self.source.cells[name]]
            for name in self.source.roles
        }
        wanted = tuple(dict.fromkeys(self.place[name][0] for name in self.names))
        try:
            version, found = peer.gradients(self.source, leaves, wanted)
        except ChainruleError as error:
            return PeerResult(name=peer.name, reason=error.message)
        theirs = {
            cell: value
            for name, flat in found.items()
            for cell, value in zip(self.source.cells[name], flat, strict=True)
        }
        if not all(math.isfinite(theirs[name]) for name in self.names):
            return PeerResult(name=peer.name, version=version, reason="not-finite")
        return self._compared(peer.name, version, theirs, checked)

    def _compared(
        self, name: str, version: str, theirs: Mapping[str, float], checked: dict[str, Checked]
    ) -> PeerResult:
        scale = self._scale(self.size)
        worst, kinks, compared = 0.0, 0, 0
        differs: dict[str, float] = {}
        for wrt in self.names:
            one = checked.get(wrt)
            if one is not None and one.verdict is Judgement.KINK:
                kinks += 1
                continue
            ours, other = self.gradient[wrt], theirs[wrt]
            size = max(abs(ours), abs(other), scale)
            relative = abs(ours - other) / size if size else 0.0
            compared += 1
            if relative > self.tolerance or not math.isfinite(relative):
                if wrt not in checked and len(differs) < _MOST_DISPUTED:
                    one = checked[wrt] = self._checked(wrt)
                    if one.verdict is Judgement.KINK:
                        kinks, compared = kinks + 1, compared - 1
                        continue
                differs[wrt] = other
            else:
                worst = max(worst, relative)
        settled = tuple(
            wrt
            for wrt in differs
            if wrt in checked and checked[wrt].verdict in {Judgement.RIGHT, Judgement.WRONG}
        )
        return PeerResult(
            name=name,
            version=version,
            compared=compared,
            worst=worst,
            differs=differs,
            settled=settled,
            kinks=kinks,
        )

    # -- what is wrong

    def _settled(self, checked: dict[str, Checked]) -> WrongFactor | None:
        """The first wrong factor. Kinks and roundings that look wrong are put right on the way."""
        small = is_small(self.graph)
        if small and not self.instead:
            self._derivation(checked)
        wrong = [name for name, one in checked.items() if one.verdict is Judgement.WRONG]
        wrong = [name for name in wrong if not self._cancelled(checked, name)]
        kinks = [
            name
            for name, one in checked.items()
            if one.verdict is Judgement.KINK and (small or one.reason in {"conventions", "jump"})
        ]
        if kinks and not wrong:
            found = self._blamed(kinks, checked)
            odd = {name for name in kinks if checked[name].reason in {"conventions", "jump"}}
            if found is None or not (found.kind == "factor" or odd & set(found.affects)):
                return None
            for name in found.affects:
                checked[name] = replace(checked[name], verdict=Judgement.WRONG)
            return found
        return self._blamed(wrong, checked) if wrong else None

    def _blamed(self, names: Iterable[str], checked: Mapping[str, Checked]) -> WrongFactor | None:
        ordered = sorted(names, key=lambda name: -(checked[name].relative or math.inf))
        origin = "engine"
        if self.given_gradients is not None:
            origin = "given"
        elif self.instead:
            origin = "composed"
        return blame(self.factors, self.program, ordered, self.gradient, self.tolerance, origin)

    def _cancelled(self, checked: dict[str, Checked], name: str) -> bool:
        """Whether what lies between is rounding: large paths that cancel one another."""
        one = checked[name]
        if one.difference is None or not math.isfinite(one.gradient) or one.reason == "derivation":
            return False
        inside = self.factors.between((name,))
        size = self.factors.adjoints(inside)[1].get(name, 0.0)
        scale = self._scale(size)
        found = Estimate(one.difference, one.error or 0.0)
        if not math.isfinite(scale) or self._excluded(one.gradient, found, scale, 10):
            return False
        checked[name] = self._made(name, found, scale, Judgement.RIGHT)
        return True

    def _derivation(self, checked: dict[str, Checked]) -> None:
        """Also check the gradient that a derivation shows, where it is another computation."""
        inside = self.factors.between(checked)
        adjoints, sizes = self.factors.adjoints(inside, rounding=True)
        for name, one in checked.items():
            derived = adjoints.get(name, 0.0)
            if one.verdict is not Judgement.RIGHT or not math.isfinite(derived):
                continue
            scale = self._scale(max(self.size, sizes.get(name, 0.0)))
            found = Estimate(one.difference or 0.0, one.error or 0.0)
            if self._excluded(derived, found, 100 * scale, 100):
                checked[name] = replace(
                    one, verdict=Judgement.WRONG, reason="derivation", derived=derived
                )


def _formula(value: str | fm.Formula) -> fm.Formula:
    if isinstance(value, str):
        return read_formula(value, Syntax(functions=arities(definitions())))
    return value
