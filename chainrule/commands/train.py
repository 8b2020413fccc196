"""`chainrule train`: gradient descent on a model, step by step as the books do it."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from chainrule.commands.choices import Found
from chainrule.commands.output import ending, has_folder, write
from chainrule.commands.session import Session
from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.checkpoint import Checkpoint
    from chainrule.numeric.compiled import Compiled
    from chainrule.numeric.data import Data
    from chainrule.numeric.hold import Hold
    from chainrule.numeric.report import Report
    from chainrule.numeric.run import Settings, Training

    _Pages = Callable[[Report], Iterable[str]]
    _Part = Callable[[Training, Session, Mapping[str, Any]], None]

__all__ = ["command"]

STEPS = 1_000
_SHOWN_NAMES = 8
_TABLE_STEPS = 5


class _Batch(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic only from click 8.5 on
    """A number of samples, or `full`."""

    name = "SIZE|full"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or the word."""
        return value if value == "full" else click.IntRange(1).convert(value, param, ctx)


def _engines() -> Sequence[str]:
    from chainrule.numeric.engines import engine_names

    return ("auto", *engine_names())


def _optimizers() -> Sequence[str]:
    from chainrule.numeric.optimizers import OPTIMIZERS

    return tuple(OPTIMIZERS)


def _languages() -> Sequence[str]:
    from chainrule.numeric.report import languages

    return languages()


@click.command("train", short_help="Train a model by gradient descent, every number in reach.")
@click.argument("model")
@click.option(
    "--values",
    multiple=True,
    metavar="FILE|NAME=V,…",
    help="Values of leaves: TOML with [values], or JSON of train; may be repeated.",
)
@click.option(
    "--data",
    metavar="CSV",
    help="Samples: a column per input and target, named in the first row. - is standard input.",
)
@click.option(
    "--validation",
    metavar="COLUMN",
    help="Hold out the rows of --data in which this column is true or not 0; show their loss.",
)
@click.option(
    "--validation-split",
    type=float,
    metavar="SHARE",
    help="Hold out this share of the rows, drawn by --seed.",
)
@click.option("--steps", type=click.IntRange(0), metavar="N", help="Updates.  [default: 1000]")
@click.option("--lr", type=float, metavar="η", help="Learning rate.  [default: the model's]")
@click.option(
    "--optimizer",
    type=Found(_optimizers),
    help="How parameters move.  [default: the model's, else descent]",
)
@click.option("--momentum", type=float, metavar="μ", help="v ← μ·v − η·g, w ← w + v.  [default: 0]")
@click.option("--decay", type=float, metavar="ρ", help="RMSProp's decay rate.  [default: 0.9]")
@click.option("--beta1", type=float, metavar="β₁", help="Adam's mean.  [default: 0.9]")
@click.option("--beta2", type=float, metavar="β₂", help="Adam's mean square.  [default: 0.999]")
@click.option("--epsilon", type=float, metavar="ε", help="Of RMSProp and Adam.  [default: 1e-8]")
@click.option(
    "--schedule",
    type=click.Choice(["simultaneous", "sequential"]),
    help="Sequential: a layer's gradients use the already updated weights behind it.  "
    "[default: simultaneous]",
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="NAMES",
    help="Do not train these, beside those the model freezes; `none` frees all named so far.",
)
@click.option("--init", type=int, metavar="SEED", help="Draw weights that have no value (Glorot).")
@click.option(
    "--batch",
    type=_Batch(),
    metavar="SIZE|full",
    help="Samples per update; the last of an epoch may be fewer.  [default: full]",
)
@click.option(
    "--shuffle/--no-shuffle", default=None, help="A new order of the samples in every epoch."
)
@click.option(
    "--seed", type=int, metavar="N", help="Seed of --shuffle and --validation-split.  [default: 0]"
)
@click.option(
    "--stop-below", "--tolerance", type=float, metavar="LOSS", help="Stop at a loss below this."
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    metavar="N",
    help="Stop after N steps (mini-batches: epochs) without a better loss.",
)
@click.option(
    "--min-delta",
    type=float,
    metavar="D",
    help="How much better counts, for --patience.  [default: 0]",
)
@click.option("--engine", type=Found(_engines), help="What computes.  [default: auto, by size]")
@click.option(
    "--trace",
    type=click.IntRange(0),
    is_flag=False,
    flag_value=1,
    default=0,
    metavar="[N]",
    help="Show old value, gradient and new value of every weight for N steps (1); of a table: "
    "how many steps (5).",
)
@click.option("--loss-trace", metavar="FILE", help="Write every loss to a .csv or .json file.")
@click.option("--plot", metavar="FILE", help="Draw the loss over the steps as .svg.")
@click.option(
    "--scale",
    type=click.Choice(["auto", "linear", "log"]),
    default="auto",
    help="Loss axis of --plot.  [default: auto, log over more than 2 decades]",
)
@click.option("--checkpoint", metavar="FILE", help="Keep the run in a file, to go on later.")
@click.option(
    "--checkpoint-every",
    type=click.IntRange(1),
    metavar="N",
    help="Write it after every N steps.  [default: every 10 seconds]",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json", "csv", "markdown", "latex"]),
    default="text",
    show_default=True,
    help="Output format; markdown and latex print z, a, δ and weights of the first steps.",
)
@click.option(
    "--document",
    type=click.Choice(["fragment", "article"]),
    default="fragment",
    show_default=True,
    help="LaTeX: a fragment to paste, or a whole document.",
)
@click.option(
    "--notation", metavar="PROFILE|FILE", help="How the table writes names.  [default: the model's]"
)
@click.option(
    "--digits", type=click.IntRange(0, 30), default=9, show_default=True, help="Decimals shown."
)
@click.option(
    "--lang", type=Found(_languages), default="en", show_default=True, help="Language of the words."
)
@click.option("-o", "--output", metavar="FILE", help="Write to a file, replaced only when done.")
def command(model: str, values: tuple[str, ...], **options: Any) -> None:
    """Train MODEL by gradient descent and show what it came to.

    MODEL is a built-in example, a .toml model, a file of plain equations, a shorthand such as
    2-3-1, or -. Every leaf needs a value: from the model, --values, a column of --data (which
    comes first) or, for weights, --init. With data the gradient is that of the mean loss of the
    samples used. Losses are those before each update, of the samples it uses; the last is that
    of all data at the end.

    \b
    chainrule train mazur --steps 10000
    chainrule train mazur --steps 1 --trace --schedule sequential
    chainrule train mazur --steps 3 --format latex --digits 4
    chainrule train 2-3-1 --data xor.csv --init 7 --lr 2 --steps 5000 --plot loss.svg
    chainrule train net.toml --data train.csv --batch 16 --shuffle --momentum 0.9
    chainrule train net.toml --data train.csv --optimizer adam --lr 0.001
    chainrule train net.toml --data all.csv --validation-split 0.2 --seed 1
    chainrule train net.toml --steps 1000000 --checkpoint run.json --resume
    """
    _check_options(model, options)
    with _hold(options["checkpoint"]) as hold:
        _train(model, values, hold, options)


