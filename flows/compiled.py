"""The path of a page as machine code: the same modules, compiled by mypyc where that is possible, at two thirds of the time.

`python -m flows.compiled` compiles them into the environment that it runs in, never beside the sources; without a C compiler or
setuptools it says so, and all runs as plain Python. A worker takes a build of exactly the sources that it has, else none;
THREADMILL_PLAIN=1 does without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import blake2b
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
GROUP = "threadmill_pages"
# `flows.rules` reads its own annotations, and so is none of them.
MODULES = (
    "flows.records", "flows.conservation", "flows.rows", "flows.identity", "flows.language",
    "flows.read.fields", "flows.read.jsonl",
    "flows.strip.artifacts", "flows.strip.residue", "flows.strip.widgets", "flows.strip.repair", "flows.strip.fold",
    "flows.split.lines", "flows.split.flat.blocks", "flows.split.flat.reading", "flows.split.flat.readings",
    "flows.split.flat.scoring", "flows.split.flat.compose",
    "flows.authors.name_lines", "flows.authors.roles", "flows.authors.signoffs", "flows.authors.plain_names",
    "flows.authors.attributions", "flows.authors.salutations",
    "flows.authors.evidence", "flows.authors.likeness", "flows.authors.clusters", "flows.authors.rarity",
    "flows.authors.spellings", "flows.authors.blocks", "flows.authors.cores",
)  # fmt: skip
DATA = ("*.toml", "*.txt", "*.npz")  # what modules read from beside themselves
# Level 2 compiles in half the time of level 3 and is as fast.
SETUP = f"""
from setuptools import setup
from mypyc.build import mypycify
flags = ["--follow-imports=silent", "--ignore-missing-imports"]
files = {[module.replace(".", "/") + ".py" for module in MODULES]!r}
setup(name="{GROUP}", ext_modules=mypycify(flags + files, opt_level="2", debug_level="0", group_name="{GROUP}"))
"""


def build_folder() -> Path:
    """Return where a build of the sources as they are stands, or would."""
    digest = blake2b(f"{sys.version}\x1f{sys.platform}\x1f{SETUP}".encode(), digest_size=12)
    for module in MODULES:
        digest.update(_source_of(module).read_bytes())
    return Path(sys.prefix) / "threadmill-compiled" / digest.hexdigest()


def use_build() -> bool:
    """Make this process import the compiled modules, if there is a build of its sources; return whether it does."""
    folder = build_folder()
    if os.environ.get("THREADMILL_PLAIN") or not folder.is_dir() or not sys.modules.keys().isdisjoint(MODULES):
        return False
    sys.meta_path.insert(0, _Finder(folder))
    return True


class _Finder:
    """Finds the modules of a build, and the library that they share."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: _built(folder, name) for name in (*MODULES, f"{GROUP}__mypyc")}

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module is; None for one that was not compiled."""
        file = self._files.get(name)
        return spec_from_file_location(name, file, loader=ExtensionFileLoader(name, str(file))) if file is not None else None


def _source_of(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


def _built(folder: Path, module: str) -> Path:
    return folder / (module.replace(".", "/") + EXTENSION_SUFFIXES[0])


def build() -> str | None:
    """Compile the modules, and take away older builds; return why that is not possible, None where it was or is done."""
    target = build_folder()
    if target.is_dir():
        return None
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for package in ("flows", "schemas"):
            shutil.copytree(ROOT / package, work / package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        (work / "setup.py").write_text(SETUP)
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--build-lib", "built"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 -- our own
        if done.returncode or not all(_built(work / "built", module).is_file() for module in MODULES):
            return (done.stderr.strip() or "the compiler gave nothing").splitlines()[-1]
        for data in (path for kind in DATA for path in (ROOT / "flows").rglob(kind)):
            beside = work / "built" / data.relative_to(ROOT)
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.symlink_to(data)
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir(parents=True)
        shutil.move(work / "built", target)
    return None


if __name__ == "__main__":
    problem = build()
    print("the path of a page is compiled" if problem is None else f"not compiled, plain Python does the same: {problem}")
