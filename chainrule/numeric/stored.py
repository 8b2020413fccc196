"""Programs written out once and kept: a small model trains again without being read and derived.

Only the text of straight-line Python is kept, with what the program's tensors are called, in a
folder of the user's own cache (`CHAINRULE_CACHE_DIR`, else `XDG_CACHE_HOME` or `~/.cache`, in
`chainrule`; `CHAINRULE_CACHE=0` turns it off). The key holds the model's text, the options and
every file of these floors; it is kept beside the text and compared, so that its checksum, which
names the file, need not be unique. Whatever goes wrong with the cache, the program is made anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from chainrule.core.roles import Role
from chainrule.numeric.compiled import Compiled
from chainrule.numeric.engines.python import PythonKernel
from chainrule.numeric.layout import Layout, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chainrule.core.graph import Model
    from chainrule.numeric.kernel import Kernel
    from chainrule.numeric.program import Program

__all__ = ["keep", "key_of", "recall"]

_FORMAT = 3
_FLOORS = ("core", "catalog", "calculus", "read", "numeric")
_MOST_FILES = 256
_MOST_TENSORS = 500
"""Tensors of a program up to which writing every text of it takes no time to speak of."""
_MOST_BYTES = 1_000_000
_TEXTS = (("train", False), ("momentum", False), ("forward", False), ("gradients", False))


class _Model:
    """What a stored program knows of its model; the names are those of `core.graph.Model`."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.title: str = known["title"]
        self.rate: str = known["rate"]
        self.rate_value: str | None = known["rate_value"]
        self.optimizer: str | None = known["optimizer"]
        self.constants: dict[str, str] = known["constants"]
        self.values: dict[str, str] = known["values"]
        self.usual: dict[str, str] = known["usual"]
        self.freeze: tuple[str, ...] = tuple(known["freeze"])


def key_of(model: str, options: Sequence[str]) -> str | None:
    """The key of a model named on the command line; None where nothing is to be kept."""
    if model == "-" or os.environ.get("CHAINRULE_CACHE") == "0":
        return None
    text = ""
    try:
        if os.path.isfile(model):
            if os.stat(model).st_size > _MOST_BYTES:
                return None
            with open(model, "rb") as stream:
                text = repr(stream.read())
        head = repr((_FORMAT, sys.version, model, tuple(options)))
        return "\n".join((head, *_package(), text))
    except (OSError, ValueError):
        return None


def _package() -> Iterator[str]:
    """Name, size and time of every module that a program is made by: of this floor and below."""
    package = os.path.dirname(os.path.dirname(__file__))
    folders = [os.path.join(package, floor) for floor in _FLOORS]
    while folders:
        with os.scandir(folders.pop()) as found:
            for entry in sorted(found, key=lambda entry: entry.name):
                if entry.name.endswith((".py", ".toml")):
                    status = entry.stat()
                    yield f"{entry.name} {status.st_size} {status.st_mtime_ns}"
                elif entry.name != "__pycache__" and entry.is_dir():
                    folders.append(entry.path)


def _folder() -> str | None:
    """The cache's folder if it is the user's own and nobody else may write to it."""
    folder = os.environ.get("CHAINRULE_CACHE_DIR")
    if not folder:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        if base.startswith("~"):  # there is no home
            return None
        folder = os.path.join(base, "chainrule")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    status = os.stat(folder)
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return None
    return folder


def _path(folder: str, key: str) -> str:
    return os.path.join(folder, f"{zlib.crc32(key.encode()):08x}.json")


def recall(key: str | None, load: Callable[[], Compiled]) -> Compiled | None:
    """The compiled model kept under a key. `load` makes it anew if more is needed of it."""
    if key is None:
        return None
    try:
        folder = _folder()
        if folder is None:
            return None
        with open(_path(folder, key), encoding="utf-8") as stream:
            kept = json.load(stream)
        return _read(kept, load) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        return None


