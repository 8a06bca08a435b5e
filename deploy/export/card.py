"""The model card: what a reader has to know before relying on the model (Mitchell et al. 2019), as JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.export.checking import Check
from search.analysis.confirmation import confirmation
from search.errors import JournalError
from search.history import History
from search.journal import read_journal
from search.settings import redact
from search.views.wording import number
from spaces import flatten

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["card_of", "card_text", "config_of"]

FORMAT = 1
FEW_ROWS = 100


def card_of(trained: Trained, checks: Sequence[Check], versions: Mapping[str, str]) -> dict[str, Any]:
    """The card, JSON throughout.

    Keys: `format`, `name`, `exported` (UTC), `run`, `trial`, `confirmed`, `step`, `trainable`, `weights` (a sentence), `task`,
    `target`, `labels`, `metric`, `goal`, `metrics` (on the validation rows after that step), `confirmation` (`over`
    seeds or folds, `mean`, `interval` (95 %), `values`; None where it was not confirmed), `test` (`metrics`, `opening`;
    None where the locked rows were not opened for it), `data` (`source`, `fingerprint`, `modality`, `rows`), `config`,
    `limits`, `licences`, `checks`, `versions`.
    """
    run, objective = trained.run, trained.run.history.problem.objective
    at = next((result for result in trained.trial.results if result.step == trained.step), None)
    confirmed, test = _confirmation(trained)
    return {
        "format": FORMAT,
        "name": trained.name,
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": run.name,
        "trial": trained.trial.id,
        "confirmed": trained.confirmed,
        "step": trained.step,
        "trainable": trained.ref,
        "weights": trained.note,
        "task": trained.task,
        "target": trained.target.column or "",
        "labels": list(trained.labels),
        "metric": objective.metric,
        "goal": objective.goal,
        "metrics": dict(at.metrics) if at is not None else {},
        "confirmation": confirmed,
        "test": test,
        "data": _data(trained),
        "config": config_of(trained),
        "limits": _limits(trained, confirmed, test),
        "licences": _licences(trained),
        "checks": [asdict(check) for check in checks],
        "versions": dict(versions),
    }


_PRIVATE = ("data.source", "data.query")


def config_of(trained: Trained) -> dict[str, Any]:
    """Its config by dotted names, without where the rows come from and what is secret."""
    config = {name: value for name, value in flatten(dict(trained.config)).items() if name not in _PRIVATE}
    return dict(redact(config))


def _confirmation(trained: Trained) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What the confirmation says of this config, and what the locked test rows said."""
    assert trained.run.paths is not None
    journal = trained.run.paths.confirmation.journal
    if not journal.is_file():
        return None, None
    try:
        found = confirmation(History.from_records(read_journal(journal)))
    except JournalError:
        return None, None
    mine = found["configs"][0] if trained.confirmed else None
    for each in found["configs"]:
        if not trained.confirmed and each["label"] == trained.trial.id:
            mine = each
    if mine is None or mine["mean"] is None:
        return None, None
    told = {name: mine[name] for name in ("label", "mean", "interval", "values")}
    test = found["test"]
    if test is None or test["error"] or test["label"] != mine["label"]:
        return {**told, "over": found["over"]}, None
    return {**told, "over": found["over"]}, {"metrics": test["metrics"], "opening": test["opening"]}


def _data(trained: Trained) -> dict[str, Any]:
    source = str(trained.section["source"])
    if "://" in source:
        source = f"a {source.partition(':')[0].partition('+')[0]} database"
    elif Path(source).exists():
        source = Path(source).name
    return {
        "source": source,
        "fingerprint": trained.records.fingerprint,
        "modality": trained.modality,
        "rows": {"train": len(trained.data.train_rows), "valid": len(trained.data.valid_rows)},
    }


