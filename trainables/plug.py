"""The plug: from what a sweep names as its trainable to something that can be run.

A reference is a catalogue name (``mlp``), ``package.module:attribute``, or ``path/to/file.py:attribute``
(relative to the sweep file); from Python, the class or function itself will do. It is resolved afresh in
every process that runs trials, so no class of a user is ever pickled.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from trainables.base import Declaration
from trainables.catalogue import CATALOGUE
from trainables.errors import PlugError, nearest
from trainables.importing import find_attribute, import_file, import_name

__all__ = ["Kind", "Plug", "resolve"]

Kind = Literal["class", "generator", "ray_class", "ray_function"]

SHAPES = (
    "a trainable is a class with setup(config, *, seed, device) and step() (and save, load), a torch.nn.Module, "
    "a generator function train(config) that yields metrics, or a native Ray Tune trainable"
)


@dataclass(frozen=True)
class Plug:
    """A trainable that was found, and what it is.

    Attributes:
        ref: how to name it again: `resolve(ref, base)` gives the same in another process if `importable`.
        kind: "class", "generator", or a native Ray Tune trainable: "ray_class", "ray_function".
        target: the class or function itself; of a `torch.nn.Module` the trainable that trains it.
        origin: the file it is defined in; None where there is none (an interactive prompt).
        importable: False for what lives in no module (``__main__``, a notebook, inside a function); such
            a target has to be shipped by value.
        inner: of a plug whose every step is a whole training (`trainables.repeats`), what is trained; else None.
    """

    ref: str
    kind: Kind
    target: Any
    origin: Path | None
    importable: bool = True
    inner: Plug | None = None

    @property
    def can_checkpoint(self) -> bool:
        """Whether a trial can be saved and go on from there: a class with ``save`` and ``load``."""
        return self.kind == "class" and all(callable(getattr(self.target, v, None)) for v in ("save", "load"))

    @property
    def can_measure(self) -> bool:
        """Whether it can be measured on the test part of its data: a catalogue learner, or a class like one, that reads
        a `data:` section and has ``measure``."""
        return self.can_checkpoint and callable(getattr(self.target, "measure", None))

    @property
    def can_draw(self) -> bool:
        """Whether it draws pictures of its work: a class with ``draw(directory)``.

        A method of that name which takes something else is the user's own affair.
        """
        draw = getattr(self.target, "draw", None)
        if self.kind != "class" or not callable(draw):
            return False
        try:
            inspect.signature(draw).bind(None, None)
        except (TypeError, ValueError):
            return False
        return True

    @property
    def native(self) -> bool:
        """Whether it is Ray Tune's own kind, which only the Ray runner can run."""
        return self.kind in ("ray_class", "ray_function")

    def declaration(self, data: Mapping[str, Any] | str | None = None) -> Declaration:
        """What the trainable declares, for this data set where its defaults depend on it.

        Returns:
            an empty `Declaration` where it declares nothing.

        Raises:
            PlugError: it declares something that is not a declaration.
        """
        source = {"source": data} if isinstance(data, str) else data
        declare = getattr(self.target, "declare", None)
        declared = declare(source) if callable(declare) else getattr(self.target, "declared", None)
        if declared is None:
            return Declaration()
        if isinstance(declared, Declaration):
            return declared
        return _declaration_of(declared, self.ref)


def resolve(ref: str | type | Callable[..., Any] | Plug, base: Path | None = None) -> Plug:
    """Find what `ref` names and recognise its kind.

    Args:
        ref: a catalogue name, "package.module:attribute", "path/to/file.py:attribute", or the object itself.
        base: the folder that a relative path starts from, and where a package may lie that is not
            installed; None = the current one.

    Raises:
        PlugError: it cannot be found, imported or recognised; says where and what to write instead.
    """
    if isinstance(ref, Plug):
        return ref
    if not isinstance(ref, str):
        return _plug_of_object(ref)
    folder = Path.cwd() if base is None else base
    place, colon, attribute = ref.rpartition(":")
    if not colon:
        place, attribute = _catalogued(ref)
    if place.endswith(".py"):
        module = import_file(folder, place)
    else:
        module = import_name(folder, place, ref)
    found = find_attribute(module, attribute, ref)
    target = _trained(found, ref)
    return Plug(ref, _recognise(target, ref), target, _origin(found, module.__file__))


def _catalogued(name: str) -> tuple[str, str]:
    if name in CATALOGUE:
        place, _, attribute = CATALOGUE[name].partition(":")
        return place, attribute
    if name.endswith(".py"):
        raise PlugError(f"{name}: say which class or function of the file to train: {name}:NAME")
    raise PlugError(
        f"there is no trainable {name!r} in the catalogue; {nearest(name, CATALOGUE)} "
        "One of your own is written package.module:attribute or path/to/file.py:attribute."
    )


