"""Layered networks: a list of layers and a loss become index statements.

`network(inputs=2, layers=[dense(2, "sigmoid"), dense(2, "sigmoid")], loss="squared-error")` and
the shorthand `2-3-1` build the same `IndexGraph` a model file does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule.catalog.building import Builder
from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.catalog.registry import layers as layer_entries
from chainrule.core import formula as fm
from chainrule.core.cells import MAX_PARAMETERS
from chainrule.core.errors import ChainruleError, LimitError, nearest, shown
from chainrule.core.functions import arities
from chainrule.core.graph import Model, Role
from chainrule.core.naming import SCHEMES
from chainrule.core.plain import read_formula
from chainrule.core.unroll import IndexGraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.catalog.building import Layer
    from chainrule.catalog.types import Loss, Penalty

__all__ = ["MisspeltKey", "dense", "layer", "network", "shorthand"]

MAX_LAYERS = 1_000
_SHORTHAND = re.compile(r"[0-9]+(?:-[0-9]+)+\Z")
_WEIGHTED = frozenset({"dense", "residual"})


def layer(type: str, **options: Any) -> Mapping[str, Any]:  # noqa: A002 - the key of model files
    """A layer by its catalogue name: `layer("residual", activation="relu")`."""
    return {"type": type, **options}


def dense(
    units: int, activation: str = "sigmoid", bias: str = "per-unit", **options: Any
) -> Mapping[str, Any]:
    """A dense layer. `bias` is "per-unit", "shared" or "none"; options are those of f."""
    return layer("dense", units=units, activation=activation, bias=bias, **options)


def network(
    inputs: int,
    layers: Sequence[Mapping[str, Any]],
    loss: str = "squared-error",
    *,
    penalties: Sequence[str] = (),
    naming: str = "textbook",
    model: Model | None = None,
) -> IndexGraph:
    """The index statements of a layered network with its loss.

    Raises `ChainruleError` for unknown names and impossible options, `LimitError` for more than a
    million parameters; nothing is built in either case.
    """
    _positive(inputs, "inputs", "inputs")
    specs = [_checked(spec, place) for place, spec in enumerate(_list(layers), 1)]
    weighted = [place for place, (entry, _) in enumerate(specs) if entry.name in _WEIGHTED]
    if not weighted:
        raise ChainruleError(
            "a network needs at least one layer with weights",
            hint=f"layers = [{_LAYER_EXAMPLE}]",
            path=("layers",),
        )
    if not isinstance(naming, str) or naming not in SCHEMES:
        raise _unknown("naming scheme", naming, SCHEMES, "naming")
    chosen = _entry("loss", loss, losses(), "loss")
    _check_size(inputs, specs)
    terms = [
        _entry("penalty", name, _penalties(), "penalties", place)
        for place, name in enumerate(_names(penalties))
    ]
    for place, term in enumerate(terms):
        if term in terms[:place]:
            raise ChainruleError(
                f"the penalty {term.name} is here twice",
                hint="take one of the two out",
                path=("penalties", place),
            )
    builder = Builder(inputs, activations(), arities(definitions()))
    for place, (entry, options) in enumerate(specs):
        builder.last = place >= weighted[-1]
        builder.final = place == len(specs) - 1
        entry.build(builder, options)
    output = _add_loss(builder, chosen, terms)
    known = replace(model or Model(), usual=builder.usual)
    return IndexGraph(builder.nodes, output, builder.axes, SCHEMES[naming], known)


def _penalties() -> Mapping[str, Penalty]:
    return penalties()


def shorthand(text: str) -> IndexGraph | None:
    """The network of `2-3-1`: sigmoid units, a bias per unit, squared error; None if it is none."""
    if not _SHORTHAND.match(text):
        return None
    sizes = [int(part) if len(part) < 9 else 10**9 for part in text.split("-")]
    hint = "2-3-1 has two inputs, three hidden units and one output"
    if 0 in sizes:
        raise ChainruleError(f"{text}: a layer needs at least one unit", hint=hint)
    try:
        return network(sizes[0], [dense(size) for size in sizes[1:]], model=Model(title=text))
    except LimitError as error:
        name = text if len(text) <= 40 else f"{text[:39]}…"
        raise LimitError(f"{name}: {error.message}", hint=error.hint) from None


_LAYER_EXAMPLE = '{units = 2, activation = "sigmoid"}'


def _unknown(what: str, name: object, known: Mapping[str, Any], *path: str | int) -> ChainruleError:
    close = nearest(name, known) if isinstance(name, str) else None
    hint = f"did you mean `{close}`?" if close else f"there are {', '.join(known)}"
    spelt = f"`{name}`" if isinstance(name, str) and len(name) <= 40 else shown(name)
    return ChainruleError(f"there is no {what} called {spelt}", hint=hint, path=path)


def _entry(what: str, name: object, known: Mapping[str, Any], *path: str | int) -> Any:
    if not isinstance(name, str) or name not in known:
        raise _unknown(what, name, known, *path)
    return known[name]


def _list(layers: object) -> Sequence[Mapping[str, Any]]:
    if isinstance(layers, str | bytes | Mapping) or not isinstance(layers, Iterable):
        raise ChainruleError(
            f"`layers` is a list of layers, not {shown(layers)}",
            hint=f"layers = [{_LAYER_EXAMPLE}]",
            path=("layers",),
        )
    found = list(layers)
    for place, item in enumerate(found):
        if not isinstance(item, Mapping):
            raise ChainruleError(
                f"layer {place + 1} is {shown(item)} and not a table of options",
                hint=f"write {_LAYER_EXAMPLE}",
                path=("layers", place),
            )
    return found


def _names(given: object) -> Sequence[object]:
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise ChainruleError(
            f"`penalties` is a list of names, not {shown(given)}",
            hint='penalties = ["l2"]',
            path=("penalties",),
        )
    return list(given)


def _positive(value: object, what: str, *path: str | int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ChainruleError(
            f"{what} = {shown(value)} is not a whole number of 1 or more",
            hint=f"{path[-1]} = 2",
            path=path,
        )
    return value


def _checked(spec: Mapping[str, Any], place: int) -> tuple[Layer, dict[str, Any]]:
    where = ("layers", place - 1)
    kind = spec.get("type", "dense")
    entry: Layer = _entry("layer", kind, layer_entries(), *where, "type")
    options = {key: value for key, value in spec.items() if key != "type"}
    allowed = {**entry.options, **dict.fromkeys(_activation_options(options))}
    for key in options:
        if key not in allowed:
            close = nearest(key, allowed) if isinstance(key, str) else None
            raise ChainruleError(
                f"layer {place}: a {kind} layer has no option `{key}`",
                hint=f"did you mean `{close}`?" if close else f"it has {', '.join(allowed)}",
                path=(*where, MisspeltKey(key)),
            )
    for key, default in entry.options.items():
        if key not in options:
            if default is None:
                raise ChainruleError(
                    f"layer {place}: a {kind} layer needs `{key}`",
                    hint=f"write {key} = 2" if key == "units" else f"write {key} = …",
                    path=where,
                )
            options[key] = default
    _check_options(options, place)
    return entry, options


class MisspeltKey(str):
    """A key that is itself wrong, and not its value."""

    __slots__ = ()


def _activation_options(options: Mapping[str, Any]) -> tuple[str, ...]:
    from chainrule.catalog.registry import activations

    entry = activations().get(str(options.get("activation")))
    return tuple(getattr(entry, "parameters", ()))


def _check_options(options: Mapping[str, Any], place: int) -> None:
    where = ("layers", place - 1)
    if "units" in options:
        _positive(options["units"], f"layer {place}: units", *where, "units")
    bias = options.get("bias", "none")
    if not isinstance(bias, str) or bias not in _BIASES:
        close = nearest(bias, _BIASES) if isinstance(bias, str) else None
        raise ChainruleError(
            f"layer {place}: bias = {shown(bias)} is none of {', '.join(_BIASES)}",
            hint=f'did you mean "{close}"?' if close else 'write bias = "per-unit"',
            path=(*where, "bias"),
        )
    if "activation" in options:
        from chainrule.catalog.registry import activations

        try:
            _entry("activation", options["activation"], activations(), *where, "activation")
        except ChainruleError as error:
            message = f"layer {place}: {error.message}"
            raise ChainruleError(message, hint=error.hint, path=error.path) from None
    for key, value in options.items():
        if key in {"units", "bias", "activation"}:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ChainruleError(
                f"layer {place}: {key} = {shown(value)} is not a number", path=(*where, key)
            )
        if not abs(value) < 1e300:
            raise ChainruleError(
                f"layer {place}: {key} = {shown(value)} is not a finite number", path=(*where, key)
            )


_BIASES = ("per-unit", "shared", "none")


def _check_size(inputs: int, specs: Sequence[tuple[Layer, Mapping[str, Any]]]) -> None:
    if len(specs) > MAX_LAYERS:
        raise LimitError(
            f"this network has {len(specs):,} layers; {MAX_LAYERS:,} is the limit",
            path=("layers",),
        )
    before, count = inputs, inputs
    for place, (_, options) in enumerate(specs):
        units = options.get("units", before)
        count += units * (before + 1)
        before = units
        if count > MAX_PARAMETERS:
            raise LimitError(
                f"this network has more than {MAX_PARAMETERS:,} weights and biases",
                hint="make its layers smaller",
                path=("layers", place),
            )


def _add_loss(builder: Builder, loss: Loss, terms: Sequence[Penalty]) -> str:
    axis, outputs = builder.axis, builder.source
    builder.add("t", [axis], None, kind="target", role=Role.TARGET)
    builder.usual.update(loss.parameters)
    for name in loss.parameters:
        builder.add(name, [], None, kind="loss-parameter", role=Role.HYPERPARAMETER)
    table = {
        "o": fm.Name(outputs),
        "t": fm.Name("t"),
        "k": fm.Name(axis),
        "m": fm.Name(builder.twin(axis)),
    }
    size = fm.Number(str(builder.units()))
    if loss.term is not None:
        term = fm.substitute(read_formula(loss.term), {**table, "n": size})
        builder.add("E", [axis], term, kind="error", rule=loss.name)
        data: fm.Formula = fm.BigSum(fm.Name(axis), fm.Indexed(fm.Name("E"), (fm.Name(axis),)))
        rule = "sum"
    else:
        data = fm.substitute(read_formula(loss.total or "0"), {**table, "n": size})
        rule = loss.name
    if not terms:
        return builder.add("E_total", [], data, kind="total", rule=rule)
    if loss.term is None:
        builder.add("E_data", [], data, kind="data-loss", rule=rule)
        data = fm.Name("E_data")
    summed: list[fm.Formula] = [data]
    summed.extend(fm.Name(_add_penalty(builder, penalty)) for penalty in terms)
    return builder.add("E_total", [], fm.Sum(tuple(summed)), kind="total", rule="sum")


def _add_penalty(builder: Builder, penalty: Penalty) -> str:
    builder.usual.update(penalty.strength)
    for strength in penalty.strength:
        if strength not in builder.nodes:
            builder.add(strength, [], None, kind="penalty-strength", role=Role.HYPERPARAMETER)
    sums: list[fm.Formula] = []
    for name, node in builder.nodes.items():
        if node.origin is not None and node.origin.kind == "weight":
            body = fm.substitute(
                read_formula(penalty.entry),
                {"w": fm.Indexed(fm.Name(name), tuple(map(fm.Name, node.axes)))},
            )
            for axis in reversed(node.axes):
                body = fm.BigSum(fm.Name(axis), body)
            sums.append(body)
    scaled = fm.add(*sums)
    if penalty.scale != "1":
        scaled = fm.multiply(read_formula(penalty.scale), scaled)
    return builder.add(f"R_{penalty.name}", [], scaled, kind="penalty", rule=penalty.name)