def _hold(path: str | None) -> AbstractContextManager[Hold | None]:
    """Nobody else uses the checkpoint while we do, reading it included."""
    if path is None:
        return nullcontext()
    from chainrule.numeric.hold import Hold

    return Hold(path)


def _train(
    model: str, values: tuple[str, ...], hold: Hold | None, options: Mapping[str, Any]
) -> None:
    kept = _kept(options["checkpoint"], resume=options["resume"])
    compiled = _compiled(model, values, kept, options)
    data, held_out = _data(compiled, kept, options)
    compiled = compiled.suited(None if data is None else data.samples)
    known = _known(compiled, data, kept, options["init"])
    settings = _settings(compiled, kept, options)
    session = Session(compiled, known, settings, data, held_out, kept, hold, options)
    pages = _pages(session, options)
    _deliver(session.train(), session, pages, options)


# -- what is asked for


def _check_options(model: str, options: Mapping[str, Any]) -> None:
    """Refuse what cannot be done before any work is done."""
    if model == "-" and options["data"] == "-":
        raise ChainruleError("MODEL and --data cannot both be standard input", hint="--data FILE")
    for name, needed in _NEEDS.items():
        if options[name] is not None and options[name] is not False and not options[needed]:
            flag, other = (f"--{option.replace('_', '-')}" for option in (name, needed))
            raise ChainruleError(f"{flag} needs {other}")
    if options["validation"] and options["validation_split"] is not None:
        raise ChainruleError("either --validation or --validation-split, not both")
    if options["resume"] and options["init"] is not None:
        raise ChainruleError(
            "--resume takes the weights of the checkpoint, --init draws others",
            hint="leave one of them out",
        )
    if options["trace"] and options["format_name"] == "csv":
        raise ChainruleError("--trace is shown as text or JSON", hint="add --format json")
    if options["document"] != "fragment" and options["format_name"] != "latex":
        raise ChainruleError("--document is there for LaTeX only", hint="add --format latex")
    if options["notation"] is not None and not _is_table(options):
        raise ChainruleError(
            "--notation is there for tables only", hint="add --format markdown, or latex"
        )
    for name, endings in _ENDINGS.items():
        path = options[name]
        if path is not None and ending(path) not in endings:
            flag = f"--{name.replace('_', '-')}"
            raise ChainruleError(f"{flag} writes {' or '.join(endings)}, not {path}")
    for name in ("loss_trace", "plot", "checkpoint", "output"):
        path = options[name]
        if path not in {None, "-"} and not has_folder(path):
            raise ChainruleError(f"{path} cannot be written: there is no such folder")


