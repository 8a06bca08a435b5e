"""One change of a sweep file, and its reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from search.settings.document import KeyPath, spell

__all__ = ["Change"]


@dataclass(frozen=True)
class Change:
    """What was changed (or kept on purpose), and why.

    Attributes:
        path: of the key in the new file beside which the comment stands.
        check: name of the check, or of the rule here, that asked for it.
        says: what changed, short: `max 0.1 -> 0.5`.
        why: the evidence, in numbers.
        weight: whether it alone is a reason for another sweep; a budget or a confirmation is not.
    """

    path: KeyPath
    check: str
    says: str
    why: str
    weight: bool = True

    @property
    def comment(self) -> str:
        """What stands in the file."""
        return f"{self.says}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """A dict for programs; `key` is the path as it is shown."""
        return {**asdict(self), "path": list(self.path), "key": spell(self.path)}
