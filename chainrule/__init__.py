"""chainrule: backpropagation derived factor by factor, shown, run and checked.

The public names are loaded on first use: `import chainrule` imports neither sympy nor anything
that is not needed yet.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.core.errors import ChainruleError, LimitError
    from chainrule.core.graph import Graph, Node
    from chainrule.core.roles import Role
    from chainrule.numeric.compiled import compile_graph as compile  # noqa: A004
    from chainrule.read.equations import equations
    from chainrule.read.models import load_model as load
    from chainrule.read.network import dense, layer, network
    from chainrule.show.notebook import derive
    from chainrule.verification.gradients import gradcheck
    from chainrule.verification.verify import verify

__version__ = "0.1.0"

_HOMES = {
    "ChainruleError": "chainrule.core.errors:ChainruleError",
    "LimitError": "chainrule.core.errors:LimitError",
    "Graph": "chainrule.core.graph:Graph",
    "Node": "chainrule.core.graph:Node",
    "Role": "chainrule.core.roles:Role",
    "compile": "chainrule.numeric.compiled:compile_graph",
    "dense": "chainrule.read.network:dense",
    "derive": "chainrule.show.notebook:derive",
    "equations": "chainrule.read.equations:equations",
    "gradcheck": "chainrule.verification.gradients:gradcheck",
    "layer": "chainrule.read.network:layer",
    "load": "chainrule.read.models:load_model",
    "network": "chainrule.read.network:network",
    "verify": "chainrule.verification.verify:verify",
}

__all__ = [
    "ChainruleError",
    "Graph",
    "LimitError",
    "Node",
    "Role",
    "__version__",
    "compile",
    "dense",
    "derive",
    "equations",
    "gradcheck",
    "layer",
    "load",
    "network",
    "verify",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'chainrule' has no attribute {name!r}"
        raise AttributeError(message)
    module, _, attribute = home.partition(":")
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