def _plug_of_object(target: Any) -> Plug:
    plain = target.func if isinstance(target, functools.partial) else target
    named = plain if hasattr(plain, "__qualname__") else type(plain)
    ref = f"{named.__module__}:{named.__qualname__}"
    trained = _trained(target, ref)
    return Plug(ref, _recognise(trained, ref), trained, _origin(target, None), _importable(target, ref))


def _importable(target: Any, ref: str) -> bool:
    module, _, attribute = ref.partition(":")
    found: Any = sys.modules.get(module) if module != "__main__" else None
    if found is None or getattr(found, "__spec__", None) is None or found.__spec__.origin is None:
        return False
    for part in attribute.split("."):
        found = getattr(found, part, None)
    return found is target and "__tuneyard_file__" not in vars(sys.modules[module])


def _origin(target: Any, module_file: str | None) -> Path | None:
    try:
        file = inspect.getsourcefile(inspect.unwrap(target)) or module_file
    except (OSError, TypeError):  # it was typed in at a prompt, or is no plain class or function
        file = module_file
    return Path(file).resolve() if file and Path(file).is_file() else None


def _trained(target: Any, ref: str) -> Any:
    """The target itself, or what trains it: a network does not train itself.

    Modules are known by the names of their base classes, without importing torch.
    """
    if not inspect.isclass(target) or callable(getattr(target, "setup", None)):
        return target
    if not any(c.__name__ == "Module" and c.__module__ == "torch.nn.modules.module" for c in target.__mro__):
        return target
    from trainables.neural.user_module import trainable_of

    declared = getattr(target, "declared", None)
    if declared is not None and not isinstance(declared, Declaration):
        declared = _declaration_of(declared, ref)
    return trainable_of(target, ref, declared)


def _recognise(target: Any, ref: str) -> Kind:
    """The kind of a target, by what it looks like; Ray's are known by their names, without importing Ray."""
    if inspect.isclass(target):
        if any(c.__name__ == "Trainable" and c.__module__.startswith("ray.tune") for c in target.__mro__):
            return "ray_class"
        missing = [verb for verb in ("setup", "step") if not callable(getattr(target, verb, None))]
        if missing:
            raise PlugError(f"{ref}: class {target.__name__} has no {' and no '.join(missing)}; {SHAPES}")
        if missing := sorted(getattr(target, "__abstractmethods__", ())):
            raise PlugError(
                f"{ref}: class {target.__name__} is abstract: it has no {' and no '.join(missing)}"
            )
        _check_arguments(target, ref, ())
        return "class"
    if not callable(target):
        raise PlugError(f"{ref} is a {type(target).__name__}, which cannot be trained; {SHAPES}")
    if _is_generator(target):
        _check_arguments(target, ref, ("config",))
        return "generator"
    parameters = _parameters(target)
    if not inspect.iscoroutinefunction(target) and parameters is not None and 1 <= len(parameters) <= 2:
        return "ray_function"
    raise PlugError(
        f"{ref} is no generator function (it never yields), nor does it take one config; {SHAPES}"
    )


def _is_generator(target: Any) -> bool:
    plain = inspect.unwrap(target.func if isinstance(target, functools.partial) else target)
    return inspect.isgeneratorfunction(plain) or inspect.isgeneratorfunction(getattr(plain, "__call__", None))  # noqa: B004


def _parameters(target: Any) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return None


def _check_arguments(target: Any, ref: str, given: tuple[str, ...]) -> None:
    """Refuse now what would fail in every trial: a required argument that nobody will pass."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = _parameters(target)
    if parameters is None:
        return
    required = [
        p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    extra = [name for name in required[len(given) :] if name not in ("seed", "device")]
    takes = sum(p.kind in positional or p.kind is p.VAR_POSITIONAL for p in parameters)
    if given and not takes:
        raise PlugError(f"{ref} takes no config; write def {getattr(target, '__name__', 'train')}(config)")
    if extra or (not given and required):
        names = ", ".join(extra or required)
        what = "its constructor" if inspect.isclass(target) else "it"
        raise PlugError(f"{ref}: {what} requires {names}, which no trial passes; give a default")


def _declaration_of(declared: Any, ref: str) -> Declaration:
    """A declaration from a plain dict, so that a user's file needs no import from here."""
    known = [f.name for f in fields(Declaration)]
    if not isinstance(declared, Mapping):
        raise PlugError(f"{ref}: declared is a dict or a Declaration, not a {type(declared).__name__}")
    for name in declared:
        if name not in known:
            raise PlugError(f"{ref}: declared has an unknown key {name!r}; {nearest(str(name), known)}")
    try:
        return Declaration(**declared)
    except (TypeError, ValueError) as error:
        raise PlugError(f"{ref}: declared: {error}") from error
