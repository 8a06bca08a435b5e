"""The lock for deployments: complete, of the versions that are tested, without a place of anybody's machine; and a file that
is not the one that was published is refused."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OF_TORCH = re.compile(r"nvidia-|cuda-|triton$")
"""What PyPI's torch brings for GPUs; the tests run with one that has none of it."""


def locked() -> dict[str, tuple[str, str]]:
    """name -> (version, sha256)."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = re.sub(r"(?m)^#.*\n", "", text).replace(" \\\n", "").splitlines()
    found = {}
    for line in lines:
        match = re.fullmatch(r"([a-z0-9-]+)==(\S+)\s+--hash=sha256:([0-9a-f]{64})", line)
        assert match, line
        assert match[1] not in found, line
        found[match[1]] = (match[2], match[3])
    return found


def test_it_pins_every_package_of_a_deployment_at_the_tested_version() -> None:
    lock = locked()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    left = [Requirement(each) for each in project["dependencies"]]
    left += [
        Requirement(each) for name, group in extras.items() if name not in ("dev", "docs") for each in group
    ]
    assert len(left) > 25
    seen: set[tuple[str, frozenset[str]]] = set()
    while left:
        wanted = left.pop()
        name, chosen = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, chosen) in seen or name == project["name"]:  # an extra that includes another
            continue
        seen.add((name, chosen))
        assert name in lock, f"{name} is missing: run scripts/lock-hashes"
        assert wanted.specifier.contains(lock[name][0], prereleases=True), (
            name,
            lock[name][0],
            str(wanted.specifier),
        )
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # an extra that is not installed here
            continue
        for each in map(Requirement, needs):
            if any(each.marker is None or each.marker.evaluate({"extra": extra}) for extra in (*chosen, "")):
                left.append(each)
    assert len({name for name, _ in seen}) > 100
    unasked = lock.keys() - {name for name, _ in seen}
    assert not {name for name in unasked if not OF_TORCH.match(name)}


def test_its_versions_are_those_of_the_constraints() -> None:
    """All but the installer's own, which `pip freeze` leaves out."""
    constraints = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith("#"):
            name, _, version = line.partition("==")
            constraints[str(canonicalize_name(name))] = version.strip()
    other = {
        name: (version, constraints.get(name))
        for name, (version, _) in locked().items()
        if version != constraints.get(name) and not OF_TORCH.match(name) and name != "setuptools"
    }
    assert not other, "run scripts/lock-hashes"


def test_it_names_no_place() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for word in (
        "://",
        "file:",
        "/home",
        "/root",
        "/opt",
        "/tmp",
        " @ ",
        "--find-links",
        "--index-url",
        "+cpu",
    ):
        assert word not in text, word


def test_a_file_that_was_altered_is_refused(tmp_path: Path) -> None:
    """pip with the very options of a deployment, on a wheel made here: the right hash installs it, another one does not."""
    wheel = tmp_path / "wheels" / "tuneyard_probe-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    about = "Metadata-Version: 2.1\nName: tuneyard-probe\nVersion: 1.0\n"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tuneyard_probe.py", "VALUE = 1\n")
        file.writestr("tuneyard_probe-1.0.dist-info/METADATA", about)
        file.writestr(
            "tuneyard_probe-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr("tuneyard_probe-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()

    def install(line: str, into: str) -> subprocess.CompletedProcess[str]:
        lock = tmp_path / "probe.lock"
        lock.write_text(line)
        options = ["--no-index", "--find-links", str(wheel.parent), "--target", str(tmp_path / into)]
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--isolated",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        return subprocess.run(
            [*command, "--require-hashes", *options, "-r", str(lock)],
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert install(f"tuneyard-probe==1.0 --hash=sha256:{digest}\n", "right").returncode == 0
    assert (tmp_path / "right" / "tuneyard_probe.py").is_file()
    altered = install(f"tuneyard-probe==1.0 --hash=sha256:{'0' * 64}\n", "altered")
    assert altered.returncode != 0
    assert "DO NOT MATCH THE HASHES" in altered.stderr
    unhashed = install("tuneyard-probe==1.0\n", "unhashed")
    assert unhashed.returncode != 0
    assert "Hashes are required" in unhashed.stderr
    assert not (tmp_path / "altered").exists()
