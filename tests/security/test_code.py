"""What the project's own code may do, read off its source: nothing unpickles, evaluates, or asks a network unawares."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("spaces", "trainables", "search", "deploy", "tuneyard")

ALLOWED = {
    # Between the driver and Ray's workers, in memory, behind Ray's token: a user's class that lives in no module.
    ("search/runners/ray_tune/hosted.py", "cloudpickle"),
    ("search/runners/ray_tune/sending.py", "cloudpickle"),
    ("search/runners/ray_tune/shared_data.py", "cloudpickle"),
    # What the user's own sweep file names, and what `tuneyard`, `search` and the catalogue name themselves.
    ("trainables/importing.py", "import by name"),
    ("trainables/importing.py", "a module is executed"),
    ("trainables/data/sources/reading.py", "import by name"),
    ("search/__init__.py", "import by name"),
    ("search/runners/__init__.py", "import by name"),
    ("search/runners/cohort/engine.py", "import by name"),  # two modules that stand there by name
    ("search/schedulers/__init__.py", "import by name"),
    ("search/searchers/__init__.py", "import by name"),
    # Names of a package that are looked up when they are first used.
    ("deploy/__init__.py", "import by name"),
    ("deploy/monitoring/__init__.py", "import by name"),
    ("deploy/serving/__init__.py", "import by name"),
    ("deploy/validation/__init__.py", "import by name"),
    ("deploy/monitoring/alerts.py", "a network client"),  # the webhook that the user's rules name
    ("tuneyard/__init__.py", "import by name"),
    ("tuneyard/cli.py", "import by name"),
    ("search/submission/client.py", "a network client"),  # the cluster that the user names
    ("search/settings/secrets.py", "the whole environment"),  # its secrets, so that they can be hidden
    # A wheel whose hash was compared with the one that stands in the source.
    ("trainables/data/sources/fetching.py", "an archive is unpacked"),
    ("trainables/data/sources/fetching.py", "subprocess"),  # pip, for the two data packages
    ("search/provenance.py", "subprocess"),  # git, for the commit
    ("tuneyard/commands/board.py", "subprocess"),  # TensorBoard
}

_MODULES = {
    **dict.fromkeys(("pickle", "_pickle", "dill", "joblib", "shelve", "marshal"), "unpickles"),
    "cloudpickle": "cloudpickle",
    **dict.fromkeys(
        ("requests", "urllib.request", "http.client", "httpx", "aiohttp", "ftplib"), "a network client"
    ),
    **dict.fromkeys(("http.server", "socketserver", "xmlrpc", "telnetlib"), "a server"),
    "subprocess": "subprocess",
    "runpy": "a module is executed",
    "yaml": "another YAML reader",
}
_NAMES = {
    "eval": "evaluates text",
    "exec": "evaluates text",
    "compile": "evaluates text",
    "__import__": "import by name",
}
_METHODS = {
    **dict.fromkeys(("import_module",), "import by name"),
    **dict.fromkeys(("exec_module", "run_path", "run_module"), "a module is executed"),
    **dict.fromkeys(("extractall", "unpack_archive", "extract"), "an archive is unpacked"),
    **dict.fromkeys(("system", "popen", "spawnl", "execv", "execvp"), "a shell"),
    **dict.fromkeys(("mktemp",), "a temporary name that others may take"),
    **dict.fromkeys(("read_pickle", "load_module", "_create_unverified_context"), "unsafe by name"),
}
_OF_OS = frozenset(["system", "popen", "spawnl", "execv", "execvp"])


def findings(source: str) -> Iterator[tuple[str, int]]:
    """(what, line) of everything in a source that wants a reason."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield from _module(alias.name, node.lineno)
            case ast.ImportFrom(module=str(module), names=names):
                yield from _module(module, node.lineno)
                for alias in names:
                    yield from _module(f"{module}.{alias.name}", node.lineno)
            case ast.Call(func=ast.Name(id=name)) if name in (*_NAMES, "import_module", "YAML"):
                if name != "YAML":
                    yield _NAMES.get(name, "import by name"), node.lineno
                elif _option(node, "typ") != "safe":
                    yield "YAML that constructs objects", node.lineno
            case ast.Call(func=ast.Attribute(attr=method, value=value)):
                yield from _call(node, method, ast.unparse(value))
        if isinstance(node, ast.Call):
            if _option(node, "shell") is True:
                yield "a shell", node.lineno
            if _option(node, "verify") is False:
                yield "a certificate is not looked at", node.lineno
        if isinstance(node, ast.Dict) and any(
            key is None and ast.unparse(value) == "os.environ"
            for key, value in zip(node.keys, node.values, strict=True)
        ):
            yield "the whole environment", node.lineno


