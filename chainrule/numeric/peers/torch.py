"""PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.peers._arrays import Kit, Peer, output, package, shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.forward import Source


def _gradients(
    source: Source, leaves: Mapping[str, Sequence[float]], wrt: Sequence[str]
) -> tuple[str, dict[str, list[float]]]:
    torch = package("torch")
    double = torch.float64
    zero, one = (torch.tensor(value, dtype=double) for value in (0.0, 1.0))
    kit = Kit(
        functions={
            **{
                name: getattr(torch, name)
                for name in (
                    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan",
                    "erf", "abs", "sign", "sigmoid", "stack",
                )
            },
            "softplus": lambda z: torch.logaddexp(z, zero),
            "heaviside": lambda z: torch.where(z > 0, one, zero),
        },
        where=torch.where,
        sum=torch.sum,
        transpose=torch.permute,
        constant=lambda value: torch.tensor(value, dtype=double),
    )  # fmt: skip
    tensors = {
        name: torch.tensor(list(flat), dtype=double).reshape(shape(source, name))
        for name, flat in leaves.items()
    }
    moving = [tensors[name].requires_grad_() for name in wrt]
    with torch.enable_grad():
        whole = output(source, tensors, kit)
        found = (
            torch.autograd.grad(whole, moving, allow_unused=True)
            if whole.requires_grad
            else [None] * len(moving)
        )
    return str(torch.__version__), {
        name: [0.0] * len(leaves[name]) if one is None else one.reshape(-1).tolist()
        for name, one in zip(wrt, found, strict=True)
    }


PEER = Peer(name="torch", package="torch", weight=3, gradients=_gradients)
