"""The lines of a large network, filled from templates, are those of the ordinary road."""

from __future__ import annotations

import pytest

from chainrule.calculus.bulk import BulkGradients
from chainrule.calculus.derivations import derive
from chainrule.core import formula as fm
from chainrule.read.network import dense, network
from chainrule.show.formats.rows import gradient_lines
from chainrule.show.outline import Gradients
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import make_notation


@pytest.mark.parametrize("profile", ["textbook", "nielsen"])
@pytest.mark.parametrize("bias", ["per-unit", "none"])
def test_rows_are_the_ordinary_lines(profile: str, bias: str) -> None:
    """Each line equals the print of ∂E/∂w and of its gradient in deltas."""
    graph = network(3, [dense(11, "tanh", bias), dense(2, "softmax", bias)]).unroll()
    notation = make_notation(graph, profile)
    family = derive(graph)
    seen = []
    for layer in BulkGradients(graph).layers:
        block = Gradients(graph.output, layer)
        for printer, symbol in ((print_latex, notation.latex), (print_text, notation.text)):
            lines = list(gradient_lines(block, notation, printer, symbol, " = "))
            expected = []
            for name in layer.names:
                derivation = family[name]
                left = printer(derivation.symbol, notation)
                expected.append(f"{left} = {printer(derivation.result_in_deltas, notation)}")
            assert lines == expected
        seen.extend(layer.names)
        assert isinstance(layer.template, fm.Formula)
    assert tuple(seen) == graph.parameters