def _is_table(options: Mapping[str, Any]) -> bool:
    return options["format_name"] in {"markdown", "latex"}


_NEEDS = {
    "resume": "checkpoint", "checkpoint_every": "checkpoint", "min_delta": "patience",
    "shuffle": "data", "validation": "data", "validation_split": "data",
}  # fmt: skip
_ENDINGS = {"loss_trace": (".csv", ".json"), "plot": (".svg",)}


def _kept(path: str | None, *, resume: bool) -> Checkpoint | None:
    """The checkpoint to go on from; an unfinished one is not overwritten unasked."""
    if path is None:
        return None
    from chainrule.numeric.checkpoint import read_checkpoint

    kept = read_checkpoint(path)
    if resume:
        if kept is None:
            click.echo(f"there is no {path} yet: training starts from the beginning", err=True)
        return kept
    if kept is not None and not kept.finished:
        raise ChainruleError(
            f"{path} holds an unfinished run, at step {kept.state.step:,} of {kept.steps:,}",
            hint="--resume goes on with it; to start again remove it, or name another file",
        )
    return None


def _compiled(
    model: str, values: tuple[str, ...], kept: Checkpoint | None, options: Mapping[str, Any]
) -> Compiled:
    """The model made ready to run: a small one as it was written out the last time."""
    from chainrule.numeric.stored import keep, key_of, recall

    engine = _first(options["engine"], kept and kept.engine, "auto")
    schedule = _first(options["schedule"], kept and kept.schedule, "simultaneous")

    def load() -> Compiled:
        from chainrule.numeric.compiled import compile_graph

        graph = _graph(model, values)
        frozen = _frozen(graph.model.freeze, options["freeze"])
        return compile_graph(graph, engine=engine, schedule=schedule, freeze=frozen)

    whole = options["init"] is not None or options["checkpoint"] is not None or _is_table(options)
    files = [given for given in values if "=" not in given]
    key = None
    if not whole and not files and engine in {"auto", "python"}:
        key = key_of(model, (engine, schedule, repr(options["freeze"]), repr(values)))
    compiled = recall(key, load)
    if compiled is None:
        compiled = load()
        keep(key, compiled)
    if compiled.note:
        click.echo(compiled.note, err=True)
    return compiled


def _graph(model: str, values: tuple[str, ...]) -> Graph | IndexGraph:
    from chainrule.read.models import load_model, with_given

    return with_given(load_model(model), values)


def _frozen(names: Iterable[str], given: Iterable[str]) -> list[str]:
    """What the model freezes and what is asked for; `none` frees all before it."""
    frozen = list(names)
    for name in [name.strip() for some in given for name in some.split(",")]:
        if name == "none":
            frozen.clear()
        else:
            frozen.append(name)
    return frozen


def _first(*values: Any) -> Any:
    """The first that is there."""
    return next(value for value in values if value is not None)


def _data(
    compiled: Compiled, kept: Checkpoint | None, options: Mapping[str, Any]
) -> tuple[Data | None, Data | None]:
    """The samples to train on, and those held out."""
    path, column, share = (options[key] for key in ("data", "validation", "validation_split"))
    if path is None:
        return None, None
    from chainrule.numeric.data import columns_of, read_data

    leaves = columns_of(compiled.program)
    if column in leaves:
        raise ChainruleError(
            f"--validation {column} is an input or a target of the model",
            hint="name a column that says which rows are held out: 1, or 0",
        )
    data = read_data(path, leaves, column)
    if column is None and share is None:
        return data, None
    from chainrule.numeric.held_out import split_by_column, split_by_share

    if column is not None:
        return split_by_column(data, column)
    return split_by_share(data, share, _first(options["seed"], kept and kept.shuffle, 0))


def _known(
    compiled: Compiled, data: Data | None, kept: Checkpoint | None, seed: int | None
) -> dict[str, float]:
    """A value for every leaf without a column. Raises `ChainruleError` for those that have none."""
    known = {name: float(text) for name, text in compiled.model.values.items()}
    columns = {} if data is None else data.columns
    if kept is not None:
        known = {**kept.state.parameters, **known}
    if seed is not None:
        from chainrule.numeric.data import initial_values

        drawn = initial_values(compiled.program, seed)
        if kept is None and drawn.keys() <= known.keys():
            click.echo("--init draws nothing: every weight has a value", err=True)
        known = {**drawn, **known}
    missing = [name for name in compiled.leaves if name not in known and name not in columns]
    if missing:
        raise _without_value(missing, frozenset(compiled.parameters))
    return known


