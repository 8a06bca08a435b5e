"""tuneyard data: what a data set is made of, and what may be wrong with it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json
from tuneyard.terminal import next_steps, printable, quoted, table

if TYPE_CHECKING:
    from trainables.data.agreement import Agreement
    from trainables.data.labels import LabelCheck

__all__ = ["command"]

MANY = 20_000  # rows, above which label errors are looked for only where somebody asks
SHOWN = 10


@click.command("data", short_help=COMMANDS["data"])
@click.argument("source")
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--query", metavar="SQL", help="The query whose rows are the data, where SOURCE is a database.")
@click.option(
    "--annotators", metavar="A,B,..", help="Columns of labels by several people: how far they agree."
)
@click.option(
    "--suspects",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Rows to list whose label may be wrong; {SHOWN} where left out, 0 = do not look for any.",
)
@as_json
def command(
    source: str,
    target: str | None,
    query: str | None,
    annotators: str | None,
    suspects: int | None,
    as_json: bool,
) -> None:
    """Describe the data of SOURCE: a built-in data set, a file, a folder, a database URL, or a sweep file.

    Shows the parts, columns, classes and repairs, the agreement of annotators, and labels that look wrong. The test part
    stays locked: of its rows only the number and the classes are shown.
    """
    from trainables.data.card import card_of

    columns = [name.strip() for name in (annotators or "").split(",") if name.strip()]
    section = _section(source, target, query, columns)
    card = card_of(section)
    agreed = _agreement(section, columns) if columns else None
    wanted = suspects if suspects is not None else SHOWN * (card["rows"]["source"] <= MANY)
    check = _check_labels(section, card) if wanted and card["task"] == "classification" else None
    if as_json:
        listed = None if check is None else [asdict(each) for each in check.suspects[:wanted]]
        labels = None if check is None else {n: v for n, v in asdict(check).items() if n != "suspects"}
        print_json(
            {"card": card, "agreement": agreed and _told(agreed), "labels": labels, "suspects": listed}
        )
        return
    for lines in (_about(card), _parts(card), _columns(card), _repairs(card)):
        click.echo(printable("\n".join(lines)) + "\n")
    if agreed is not None:
        click.echo(printable("\n".join(_agreed(agreed))) + "\n")
    if check is not None:
        click.echo(printable("\n".join(_suspected(check, wanted))) + "\n")
    next_steps(*_next(source, section, check, wanted))


def _section(source: str, target: str | None, query: str | None, annotators: list[str]) -> dict[str, Any]:
    """The data section, flat; of a sweep file the first that its search may come to."""
    if Path(source).suffix in (".yaml", ".yml"):
        from search.runners.data_card import section_of
        from search.settings import read_settings

        section = section_of(read_settings(Path(source)).resolved().space)
        if "source" not in section:
            raise click.UsageError(
                f"{source} names no data that its trainable reads by the rules of data sections"
            )
    else:
        from search.settings.sources import absolute

        section = {"source": absolute(source, Path.cwd())}
    section |= {name: value for name, value in (("target", target), ("query", query)) if value is not None}
    if annotators:
        section["columns.ignore"] = [*section.get("columns.ignore", ()), *annotators]
        if target is None and "target" not in section:
            section["task"] = "generation"  # nothing to predict yet: the labels are what is looked at
    return section


def _agreement(section: Mapping[str, Any], names: list[str]) -> Agreement:
    from trainables.data import read_section
    from trainables.data.agreement import agreement
    from trainables.data.sources import read_records
    from trainables.errors import DataError, nearest

    whole = {name: value for name, value in section.items() if name != "columns.ignore"}
    records = read_records(read_section({**whole, "columns.category": names}))
    frame = records.frame if records.frame is not None else records.extra
    known = [] if frame is None else [str(name) for name in frame.columns]
    for name in names:
        if name not in known:
            raise DataError(f"--annotators: {records.name} has no column {name!r}; {nearest(name, known)}")
    assert frame is not None
    return agreement({name: frame[name].tolist() for name in names})


def _check_labels(section: Mapping[str, Any], card: Mapping[str, Any]) -> LabelCheck | None:
    """None where there are too few rows to judge any."""
    from trainables.data import load, read_section
    from trainables.data.labels import FOLDS, check_labels
    from trainables.data.sources import read_records

    if sum(each["train"] + each["valid"] >= FOLDS for each in card["classes"]) < 2:
        return None
    return check_labels(load(section, "features"), read_records(read_section(section)).place)


def _about(card: Mapping[str, Any]) -> Iterator[str]:
    target = f", target {card['target']}" if card["target"] else ""
    yield f"{card['source']}: {card['task']}, {card['modality']}{target}"
    yield f"one input is {' x '.join(map(str, card['shape']))} ({card['view']}); content {card['hash'][:16]}"


def _parts(card: Mapping[str, Any]) -> Iterator[str]:
    rows = card["rows"]
    heads = ("rows", "training", "validation", "test")
    body: list[tuple[Any, ...]] = [("all", rows["train"], rows["valid"], rows["test"])]
    body += [(each["label"], each["train"], each["valid"], each["test"]) for each in card["classes"][:20]]
    yield table(heads, body, right=heads[1:])
    if len(card["classes"]) > 20:
        yield f"and {len(card['classes']) - 20} more classes"
    if rows["left_out"]:
        yield f"{rows['left_out']} of {rows['source']} rows of the source are in no part"


def _columns(card: Mapping[str, Any]) -> Iterator[str]:
    heads = ("column", "kind", "missing", "distinct", "values")
    yield table(heads, map(_column, card["columns"][:40]), right=("missing", "distinct"))
    more = len(card["columns"]) - 40 + card["columns_left_out"]
    if more > 0:
        yield f"and {more} more columns"


def _column(column: Mapping[str, Any]) -> tuple[Any, ...]:
    role = "" if column["role"] == "input" else f" ({column['role']})"
    if "top" in column:
        values = ", ".join(f"{each['label']} {each['share']:.0%}" for each in column["top"])
    elif isinstance(column["min"], str):
        values = f"{column['min']} to {column['max']}"
    else:
        values = f"{number(column['min'])} to {number(column['max'])}, mean {number(column['mean'])}"
    missing = f"{column['missing']:.1%}" if column["missing"] else "none"
    distinct = "-" if column["distinct"] is None else str(column["distinct"])
    return column["name"], column["kind"] + role, missing, distinct, values


def _repairs(card: Mapping[str, Any]) -> Iterator[str]:
    if not card["repairs"] and not card["duplicates"]:
        yield "repairs: none; no row repeats another"
        return
    yield "repairs:"
    if card["duplicates"]:
        yield f"  rows outside the test part that repeat an earlier one: {card['duplicates']}"
    for each in card["repairs"]:
        where = f" ({', '.join(each['where'])})" if each["where"] else ""
        yield f"  {each['what']}: {each['count']}{where}"


def _told(agreed: Agreement) -> dict[str, Any]:
    return {
        **{name: getattr(agreed, name) for name in ("rows", "complete", "unanimous", "fleiss")},
        "annotators": list(agreed.annotators),
        "cohen": [{"annotators": list(pair), "kappa": kappa} for pair, kappa in agreed.cohen.items()],
        "alpha": dict(agreed.alpha),
    }


def _agreed(agreed: Agreement) -> Iterator[str]:
    yield f"agreement of {', '.join(agreed.annotators)} beyond chance (1 = full, 0 = chance)"
    yield f"  {agreed.rows} rows have two labels or more, {agreed.unanimous} of them all the same; {agreed.complete} have all"
    measures = [
        (f"Cohen's kappa {first} / {second}", kappa) for (first, second), kappa in agreed.cohen.items()
    ]
    measures.append(("Fleiss' kappa", agreed.fleiss))
    measures += [(f"Krippendorff's alpha, {level}", alpha) for level, alpha in agreed.alpha.items()]
    for name, value in measures:
        yield f"  {name:<40} {'undefined' if math.isnan(value) else f'{value:.3f}'}"
    alpha = agreed.alpha["nominal"]
    if not math.isnan(alpha) and alpha < 0.667:  # Krippendorff 2004, p. 241: lowest for tentative conclusions
        yield "  below 0.667, the least that even tentative conclusions should rest on: look at the instructions first"


def _suspected(check: LabelCheck, wanted: int) -> Iterator[str]:
    found, confident = check.suspects, sum(each.confident for each in check.suspects)
    if not check.telling:
        yield (
            f"labels: the columns say too little about the label to judge it: a model fitted on other rows is right in "
            f"{check.accuracy:.0%} of {check.rows} rows, always saying the most frequent label in {check.most_frequent:.0%}"
        )
        return
    if not found:
        yield "labels: a model fitted on other rows agrees with every one"
        return
    yield f"labels that look wrong: {confident}; {len(found) - confident} more are predicted otherwise, with less confidence"
    heads = ("row", "label", "rather", "confidence", "of the label", "sure")
    rows = [
        (
            each.place,
            each.label,
            each.suggested,
            f"{each.suggested_confidence:.2f}",
            f"{each.confidence:.2f}",
            "yes" if each.confident else "",
        )
        for each in found[:wanted]
    ]
    yield table(heads, rows, right=("confidence", "of the label"))


def _next(source: str, section: Mapping[str, Any], check: LabelCheck | None, wanted: int) -> Iterator[str]:
    from search.settings.secrets import redact

    confident = 0 if check is None else sum(each.confident for each in check.suspects)
    if confident > wanted:
        yield f"tuneyard data {quoted(source)} --suspects {confident}"
    if Path(source).suffix in (".yaml", ".yml"):
        yield f"tuneyard plan {quoted(source)}"
        return
    written = {name: section[name] for name in ("query", "target") if name in section}
    text = json.dumps(
        redact({"source": source, **written}), ensure_ascii=False
    )  # which is YAML, whatever is in it
    yield f"tuneyard init    # then, in its sweep.yaml, data: {text}"
