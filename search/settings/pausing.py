"""Schedulers that pause trials, or copy them: what they need of the rest of a sweep file."""

from __future__ import annotations

from search.schedulers.population import SIZE
from search.settings.document import Document
from search.settings.sweep_file import EarlyTerminateSection, SweepFile
from trainables.plug import Plug

__all__ = ["pausing_problems", "with_size"]


def pausing_problems(file: SweepFile, plug: Plug, document: Document) -> list[str]:
    """What keeps the trials of a file from being paused or copied, one line each; [] where nobody asks for that."""
    section = file.early_terminate
    if section is None:
        return []
    copies, promotes = section.type == "population", section.options.get("promote") is True
    opens = (
        section.type == "auto" and section.options.get("opening", 0) != 0
    )  # where it is not given, it is chosen to fit
    if not copies and not promotes and not opens:
        return []
    key = "type" if copies else "promote" if promotes else "opening"
    what = "population" if copies else "promote: true" if promotes else "the opening of auto"
    said = []
    if plug.native:
        said.append(
            f"{what} pauses trials, and {plug.ref} is a native Ray Tune trainable, which only Ray could pause; "
            f"{'write opening: 0, or ' if opens else ''}write a class with step, save and load, or a generator function"
        )
    elif copies and not plug.can_checkpoint:
        said.append(
            f"population copies what a trial has learnt, and {plug.ref} cannot be saved; give it save(directory) and "
            "load(directory)"
        )
    if copies and file.repeats is not None:
        said.append(f"population copies a trial under way, and here its steps are {file.repeats.over}")
    if copies and file.lanes is not None:
        said.append("population copies trials, which lanes cannot; leave lanes out")
    problems = [document.problem(("early_terminate", key), each) for each in said]
    size = section.options.get("size")
    if copies and isinstance(size, int) and file.run_cap is not None and size >= file.run_cap:
        sentence = f"{size} members leave none of the {file.run_cap} trials of run_cap for copies, which are trials, too"
        problems.append(document.problem(("early_terminate", "size"), sentence))
    if file.audit and not opens:
        problems.append(
            document.problem(
                ("audit",),
                f"with {what} trials are paused rather than stopped, so there is nothing to audit; leave audit out",
            )
        )
    return problems


def with_size(file: SweepFile) -> SweepFile:
    """The size of a population said outright, for a resume must find it unchanged, also with another budget: a third of the
    trials at most, since copies are trials, too.
    """
    section = file.early_terminate
    if section is None or section.type != "population" or "size" in section.options:
        return file
    size = SIZE if file.run_cap is None else max(1, min(SIZE, file.run_cap // 3))
    whole = EarlyTerminateSection(type="population", **{**section.options, "size": size})
    return file.model_copy(update={"early_terminate": whole})
