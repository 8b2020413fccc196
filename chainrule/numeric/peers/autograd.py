"""HIPS autograd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError
from chainrule.numeric.peers._arrays import Kit, Peer, output, package, shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.forward import Source


def _erf(z: Any) -> Any:
    """The error function, which autograd has for scipy's only; nothing else needs scipy."""
    try:
        return package("autograd.scipy.special").erf(z)
    except ChainruleError as error:
        raise ChainruleError(f"its erf needs scipy: {error.message}") from None


def _gradients(
    source: Source, leaves: Mapping[str, Sequence[float]], wrt: Sequence[str]
) -> tuple[str, dict[str, list[float]]]:
    np = package("autograd.numpy")
    kit = Kit(
        functions={
            **{
                name: getattr(np, name)
                for name in (
                    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs",
                    "sign", "stack",
                )
            },
            "atan": np.arctan,
            "sigmoid": lambda z: 0.5 * (1.0 + np.tanh(0.5 * z)),
            "softplus": lambda z: np.logaddexp(z, 0.0),
            "heaviside": lambda z: np.where(z > 0, 1.0, 0.0),
            "erf": _erf,
        },
        where=np.where,
        sum=lambda array, axis: np.sum(array, axis=axis),
        transpose=np.transpose,
        constant=np.array,
    )  # fmt: skip
    tensors = {
        name: np.array([float(value) for value in flat]).reshape(shape(source, name))
        for name, flat in leaves.items()
    }

    def whole(moving: tuple[Any, ...]) -> Any:
        return output(source, {**tensors, **dict(zip(wrt, moving, strict=True))}, kit)

    with np.errstate(all="ignore"):
        found = package("autograd").grad(whole)(tuple(tensors[name] for name in wrt))
    version = package("importlib.metadata").version("autograd")
    return str(version), {
        name: np.reshape(one, -1).tolist() for name, one in zip(wrt, found, strict=True)
    }


PEER = Peer(name="autograd", package="autograd", weight=1, gradients=_gradients)
