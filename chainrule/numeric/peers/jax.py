"""JAX, in double precision and compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.numeric.peers._arrays import Kit, Peer, output, package, shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.forward import Source


def _gradients(
    source: Source, leaves: Mapping[str, Sequence[float]], wrt: Sequence[str]
) -> tuple[str, dict[str, list[float]]]:
    jax, np = package("jax"), package("jax.numpy")
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
            "sigmoid": jax.nn.sigmoid,
            "softplus": lambda z: np.logaddexp(z, 0.0),
            "heaviside": lambda z: np.where(z > 0, 1.0, 0.0),
            "erf": jax.scipy.special.erf,
        },
        where=np.where,
        sum=np.sum,
        transpose=np.transpose,
        constant=np.float64,
    )  # fmt: skip

    def whole(moving: tuple[Any, ...], tensors: dict[str, Any]) -> Any:
        return output(source, {**tensors, **dict(zip(wrt, moving, strict=True))}, kit)

    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        tensors = {
            name: np.array([float(value) for value in flat]).reshape(shape(source, name))
            for name, flat in leaves.items()
        }
        moving = tuple(tensors[name] for name in wrt)
        found = jax.jit(jax.grad(whole))(moving, tensors)
        return str(jax.__version__), {
            name: one.reshape(-1).tolist() for name, one in zip(wrt, found, strict=True)
        }


PEER = Peer(name="jax", package="jax", weight=2, gradients=_gradients)