def _without_value(missing: Sequence[str], parameters: frozenset[str]) -> ChainruleError:
    few = ", ".join(missing[:_SHOWN_NAMES]) + (" …" if len(missing) > _SHOWN_NAMES else "")
    others = [name for name in missing if name not in parameters]
    hints = []
    if others:
        hints.append(f"--values {others[0]}=0.5, or --data FILE with a column for each")
    if len(others) < len(missing):
        hints.append("--init 1 draws weights")
    return ChainruleError(f"there is no value for {few}", hint="; ".join(hints))


def _settings(compiled: Compiled, kept: Checkpoint | None, options: Mapping[str, Any]) -> Settings:
    from chainrule.numeric.optimizers import CONSTANTS
    from chainrule.numeric.run import Settings

    batch, shuffle = options["batch"], options["shuffle"]
    if batch is None and kept is not None:
        batch = kept.batch
    seed = kept.shuffle if kept is not None else None
    if shuffle is not None:
        seed = _first(options["seed"], seed, 0) if shuffle else None
    settings = Settings(
        steps=_first(options["steps"], kept and kept.steps, STEPS),
        learning_rate=compiled.rate(_maybe(options["lr"], kept and kept.learning_rate)),
        **compiled.optimizer(
            options["optimizer"],
            {name: options[name] for name in CONSTANTS},
            (None, {}) if kept is None else (kept.optimizer, kept.constants),
        ),
        batch=None if batch == "full" else batch,
        shuffle=seed,
        stop_below=options["stop_below"],
        patience=options["patience"],
        min_delta=_first(options["min_delta"], 0.0),
        trace=options["trace"] or (_TABLE_STEPS if _is_table(options) else 0),
        every=options["checkpoint_every"],
    )
    if settings.steps and not compiled.program.gradients:
        raise ChainruleError("every parameter is frozen", hint="--freeze none trains them all")
    return settings


def _maybe(*values: Any) -> Any:
    """The first that is there, or None."""
    return next((value for value in values if value is not None), None)


# -- what comes out


def _pages(session: Session, options: Mapping[str, Any]) -> _Pages:
    """What makes the page; that of a table is looked through before the training."""
    graph = session.compiled.graph
    if graph is None or not _is_table(options):
        return _PAGES[options["format_name"]]
    from chainrule.commands.step_page import StepPage

    return StepPage(graph, session, options).pieces


def _deliver(
    training: Training, session: Session, pages: _Pages, options: Mapping[str, Any]
) -> None:
    """The page and the files beside it: what cannot be written does not cost the others."""
    failures, unwritten = session.failures, None
    page = partial(_page, pages)
    parts: list[_Part] = [page, _loss_trace, _plot]
    if session.diverged is not None and not session.diverged.step:  # nothing was ever sound
        parts = [page] if options["format_name"] == "json" else []
    for part in parts:
        try:
            part(training, session, options)
        except ChainruleError as error:
            failures.append(error)
        except OSError as error:  # standard output
            unwritten = error
    if unwritten is None and not failures:
        return
    last = failures.pop() if unwritten is None else unwritten
    for failure in failures:
        click.echo(f"error: {failure}", err=True)
    raise last


def _page(pages: _Pages, training: Training, session: Session, options: Mapping[str, Any]) -> None:
    report = session.report(training, options)
    write(pages(report), options["output"])


def _loss_trace(training: Training, session: Session, options: Mapping[str, Any]) -> None:
    trace = options["loss_trace"]
    if trace is None:
        return
    from chainrule.numeric.report import csv_report, loss_json

    is_json = ending(trace) == ".json"
    write(loss_json(training, session.output) if is_json else csv_report(training), trace)


def _plot(training: Training, session: Session, options: Mapping[str, Any]) -> None:
    if options["plot"] is None:
        return
    from chainrule.numeric.curve import loss_curve

    page = loss_curve(
        training.losses,
        title=session.compiled.model.title,
        label=session.output,
        steps=_STEP[options["lang"]],
        log={"auto": None, "linear": False, "log": True}[options["scale"]],
    )
    write([page], options["plot"])


_STEP = {"en": "step", "ko": "단계"}


def _text(report: Report) -> Iterable[str]:
    from chainrule.numeric.report import text_report

    return text_report(report)


def _json(report: Report) -> Iterable[str]:
    from chainrule.numeric.report import json_report

    return json_report(report)


def _csv(report: Report) -> Iterable[str]:
    from chainrule.numeric.report import csv_report

    return csv_report(report.training)


_PAGES: Mapping[str, _Pages] = {
    "text": _text, "json": _json, "csv": _csv,
}  # fmt: skip
