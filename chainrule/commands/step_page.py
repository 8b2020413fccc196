"""The page of `train --format markdown` and `latex`: the first steps as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.commands.session import Session
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.report import Report
    from chainrule.numeric.steps import Column
    from chainrule.show.locales import Phrase

__all__ = ["StepPage"]


class StepPage:
    """Made before the training, so that what cannot be shown is not trained first.

    Raises `ChainruleError` for a notation there is not and a table that is too long.
    """

    def __init__(
        self, graph: Graph | IndexGraph, session: Session, options: Mapping[str, Any]
    ) -> None:
        from chainrule.core.naming import delta_name
        from chainrule.numeric.steps import StepTable
        from chainrule.show.symbols import make_notation

        self.options = options
        self.known = session.known
        self.notation = make_notation(graph, options["notation"])
        self.steps = StepTable(session.compiled, graph, session.settings, session.data)
        taken = set(graph.unroll().nodes)
        self.symbols = {name: delta_name(name, taken) for name in self.steps.deltas}

    def pieces(self, report: Report) -> Iterator[str]:
        """The page in pieces."""
        from chainrule.numeric.report import facts
        from chainrule.show.locales import Phrase, load_locale
        from chainrule.show.tables import Table, render_table

        columns = list(self.steps.columns(report.training, self.known))
        several = any(column.sample is not None for column in columns)
        table = Table(
            title=report.title,
            facts=list(facts(report._replace(rate=self.notation.rate.in_text()))),
            corner=Phrase("table-sample" if several else "table-step"),
            heads=list(map(_head, columns)),
            groups=[
                [(fm.Name(named.get(name, name)), [numbers.get(name) for numbers in found])
                 for name in names]
                for names, named, found in self._groups(columns)
                if names
            ],
            notes=list(self._notes(report, columns)),
        )  # fmt: skip
        return render_table(
            table,
            self.options["format_name"],
            notation=self.notation,
            locale=load_locale(self.options["lang"]),
            digits=self.options["digits"],
            document=self.options["document"],
        )

    def _groups(
        self, columns: Sequence[Column]
    ) -> Iterator[tuple[Sequence[str], Mapping[str, str], Sequence[Mapping[str, float]]]]:
        """Names of rows that belong together, how they are shown, and the numbers by column."""
        steps, nodes = self.steps, [column.nodes for column in columns]
        yield steps.given, {}, nodes
        yield (*steps.nodes, steps.output), {}, nodes
        yield steps.deltas, self.symbols, [column.deltas for column in columns]
        yield steps.parameters, {}, [column.parameters for column in columns]

    def _notes(self, report: Report, columns: Sequence[Column]) -> Iterator[Phrase]:
        from chainrule.numeric.steps import MAX_SAMPLES
        from chainrule.show.locales import Phrase
        from chainrule.show.numbers import spelt

        steps, training = self.steps, report.training
        output = fm.Name(steps.output)
        if self.symbols:
            name, symbol = next(iter(self.symbols.items()))
            slope = fm.Derivative(output, fm.Name(name))
            definition = fm.Relation(fm.Name(symbol), (("=", slope),))
            key = "table-delta" if len(self.symbols) == 1 else "table-deltas"
            yield Phrase(key, {"definition": definition})
        yield Phrase("table-start", {"step": f"{columns[0].step:,}"})
        longest = max((len(steps.samples(traced.step)) for traced in training.trace), default=1)
        if longest > 1:
            yield Phrase("table-mean")
        if longest > MAX_SAMPLES:
            yield Phrase("table-more", {"count": f"{longest - MAX_SAMPLES:,}"})
        first, last = (
            spelt(loss, report.digits)
            for loss in (training.losses[report.first], training.losses[-1])
        )
        count = training.steps - report.first
        yield Phrase("table-loss", {"of": output, "first": first, "last": last, "steps": count})


def _head(column: Column) -> str:
    """The number of a step, with that of its sample."""
    return f"{column.step:,}" + ("" if column.sample is None else f" ({column.sample:,})")
