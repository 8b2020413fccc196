"""From LLVM's assembly language to a function that Python can call, through llvmlite."""

from __future__ import annotations

import ctypes
import importlib
import threading
from contextlib import suppress
from ctypes.util import find_library
from functools import cache
from typing import TYPE_CHECKING, Any

from chainrule.numeric.engines._llvm_text import MATHEMATICS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Compiled", "missing"]

_NEEDED = ("create_mcjit_compiler", "create_pass_builder", "create_pipeline_tuning_options")
_LLVM = (20,)
"""The first version of LLVM (llvmlite 0.45) that initialises itself and has untyped pointers."""
_SIGNATURE = ctypes.CFUNCTYPE(
    ctypes.c_int64,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_double,
    ctypes.c_double,
    ctypes.c_void_p,
)
_LOCK = threading.RLock()


@cache
def missing() -> str | None:
    """Why nothing can be compiled here, or None."""
    try:
        binding = importlib.import_module("llvmlite.binding")
    except ImportError:
        return "llvmlite is not installed; pip install 'chainrule[fast]'"
    except OSError as error:
        return f"llvmlite cannot be loaded: {error}"
    known = all(hasattr(binding, name) for name in _NEEDED)
    if not known or binding.llvm_version_info < _LLVM:
        return "this llvmlite is too old; pip install -U 'chainrule[fast]'"
    try:
        _machine(binding)
        binding.check_jit_execution()
    except (OSError, RuntimeError) as error:
        return f"nothing can be compiled here: {error}"
    lost = [name for name in MATHEMATICS if not _found(binding, name)]
    return f"the C library lacks {', '.join(lost)}" if lost else None


@cache
def _library() -> Any:
    """The C library's mathematics, where they are not among the symbols of the process."""
    for name in (None, find_library("m"), "ucrtbase", "msvcrt"):
        with suppress(OSError, TypeError):
            library = ctypes.CDLL(name)
            if hasattr(library, "exp"):
                return library
    return None


def _found(binding: Any, name: str) -> bool:
    """Whether compiled code finds a function, after a look around."""
    for symbol in (name, f"{name}f"):
        if binding.address_of_symbol(symbol):
            continue
        function = getattr(_library(), symbol, None)
        address = ctypes.cast(function, ctypes.c_void_p).value if function else None
        if not address:
            return False
        binding.add_symbol(symbol, address)
    return True


def _machine(binding: Any) -> Any:
    """Code for this processor."""
    with _LOCK:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        target = binding.Target.from_triple(binding.get_process_triple())
        try:
            features = binding.get_host_cpu_features().flatten()
        except RuntimeError:
            features = ""
        return target.create_target_machine(
            cpu=binding.get_host_cpu_name(), features=features, opt=3, jit=True
        )


class Compiled:
    """A module that has been compiled; `run` is its function, which stays while this does.

    `packed` is whether scalars may be packed into vectors. Loops are not unrolled: compiling would
    take four times as long, and only few loops would run faster.
    """

    def __init__(self, text: str, *, packed: bool = True) -> None:
        binding = importlib.import_module("llvmlite.binding")
        with _LOCK:
            machine = _machine(binding)
            module = binding.parse_assembly(text)
            module.triple = machine.triple
            module.data_layout = str(machine.target_data)
            options = binding.create_pipeline_tuning_options(speed_level=3)
            options.loop_vectorization = options.loop_interleaving = True
            options.slp_vectorization = packed
            options.loop_unrolling = False
            builder = binding.create_pass_builder(machine, options)
            builder.getModulePassManager().run(module, builder)
            self._engine = binding.create_mcjit_compiler(module, machine)
            self._engine.finalize_object()
            address = self._engine.get_function_address("run")
        self.run: Callable[..., int] = _SIGNATURE(address)
