"""`export`: writes a trained trial as a model folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.errors import DeployError
from deploy.export.card import card_of, card_text
from deploy.export.checking import Check, compared
from deploy.export.native import unreadable, write_native
from deploy.export.requirements import requirements_text, versions_of
from deploy.folder import write_folder, write_json
from deploy.reference import reference_of
from deploy.runtimes import RUNTIMES
from deploy.trusted import read_object, write_object
from trainables.errors import nearest

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["FORMATS", "Exported", "export"]

FORMATS = ("native", "onnx", "torch-export")
"""native: what a model folder is loaded from: safetensors, skops, or the booster's own; it is always written."""

FORMAT = 1


@dataclass(frozen=True)
class Exported:
    """What was written. `checks`: one a format; `kind`: of the native format, or "onnx" where that stands for it."""

    folder: Path
    version: str
    kind: str
    checks: tuple[Check, ...]


def export(
    trained: Trained, folder: str | Path, *, formats: Sequence[str] = (), force: bool = False, name: str = ""
) -> Exported:
    """Write a model folder, every format of it checked against the original on the validation rows.

    Args:
        trained: see `Trained.open`.
        folder: where; it appears whole or not at all.
        formats: of `FORMATS`, beside the native one.
        force: replace a model folder of that name.
        name: of the model; "" = the run's and the trial's.

    Raises:
        DeployError: an unknown format, one that this model cannot be written in (with the reason), a package is
            missing, or outputs that differ.
    """
    for form in formats:
        if form not in FORMATS:
            raise DeployError(f"there is no format {form!r}; {nearest(form, FORMATS)}")
    wanted = tuple(dict.fromkeys(form for form in formats if form != "native"))
    reason = unreadable(trained)
    if reason is not None and ("native" in formats or "onnx" not in wanted):
        raise DeployError(
            f"native: {reason}. Write the model as a graph, from which it is then loaded: --format onnx"
        )
    made: list[Exported] = []

    def fill(writing: Path) -> None:
        made.append(
            _fill(trained, writing, wanted, name or trained.name, stands_for_native=reason is not None)
        )

    version = write_folder(Path(folder), fill, force=force)
    return Exported(Path(folder), version, made[0].kind, made[0].checks)


def _fill(
    trained: Trained, writing: Path, formats: Sequence[str], name: str, *, stands_for_native: bool
) -> Exported:
    write_object(
        trained.preparation.renamed("the input"), writing / "preparation.skops", "the preparation of the data"
    )
    _check_preparation(trained, writing)
    checks: list[Check] = []
    files: dict[str, str] = {}
    if not stands_for_native:
        runtime: dict[str, Any] = write_native(trained, writing)
        found = RUNTIMES[runtime["kind"]](writing, runtime).outputs(trained.data.valid_x)
        checks.append(compared(trained, "native", found))
    for form in formats:
        files[form], outputs = _writer(form)(trained, writing)
        checks.append(compared(trained, form, outputs))
    if stands_for_native:
        scale = {"shift": 0.0, "unit": 1.0}
        runtime = {"kind": "onnx", "n_classes": trained.data.n_classes, "scale": scale, "file": files["onnx"]}
    kinds = [runtime["kind"], *formats]
    versions = versions_of(kinds)
    translation = getattr(trained.trainable, "translation", None)
    if translation is not None:
        write_json(writing / "translation.json", translation.to_json())
    write_json(
        writing / "model.json",
        {
            "format": FORMAT,
            "name": name,
            "formats": list(formats),
            "files": files,
            "translated": translation is not None,
            "runtime": runtime,
        },
    )
    write_json(writing / "schema.json", trained.schema.to_json())
    write_json(writing / "reference.json", reference_of(trained).to_json())
    card = {**card_of(trained, checks, versions), "name": name}
    write_json(writing / "card.json", card)
    (writing / "card.md").write_text(card_text(card), encoding="utf-8")
    (writing / "requirements.txt").write_text(requirements_text(versions), encoding="utf-8")
    return Exported(writing, "", runtime["kind"], tuple(checks))


def _check_preparation(trained: Trained, writing: Path) -> None:
    """What was stored prepares the validation rows as the original does, to the last bit."""
    again = read_object(writing / "preparation.skops")
    raw = trained.raw("valid")
    if not np.array_equal(again.transform(raw), trained.preparation.transform(raw)):
        raise DeployError(
            "the stored preparation of the data does not prepare rows as the original does; tell us which options of "
            "data: this sweep has"
        )


def _writer(form: str) -> Callable[[Trained, Path], tuple[str, Any]]:
    if form == "onnx":
        from deploy.export.onnx_graph import write_onnx

        return write_onnx
    from deploy.export.torch_program import write_torch_export

    return write_torch_export
