"""Tables of the documentation that a benchmark writes: the figures on a page are those of its last run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["table", "write_table"]

_ROOT = Path(__file__).parents[1]
_END = "<!-- end of the table -->"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_table(page: str, benchmark: str, text: str) -> None:
    """Put `text` between the marks of `benchmark` (`benchmarks/<benchmark>.py`) on a page below docs/."""
    begin, path = f"<!-- the table: python benchmarks/{benchmark}.py -->", _ROOT / "docs" / page
    before, mark, rest = path.read_text(encoding="utf-8").partition(begin)
    _, end, after = rest.partition(_END)
    if not (mark and end):
        raise SystemExit(f"{path}: has no marks {begin} and {_END}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