def _limits(
    trained: Trained, confirmed: Mapping[str, Any] | None, test: Mapping[str, Any] | None
) -> list[str]:
    rows = len(trained.data.train_rows)
    said = [
        f"It has learnt from {rows} rows. Of rows unlike those it knows nothing, and does not say so: compare with "
        "reference.json what it is given."
    ]
    if len(trained.data.valid_rows) < FEW_ROWS:
        said.append(
            f"Its metrics are measured on {len(trained.data.valid_rows)} rows, too few for a small difference."
        )
    if confirmed is None:
        said.append(
            "It was not confirmed: its value is the best of a search, which flatters it (tuneyard confirm "
            f"{trained.run.name})."
        )
    if test is None:
        said.append("It was not measured on rows that the search had never seen.")
    if trained.labels:
        said.append(
            "Its probabilities are as the model gives them; whether they are calibrated is seen by tuneyard validate."
        )
    return said


def _licences(trained: Trained) -> list[dict[str, str]]:
    """Of weights that somebody else has trained."""
    from trainables.neural.pretrained import PUBLISHED

    blueprint = trained.trainable.blueprint() if trained.module is not None else {}
    found = []
    while blueprint:
        name = blueprint.get("published")
        if name in PUBLISHED:
            found.append({"weights": name, "licence": PUBLISHED[name].licence})
        blueprint = blueprint.get("backbone", {})
    return found


def card_text(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    lines = [f"# {_plain(card['name'])}", "", _plain(card["weights"]), ""]
    target = f" of `{_plain(card['target'])}`" if card["target"] else ""
    lines += [f"- Task: {card['task']}{target}", f"- Trainable: `{_plain(card['trainable'])}`"]
    if card["labels"]:
        lines.append(f"- Labels: {', '.join(_plain(label) for label in card['labels'][:20])}")
    data = card["data"]
    lines += [
        f"- Data: {_plain(data['source'])} ({data['modality']}), {data['rows']['train']} training and "
        f"{data['rows']['valid']} validation rows, fingerprint `{data['fingerprint'][:16]}`",
        f"- Exported: {card['exported']}",
        "",
        "## How good it is",
        "",
    ]
    confirmed, test = card["confirmation"], card["test"]
    if confirmed is not None:
        interval = confirmed["interval"]
        around = f", 95 % interval {number(interval[0])} to {number(interval[1])}" if interval else ""
        count = sum(value is not None for value in confirmed["values"])
        lines.append(
            f"- `{card['metric']}` over {count} fresh {confirmed['over']}: {number(confirmed['mean'])}{around}"
        )
    if test is not None:
        told = ", ".join(f"{name} {number(value)}" for name, value in test["metrics"].items())
        lines.append(f"- On the locked test rows (opening {test['opening']}): {told}")
    lines += ["", "On the validation rows:", "", "| metric | value |", "|---|---|"]
    lines += [f"| {_plain(name)} | {number(value)} |" for name, value in card["metrics"].items()]
    lines += ["", "## Limits", "", *(f"- {_plain(limit)}" for limit in card["limits"])]
    if card["licences"]:
        lines += ["", "## Licences of weights trained by others", ""]
        lines += [f"- {each['weights']}: {each['licence']}" for each in card["licences"]]
    lines += ["", "## Formats", "", "| format | rows | largest difference | tolerance |", "|---|---|---|---|"]
    for check in card["checks"]:
        lines.append(
            f"| {check['format']} | {check['rows']} | {check['difference']:.3g} | {check['tolerance']:g} |"
        )
    lines += ["", "## Config", "", "| option | value |", "|---|---|"]
    lines += [f"| {_plain(name)} | {_plain(value)} |" for name, value in card["config"].items()]
    return "\n".join([*lines, ""])


def _plain(value: Any) -> str:
    """Text of foreign origin in a line of Markdown."""
    text = " ".join(str(value).split())
    for mark in ("\\", "|", "<", "`"):
        text = text.replace(mark, f"\\{mark}" if mark != "<" else "&lt;")
    return text
