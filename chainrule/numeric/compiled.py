"""`chainrule.compile`: a graph made ready to run, spoken to by the user's own names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph, Model
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.kernel import Kernel, Values
    from chainrule.numeric.layout import Layout
    from chainrule.numeric.program import Program
    from chainrule.numeric.run import Training

__all__ = ["Compiled", "compile_graph"]

SCHEDULES = ("simultaneous", "sequential")
DTYPES = ("float64", "float32")


def compile_graph(
    graph: Graph | IndexGraph,
    *,
    engine: str = "auto",
    dtype: str = "float64",
    schedule: str = "simultaneous",
    freeze: Iterable[str] | None = None,
) -> Compiled:
    """A program that runs a graph: forward pass, gradients of every parameter, updates, training.

    `engine` is python, numpy, compiled, lambdify, or auto: chosen by the number of parameters, and
    again by that of the samples when training (`Compiled.suited`). One that cannot run here is
    replaced, and `note` says so. With `schedule` "sequential" each layer's gradients use the
    already updated weights of the layers behind it, as some published examples do; activations and
    output deltas stay those of the one forward pass. `freeze` are parameters that do not move
    (default: those of the model file). Leaves without a value take the usual one of the catalogue
    (the kappa of Huber's loss); `model.usual` tells which do.

    Raises `ChainruleError` for unknown names or options and for functions without a definition.
    """
    _one_of("schedule", schedule, SCHEDULES)
    _one_of("dtype", dtype, DTYPES)
    from chainrule.numeric.build import build_program
    from chainrule.numeric.engines import choose

    if graph.model.usual:
        graph = graph.with_model(**graph.model.taken_as_usual())
    full = build_program(graph)
    frozen = _frozen(full, graph.model.freeze if freeze is None else freeze)
    moving, still = _moving(full, frozen)
    program = build_program(graph, wrt=moving, frozen=still) if frozen else full

    def made(samples: int) -> Compiled:
        chosen, note = choose(full.parameter_count, engine, dtype, samples)
        kernel = chosen.build(program, schedule, dtype)
        return Compiled(
            graph=graph,
            model=graph.model,
            full=full,
            program=program,
            kernel=kernel,
            whole=lambda: chosen.build(full, schedule, dtype) if frozen else kernel,
            engine=chosen.name,
            schedule=schedule,
            dtype=dtype,
            frozen=frozen,
            note=note,
            remake=made if engine == "auto" else None,
        )

    return made(1)


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ChainruleError(
            f"there is no {what} {shown(value)}", hint=f"it is {' or '.join(known)}"
        )


def _frozen(full: Layout, names: Iterable[str]) -> tuple[str, ...]:
    """The cells that do not move, whole tensors written out."""
    found: dict[str, None] = {}
    known = {cell for name in full.gradients for cell in full.tensors[name].cells}
    for name in names:
        if name in full.gradients:
            found.update(dict.fromkeys(full.tensors[name].cells))
        elif name in known:
            found[name] = None
        else:
            close = nearest(name, known)
            raise ChainruleError(
                f"there is no parameter {shown(name)} to freeze",
                hint=f"did you mean `{close}`?" if close else "give weights and biases",
            )
    return tuple(found)


def _moving(full: Layout, frozen: Sequence[str]) -> tuple[list[str], dict[str, tuple[int, ...]]]:
    """The leaf tensors that move, and those of their places that do not."""
    cells = set(frozen)
    still: dict[str, tuple[int, ...]] = {}
    moving = []
    for name in full.gradients:
        own = full.tensors[name].cells
        places = tuple(place for place, cell in enumerate(own) if cell in cells)
        if len(places) < len(own):
            moving.append(name)
            if places:
                still[name] = places
    return moving, still


class Compiled:
    """A graph made ready to run.

    Values are given by name: a leaf (`w_31`), or a whole tensor of a layered model (`W1`, nested by
    rows). Inputs and targets may hold one number per sample, as a sequence or an array; whole
    tensors then have the samples first. What is not given comes from the model's own values.
    Results are floats, or per sample where the values were. `graph` is what was compiled, None
    where a kept program was taken up.
    """

    def __init__(
        self,
        *,
        model: Model,
        full: Layout,
        program: Program,
        kernel: Kernel,
        whole: Callable[[], Kernel],
        graph: Graph | IndexGraph | None = None,
        engine: str,
        schedule: str,
        dtype: str = "float64",
        frozen: tuple[str, ...] = (),
        note: str = "",
        remake: Callable[[int], Compiled] | None = None,
    ) -> None:
        self.model = model
        self.graph = graph
        self.full = full
        self.program = program
        self.kernel = kernel
        self.engine = engine
        self.schedule = schedule
        self.dtype = dtype
        self.frozen = frozen
        self.note = note
        self._make_whole = whole
        self._remake = remake

    @property
    def is_free(self) -> bool:
        """Whether nobody asked for an engine, so that it may be another one for other samples."""
        return self._remake is not None

    def suited(self, samples: int | None) -> Compiled:
        """The same on the engine that auto chooses for so many samples; itself where it is that."""
        if self._remake is None or samples is None:
            return self
        from chainrule.numeric.engines import choose

        chosen, _ = choose(self.full.parameter_count, "auto", self.dtype, samples)
        return self if chosen.name == self.engine else self._remake(samples)

    @property
    def source(self) -> str:
        """The code that runs in training, if there is any to show."""
        return self.kernel.source

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Names of all leaves."""
        return tuple(cell for name in self.full.leaves for cell in self.full.tensors[name].cells)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Names of all computed nodes, in order."""
        return tuple(cell for name in self.full.nodes for cell in self.full.tensors[name].cells)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters, frozen ones included: weights, then biases."""
        tensors = self.full.tensors
        return tuple(cell for name in self.full.gradients for cell in tensors[name].cells)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Nodes that the loss compares with a target."""
        return tuple(cell for name in self.full.outputs for cell in self.full.tensors[name].cells)

    @cached_property
    def whole(self) -> Kernel:
        """The kernel that knows the gradients of frozen parameters too."""
        return self._make_whole()

    # -- values

    def samples(self, values: Mapping[str, Any]) -> int | None:
        """Number of samples the values hold, None where every value is a single number.

        Raises `ChainruleError` where lengths differ or a parameter has samples.
        """
        found: dict[int, str] = {}
        for name, value in values.items():
            count = self._count(name, value)
            if count is not None:
                found.setdefault(count, name)
        if len(found) > 1:
            (one, first), (two, second), *_ = found.items()
            raise ChainruleError(
                f"`{first}` has {one} samples, `{second}` has {two}",
                hint="every input and target needs the same number of samples",
            )
        return next(iter(found), None)

    def _count(self, name: str, value: Any) -> int | None:
        tensor, whole = self._tensor(name)
        shape = _shape(value)
        expected = self.full.shape(tensor) if whole else ()
        if shape == expected:
            return None
        leaf = self.full.tensors[tensor]
        if leaf.batched and shape[1:] == expected and shape and shape[0] > 0:
            return shape[0]
        wanted = "a number" if not expected else f"of shape {_by(expected)}"
        sampled = " or one per sample" if leaf.batched else ""
        raise ChainruleError(
            f"`{name}` has the shape {_by(shape)}; it is {wanted}{sampled}"
            if shape
            else f"`{name}` is a number; it is {wanted}{sampled}"
        )

    def _tensor(self, name: str) -> tuple[str, bool]:
        """The leaf tensor of a name, and whether the name is the whole tensor's."""
        place = self.full.place.get(name)
        if place is not None and self.full.tensors[place[0]].role is not None:
            return place[0], False
        tensor = self.full.tensors.get(name)
        if tensor is not None and tensor.role is not None:
            return name, True
        if place is not None or tensor is not None:
            raise ChainruleError(
                f"`{name}` is computed by the model and takes no value",
                hint="give values to leaves only",
            )
        close = nearest(name, self.leaves)
        raise ChainruleError(
            f"there is no leaf `{name}` in this model",
            hint=f"did you mean `{close}`?" if close else "give values to leaves by name",
        )

    def pack(self, values: Mapping[str, Any], samples: int | None) -> Values:
        """The kernel's arrays of all leaves. Raises `ChainruleError` naming those without value."""
        tensors = self.full.tensors
        model = {cell: float(text) for cell, text in self.full.values.items()}
        wholes: dict[str, list[Any]] = {}
        singles: dict[str, Any] = {}
        for name, value in values.items():
            tensor, whole = self._tensor(name)
            if whole:
                sampled = len(_shape(value)) > len(tensors[tensor].axes)
                wholes[tensor] = _columns(value, self.full.size(tensor), sampled=sampled)
            else:
                singles[name] = _plain(value)
        out: Values = {}
        missing: list[str] = []
        for name in self.full.leaves:
            flat: list[Any] = list(wholes.get(name, ()))
            given = bool(flat)
            for place, cell in enumerate(tensors[name].cells):
                value = singles.get(cell, flat[place] if given else model.get(cell))
                if value is None:
                    missing.append(cell)
                elif given:
                    flat[place] = value
                else:
                    flat.append(value)
            if not missing:
                if tensors[name].batched and samples is not None:
                    flat = [v if isinstance(v, list) else [v] * samples for v in flat]
                out[name] = self.kernel.pack(name, flat, samples)
        if missing:
            few = ", ".join(missing[:8]) + (" …" if len(missing) > 8 else "")
            raise ChainruleError(
                f"there is no value for {few}", hint=f"give it one: {missing[0]}=0.5"
            )
        return out

    def unpack(self, arrays: Values, names: Iterable[str] | None = None) -> dict[str, Any]:
        """Numbers by the user's names, from arrays by tensor: all of them, or those asked for."""
        tensors = self.full.tensors
        out: dict[str, Any] = {}
        if names is None:
            for name, array in arrays.items():
                out.update(zip(tensors[name].cells, self.kernel.unpack(name, array), strict=True))
            return out
        opened: dict[str, list[Any]] = {}
        for cell in names:
            tensor, place = self.full.place[cell]
            if tensor not in opened:
                opened[tensor] = self.kernel.unpack(tensor, arrays[tensor])
            out[cell] = opened[tensor][place]
        return out

    # -- running

    def forward(self, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Every computed node by name."""
        given = values or {}
        samples = self.samples(given)
        arrays = self.kernel.forward(self.pack(given, samples), samples)
        return _like(given, self.unpack({name: arrays[name] for name in self.full.nodes}))

    def gradients(self, values: Mapping[str, Any] | None = None) -> dict[str, float]:
        """∂output/∂w of every parameter by name; with samples, of the mean of the output."""
        given = values or {}
        samples = self.samples(given)
        _, arrays = self.whole.gradients(self.pack(given, samples), samples)
        return self.unpack(arrays, self.parameters)

    def loss(self, values: Mapping[str, Any] | None = None) -> float:
        """The output; with samples, its mean."""
        given = values or {}
        samples = self.samples(given)
        return self.kernel.gradients(self.pack(given, samples), samples)[0]

    def step(
        self, values: Mapping[str, Any] | None = None, learning_rate: float | None = None
    ) -> dict[str, float]:
        """Every parameter after one update, by name."""
        given = values or {}
        samples = self.samples(given)
        arrays = self.pack(given, samples)
        self.kernel.train(arrays, 1, self.rate(learning_rate))
        return self.unpack(arrays, self.parameters)

    def rate(self, given: float | None = None) -> float:
        """The learning rate: the one given, else the model's. Raises `ChainruleError`."""
        if given is not None:
            return float(given)
        if self.model.rate_value is None:
            raise ChainruleError(
                "there is no learning rate", hint="give one: --lr 0.5, or learning_rate=0.5"
            )
        return float(self.model.rate_value)

    def optimizer(
        self,
        name: str | None,
        given: Mapping[str, float | None],
        kept: tuple[str | None, Mapping[str, float]] = (None, {}),
    ) -> dict[str, Any]:
        """The optimizer and its constants as `Settings` take them: what is given, else the model's.

        `kept` stands between the two: those of a run that is taken up again.
        """
        from chainrule.numeric.optimizers import asked_for

        own = {key: float(text) for key, text in self.model.constants.items()}
        wanted = {key: value for key, value in given.items() if value is not None}
        chosen, constants = asked_for((name, wanted), kept, (self.model.optimizer, own))
        return {"optimizer": chosen, **constants}

    def train(
        self, values: Mapping[str, Any] | None = None, *, steps: int, **settings: Any
    ) -> Training:
        """`steps` updates from the values given; see `chainrule.numeric.training.Settings`."""
        from chainrule.numeric.optimizers import CONSTANTS
        from chainrule.numeric.training import Settings, train

        given = values or {}
        settings["learning_rate"] = self.rate(settings.get("learning_rate"))
        constants = {name: settings.pop(name) for name in CONSTANTS if name in settings}
        settings.update(self.optimizer(settings.pop("optimizer", None), constants))
        suited = self.suited(self.samples(given))
        return train(suited, given, Settings(steps=steps, **settings))


def _plain(value: Any) -> Any:
    """A float, or nested lists of floats."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return float(value)


def _shape(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", None)
    if shape is not None:
        return tuple(int(extent) for extent in shape)
    if isinstance(value, list | tuple):
        inner = _shape(value[0]) if value else ()
        return (len(value), *inner)
    return ()


def _flatten(value: Any) -> list[float]:
    if not isinstance(value, list):
        return [value]
    return [number for part in value for number in _flatten(part)]


def _columns(value: Any, cells: int, *, sampled: bool) -> list[Any]:
    """A tensor's cells in order: floats, or one list over the samples for each."""
    plain = _plain(value)
    rows = [_flatten(part) for part in plain] if sampled else [_flatten(plain)]
    if any(len(row) != cells for row in rows):
        raise ChainruleError("the rows of an array have different lengths")
    return [list(column) for column in zip(*rows, strict=True)] if sampled else rows[0]


def _by(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _like(given: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Arrays where arrays were given, lists otherwise."""
    if not any(hasattr(value, "__array__") for value in given.values()):
        return found
    import numpy as np

    return {
        name: np.asarray(value) if isinstance(value, list) else value
        for name, value in found.items()
    }
