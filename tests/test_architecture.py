"""The house rules that a reader may rely on, read off the tree as it is: who imports whom, and what is public."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.heavy import HEAVY

ROOT = Path(__file__).parents[1]

FLOORS = {"spaces": 0, "trainables": 1, "search": 2, "deploy": 3, "tuneyard": 4}

# Inside search/: a module imports, when it is loaded, only what stands before it.
SEARCH_ORDER = (
    "errors",
    "seeds",
    "resources",
    "dominance",
    "trial",
    "records",
    "paths",
    "outcomes",
    "problem",
    "audit",
    "history",
    "decisions",
    "observers",
    "front",
    "pictures",
    "searchers",
    "schedulers",
    "journal",
    "trust",
    "storage",
    "replay",
    "sweep",
    "runners",
    "signals",
    "settings",
    "views",
    "driving",
    "provenance",
    "run",
    "confirmation",
    "exchange",
    "analysis",
    "next",
    "hindsight",
    "report",
    "api",
    "submission",
)

# Heavy libraries, and the only places that may name them.
ALLOWED = {
    "ray": (
        "spaces/translate/ray.py",
        "search/runners/ray_tune/",
        "tuneyard/templates/",
        "search/submission/client.py",  # from here on: a cluster that is reached by its job server
        "search/submission/package.py",
        "search/submission/probe_script.py",
        "deploy/serving/ray_serve.py",
    ),
    "optuna": ("spaces/translate/optuna.py", "search/searchers/", "search/analysis/", "search/exchange/"),
    "hyperopt": ("spaces/translate/hyperopt.py", "search/searchers/"),
    "ConfigSpace": ("spaces/translate/configspace.py",),
    "torch": ("trainables/neural/", "deploy/"),
    "sklearn": ("trainables/", "search/analysis/", "tuneyard/templates/"),
    "tensorboard": ("search/views/", "tuneyard/commands/board.py"),
    "plotly": ("search/report/",),
    "rich": ("search/views/", "tuneyard/"),
    "click": ("tuneyard/",),
    "pydantic": ("search/settings/",),
    "ruamel": ("search/settings/",),
    "fsspec": ("search/storage/",),
    "mlflow": ("search/views/mlflow.py",),
    "wandb": ("search/views/wandb.py",),
    "fastapi": ("deploy/serving/",),
    "uvicorn": ("deploy/serving/uvicorn_server.py",),
    "prometheus_client": ("deploy/serving/metrics.py",),
    "river": ("deploy/monitoring/stream.py",),
    "IPython": ("search/views/notebook.py",),
}

MODULES = sorted(path for package in FLOORS for path in (ROOT / package).rglob("*.py"))
PACKAGES = sorted(path.parent for path in MODULES if path.name == "__init__.py")


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path, *, loading: bool = False) -> Iterator[tuple[str, int]]:
    """(module, line) of every import; `loading`: only of those that happen when the module is loaded."""

    def walk(node: ast.AST) -> Iterator[tuple[str, int]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        if loading and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        if loading and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")))


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 60
    assert {path.name for path in PACKAGES} >= {"spaces", "trainables", "search", "tuneyard"}


def test_no_import_is_relative() -> None:
    relative = [
        f"{_place(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_imports_point_down_the_floors() -> None:
    upwards = {
        f"{_place(path)}:{line} imports {name}"
        for path in MODULES
        for name, line in _imports(path)
        if FLOORS.get(name.partition(".")[0], 0) > FLOORS[path.relative_to(ROOT).parts[0]]
    }
    assert not upwards


def test_modules_of_search_load_only_what_stands_before_them() -> None:
    def rank(dotted: str) -> int | None:
        part = dotted.split(".")[1] if dotted.count(".") else None
        return SEARCH_ORDER.index(part) if part in SEARCH_ORDER else None

    backwards = set()
    for path in (ROOT / "search").rglob("*.py"):
        own = rank(_dotted(path))
        for name, line in _imports(path, loading=True):
            other = rank(name) if name.startswith("search.") else None
            if own is not None and other is not None and other > own:
                backwards.add(f"{_place(path)}:{line} imports {name}")
    assert not backwards


def test_every_part_of_search_has_its_place_in_the_order() -> None:
    parts = {
        path.stem
        for path in (ROOT / "search").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert parts - {"__init__"} == set(SEARCH_ORDER)


@pytest.mark.parametrize("library", ALLOWED)
def test_a_heavy_library_is_named_only_in_its_places(library: str) -> None:
    astray = {
        f"{_place(path)}:{line}"
        for path in MODULES
        for name, line in _imports(path)
        if name.partition(".")[0] == library and not _place(path).startswith(ALLOWED[library])
    }
    assert not astray


def test_no_module_is_long() -> None:
    long = {
        _place(path): n for path in MODULES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 460
    }
    assert not long


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    assert not [
        _place(path) for path in MODULES if path.stem in ("utils", "util", "helpers", "common", "misc")
    ]


@pytest.mark.parametrize("package", PACKAGES, ids=_dotted)
def test_a_package_is_a_table_of_contents(package: Path) -> None:
    """`__all__` is there, in full: every name in it resolves, and no name is taken in without being in it."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "says nothing about what it holds"
    module = importlib.import_module(_dotted(package))
    assert hasattr(module, "__all__")
    assert len(set(module.__all__)) == len(module.__all__)
    assert not [name for name in module.__all__ if not hasattr(module, name)]
    own = package.relative_to(ROOT).parts[0]
    taken_in = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == own
        for alias in node.names
    }
    private = {name for name in taken_in if name.startswith("_")}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert taken_in - private - used <= set(module.__all__)


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_a_module_says_what_is_public(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value
        and getattr(target, "id", "") == "__all__"
    ]
    if _place(path).startswith("tuneyard/templates/"):
        return  # what a user starts from
    assert len(listed) == 1, "has no __all__"
    if "__getattr__" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
        return  # resolved above, by asking
    assert set(listed[0]) <= set(_defined(tree))


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@pytest.mark.parametrize(
    "package", ["spaces", "trainables", "search", "tuneyard", "search.settings", "search.views"]
)
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    assert _loaded(f"import {package}") == []


def test_the_public_names_are_loaded_when_used() -> None:
    assert (
        _loaded("import tuneyard; tuneyard.Sweep; tuneyard.Run; tuneyard.Space; tuneyard.SettingsError") == []
    )


def _loaded(code: str) -> list[str]:
    """The heavy libraries that a fresh process has loaded after running `code`."""
    ask = f"{code}\nimport sys; print(*(name for name in {sorted(HEAVY)!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    return done.stdout.split()