def _module(name: str, line: int) -> Iterator[tuple[str, int]]:
    for module, what in _MODULES.items():
        if (
            name == module
            or name.startswith(f"{module}.")
            or (module == "cloudpickle" and name.endswith(".cloudpickle"))
        ):
            yield what, line


def _call(node: ast.Call, method: str, owner: str) -> Iterator[tuple[str, int]]:
    if (
        method in _METHODS
        and (method not in _OF_OS or owner == "os")
        and (method != "extract" or "re." not in owner)
    ):
        yield _METHODS[method], node.lineno
    if method == "load" and owner == "torch" and _option(node, "weights_only") is not True:
        yield "torch.load that unpickles", node.lineno
    if method == "load" and owner in ("np", "numpy") and _option(node, "allow_pickle") is not False:
        yield "np.load that unpickles", node.lineno
    if (owner, method) in (("os.environ", "copy"), ("os.environ", "items"), ("os.environ", "values")):
        yield "the whole environment", node.lineno


def _option(node: ast.Call, name: str) -> object:
    for each in node.keywords:
        if each.arg == name and isinstance(each.value, ast.Constant):
            return each.value.value
    return None


def test_everything_that_wants_a_reason_has_one() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), what): line
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for what, line in findings(path.read_text(encoding="utf-8"))
    }
    unexplained = {
        f"{place}:{line}: {what}" for (place, what), line in found.items() if (place, what) not in ALLOWED
    }
    assert not unexplained
    assert not ALLOWED - found.keys(), "these reasons are no longer needed"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import pickle", "unpickles"),
        ("from joblib import load", "unpickles"),
        ("from ray import cloudpickle", "cloudpickle"),
        ("torch.load(f)", "torch.load that unpickles"),
        ("torch.load(f, weights_only=False)", "torch.load that unpickles"),
        ("np.load(f)", "np.load that unpickles"),
        ("np.load(f, allow_pickle=True)", "np.load that unpickles"),
        ("YAML()", "YAML that constructs objects"),
        ("YAML(typ='unsafe')", "YAML that constructs objects"),
        ("import yaml", "another YAML reader"),
        ("eval(x)", "evaluates text"),
        ("subprocess.run(x, shell=True)", "a shell"),
        ("os.system(x)", "a shell"),
        ("tempfile.mktemp()", "a temporary name that others may take"),
        ("import urllib.request", "a network client"),
        ("from http.server import HTTPServer", "a server"),
        ("import_module(x)", "import by name"),
        ("archive.extractall(x)", "an archive is unpacked"),
        ("pd.read_pickle(f)", "unsafe by name"),
        ("get(url, verify=False)", "a certificate is not looked at"),
        ("env = {**os.environ, 'x': 1}", "the whole environment"),
        ("json.dumps(os.environ.copy())", "the whole environment"),
    ],
)
def test_the_reader_sees_it(source: str, what: str) -> None:
    assert what in {found for found, _ in findings(source)}


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(f, weights_only=True)",
        "np.load(f, allow_pickle=False)",
        "YAML(typ='safe')",
        "network.eval()",
    ],
)
def test_the_reader_lets_the_safe_form_pass(source: str) -> None:
    assert list(findings(source)) == []


def test_templates_are_escaped_and_asked_for_nothing_outside() -> None:
    """Every template of a page is autoescaped, none says otherwise, and none names an address to load from."""
    templates = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.j2"))
    assert len(templates) > 10
    for path in templates:
        text = path.read_text(encoding="utf-8")
        for word in ("|safe", "| safe", "autoescape false", 'src="http', 'href="http', "@import", "url(http"):
            assert word not in text, (path, word)
    page = (ROOT / "search/report/page/__init__.py").read_text(encoding="utf-8")
    assert "autoescape=True" in page
    assert "Content-Security-Policy" in (ROOT / "search/report/page/macros.html.j2").read_text(
        encoding="utf-8"
    )
