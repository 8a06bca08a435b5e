"""What was searched, with what, where and under which versions: all that is needed to do it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from search.analysis.axes import spelled
from search.history import History
from search.paths import RunPaths
from spaces import Categorical, Constant, Domain, Float, Integer, Ordinal, Parameter

__all__ = ["facts"]


def facts(history: History, paths: RunPaths | None) -> dict[str, Any]:
    """Read from the journal's header; whatever it does not say is None or empty. Secrets are replaced.

    `parameters`: name, kind, range (as text), scale, when. `nodes`: attempts per node. `git`: commit, dirty, or None.
    `notices`: what the method said of itself.
    `reproduce`: the shell commands that run the same search again, or [] where a sweep cannot be run from its file.
    """
    from search.settings.secrets import redact

    about = redact(dict(history.about))
    settings = _mapping(about.get("settings"))
    problem = history.problem
    nodes: dict[str, int] = {}
    for trial in history.trials:
        for attempt in trial.attempts:
            nodes[attempt.node] = nodes.get(attempt.node, 0) + 1
    scheduler, method = settings.get("early_terminate"), settings.get("method")
    return {
        "trainable": _text(settings.get("trainable")),
        "data": _data(settings.get("data")),
        "method": _text(_mapping(method).get("name") if isinstance(method, Mapping) else method),
        "scheduler": _text(_mapping(scheduler).get("type") if isinstance(scheduler, Mapping) else scheduler),
        "metric": problem.objective.metric,
        "goal": problem.objective.goal,
        "target": problem.objective.target,
        "max_steps": problem.max_steps,
        "seed": problem.seed,
        "space_size": problem.space.size,
        "parameters": [_parameter(parameter) for parameter in problem.space.parameters],
        "constraints": [constraint.text for constraint in problem.space.constraints],
        "given_points": len(problem.points),
        "notices": [str(record["text"]) for record in history.notices],
        "began": history.began,
        "imported": _imported(about.get("imported")),
        "resumes": len(history.resumes),
        "runner": _text(about.get("runner")),
        "host": _text(about.get("host")),
        "platform": _text(about.get("platform")),
        "versions": {str(k): str(v) for k, v in _mapping(about.get("versions")).items() if v is not None},
        "git": _git(about.get("git")),
        "nodes": nodes,
        "reproduce": _reproduce(about, paths),
    }


def _imported(imported: Any) -> dict[str, Any] | None:
    """Where an imported run comes from, and what was not known there: `from`, `source`, `inferred`, `notes`."""
    told = _mapping(imported)
    if not told:
        return None
    texts = {key: _text(told.get(key)) for key in ("from", "source")}
    return {**texts, **{key: [str(each) for each in told.get(key, ())] for key in ("inferred", "notes")}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    from search.settings.secrets import redact

    kind, span = _span(redact({parameter.name: _shown(parameter.domain)})[parameter.name], parameter.domain)
    return {
        "name": parameter.name,
        "kind": kind,
        "range": span,
        "when": " and ".join(_condition(condition) for condition in parameter.when),
        "role": parameter.role,
    }


def _shown(domain: Domain) -> Any:
    if isinstance(domain, Categorical | Ordinal):
        return list(domain.choices)
    return domain.value if isinstance(domain, Constant) else None


def _span(shown: Any, domain: Domain) -> tuple[str, str]:
    if isinstance(domain, Float | Integer):
        kind = ("whole number" if isinstance(domain, Integer) else "number") + (
            ", log scale" if domain.log else ""
        )
        step = f" in steps of {domain.step:g}" if domain.step not in (None, 1) else ""
        return kind, f"{domain.low:g} to {domain.high:g}{step}"
    if isinstance(domain, Constant):
        return "fixed", spelled(shown)
    return ("ordered choice" if isinstance(domain, Ordinal) else "choice"), ", ".join(
        spelled(c) for c in shown
    )


def _condition(condition: Any) -> str:
    value = condition.value
    text = ", ".join(spelled(item) for item in value) if isinstance(value, tuple | list) else spelled(value)
    return f"{condition.parent} {condition.op} {text}"


def _data(data: Any) -> str | None:
    if isinstance(data, Mapping):
        source = _text(data.get("source"))
        rest = ", ".join(
            f"{key}: {spelled(value)}" for key, value in data.items() if key != "source" and value is not None
        )
        return f"{source} ({rest})" if source and rest else source or rest or None
    return _text(data)


def _git(git: Any) -> dict[str, Any] | None:
    git = _mapping(git)
    commit = _text(git.get("commit"))
    return {"commit": commit, "dirty": bool(git.get("dirty"))} if commit else None


def _reproduce(about: Mapping[str, Any], paths: RunPaths | None) -> list[str]:
    if paths is None or not paths.settings.is_file():
        return []
    git = _git(about.get("git"))
    checkout = [f"git checkout {shlex.quote(git['commit'])}"] if git and not git["dirty"] else []
    file = shlex.quote(f"{paths.name}/{paths.settings.name}")
    runner = " --runner inline" if about.get("runner") == "inline" else ""
    return [*checkout, f"tuneyard run {file} --name {shlex.quote(paths.name[:58] + '-again')}{runner}"]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return None if value is None else spelled(value)