def _read(kept: dict[str, Any], load: Callable[[], Compiled]) -> Compiled:
    full = _layout(kept["full"])
    program = _layout(kept["program"])
    texts: dict[str, str] = kept["texts"]
    made: list[Compiled] = []

    def again() -> Any:
        if not made:
            made.append(load())
        return made[0]

    def text(what: str, many: bool, guarded: bool) -> str:
        found = None if guarded else texts.get(f"{what} {many}")
        return again().kernel.text(what, many, guarded) if found is None else found

    def whole() -> Kernel:
        kernel: Kernel = again().whole
        return kernel

    def remake(samples: int) -> Compiled:
        suited: Compiled = again().suited(samples)
        return suited

    def full_program() -> Program:
        found: Program = again().kernel.full_program()
        return found

    kernel = PythonKernel(program, kept["schedule"], text, full_program)
    return Compiled(
        model=cast("Model", _Model(kept["model"])),
        full=full,
        program=cast("Program", program),
        kernel=kernel,
        whole=whole if kept["frozen"] else partial(_same, kernel),
        engine="python",
        schedule=kept["schedule"],
        frozen=tuple(kept["frozen"]),
        remake=remake if kept["auto"] else None,
    )


def _same(kernel: Kernel) -> Kernel:
    return kernel


def _layout(kept: dict[str, Any]) -> Layout:
    tensors = {
        name: Tensor(name, tuple(axes), role and Role(role), batched, tuple(cells))
        for name, axes, role, batched, cells in kept["tensors"]
    }
    return Layout(
        extents=kept["extents"],
        tensors=tensors,
        output=kept["output"],
        gradients=kept["gradients"],
        nodes=tuple(kept["nodes"]),
        outputs=tuple(kept["outputs"]),
        targets=kept["targets"],
        values=kept["values"],
        frozen={name: tuple(places) for name, places in kept["frozen"].items()},
    )


def keep(key: str | None, compiled: Compiled) -> None:
    """Keep a compiled model under a key, if it is one that can be kept."""
    kernel = compiled.kernel
    if key is None or not isinstance(kernel, PythonKernel) or compiled.note:
        return
    if len(compiled.full.tensors) > _MOST_TENSORS:
        return
    with contextlib.suppress(OSError, RuntimeError):
        folder = _folder()
        if folder is not None:
            _prune(folder)
            known = {"key": key, **_written(compiled, kernel)}
            _write(_path(folder, key), json.dumps(known))


def _written(compiled: Compiled, kernel: PythonKernel) -> dict[str, Any]:
    model = compiled.model
    return {
        "schedule": compiled.schedule,
        "frozen": compiled.frozen,
        "auto": compiled.is_free,
        "model": {
            "title": model.title,
            "rate": model.rate,
            "rate_value": model.rate_value,
            "optimizer": model.optimizer,
            "constants": dict(model.constants),
            "values": dict(model.values),
            "usual": dict(model.usual),
            "freeze": model.freeze,
        },
        "full": _parts(compiled.full),
        "program": _parts(kernel.program),
        "texts": {f"{what} {many}": kernel.text(what, many, False) for what, many in _TEXTS},
    }


def _parts(layout: Layout) -> dict[str, Any]:
    return {
        "extents": layout.extents,
        "tensors": [
            (tensor.name, tensor.axes, tensor.role, tensor.batched, tensor.cells)
            for tensor in layout.tensors.values()
        ],
        "output": layout.output,
        "gradients": layout.gradients,
        "nodes": layout.nodes,
        "outputs": layout.outputs,
        "targets": layout.targets,
        "values": layout.values,
        "frozen": layout.frozen,
    }


def _prune(folder: str) -> None:
    """Old files go when there are many."""
    from pathlib import Path

    files = sorted(Path(folder).glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[: max(0, len(files) - _MOST_FILES)]:
        path.unlink(missing_ok=True)


def _write(path: str, text: str) -> None:
    import tempfile

    handle, name = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
