"""The rules of the house: who may import whom, how large files and functions may grow, what names are not used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "flows").rglob("*.py"), *(ROOT / "schemas").rglob("*.py")])
ROOMS = ("read", "strip", "split", "authors", "dates", "discovering", "judging", "publish")
SHARED = {"flows.records", "flows.rules", "flows.errors"}
FLOW_MODULES = {"flows/clean.py", "flows/audit.py", "flows/deployments.py"}
TOP_LEVEL = {"flows", "schemas", "raw", "processed", "tests", "pyproject.toml", "README.md"}
TOOLS = {"prefect.yaml", "Makefile", "LICENSE", "CHANGELOG.md", "requirements.lock"}  # found only at the top level


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_flow_modules_know_prefect(path: Path) -> None:
    knows = any(name.split(".")[0] == "prefect" for name in imports_of(path))
    assert not knows or name_of(path) in FLOW_MODULES


def room_of(path: Path) -> str:
    return name_of(path).split("/")[1]


@pytest.mark.parametrize("path", [path for path in SOURCES if room_of(path) in ROOMS], ids=name_of)
def test_a_room_imports_no_other_room(path: Path) -> None:
    room = room_of(path)
    allowed = {f"flows.{room}", *SHARED} | ({"schemas"} if room == "publish" else set())
    ours = {name for name in imports_of(path) if name.split(".")[0] in ("flows", "schemas")}
    assert {name for name in ours if not any(name == known or name.startswith(known + ".") for known in allowed)} == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.name == "schemas"], ids=name_of)
def test_the_schemas_import_nothing_of_ours(path: Path) -> None:
    assert not any(name.split(".")[0] == "flows" for name in imports_of(path))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_is_over_400_lines_and_no_function_over_60(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno - f.lineno >= 60} == {}


def test_no_module_is_named_like_the_standard_librarys_or_says_nothing() -> None:
    names = {path.stem for path in SOURCES if path.stem not in ("__init__", "__main__")}
    names |= {path.parent.name for path in SOURCES}
    assert names & sys.stdlib_module_names == set()
    assert names & {"utils", "helpers", "common", "misc", "util", "helper"} == set()


def test_no_import_goes_in_a_circle() -> None:
    modules = {module_of(path): path for path in SOURCES}
    graph = {name: every_import_of(path) & set(modules) - {name} for name, path in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def every_import_of(path: Path) -> set[str]:
    """What a module imports wherever it does so: in functions, for types alone, from a package, and by a name in a string."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    members = {f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return imports_of(path) | members | strings


@pytest.mark.parametrize(
    "source",
    [
        "import flows.rows",
        "from flows.rows import Rows",
        "from flows import rows",
        "def late():\n    from flows.rows import Rows",
        "if TYPE_CHECKING:\n    from flows.rows import Rows",
        "import_module('flows.rows')",
    ],
)
def test_an_import_counts_wherever_it_stands(source: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert "flows.rows" in every_import_of(path)


def test_no_import_is_relative() -> None:
    trees = {name_of(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}
    relative = {
        name for name, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level
    }
    assert relative == set()


def test_the_top_level_holds_what_was_fixed_and_what_tools_need() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    tops = {line.split("/")[0] for line in listed}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL | TOOLS


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_loads_no_orchestrator(room: str) -> None:
    modules = [name_of(p).removesuffix(".py").replace("/", ".") for p in SOURCES if room_of(p) == room and p.stem != "__init__"]
    code = f"import sys, {', '.join(modules)}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_lock_names_every_version_with_hashes_and_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = re.findall(r"^[a-z0-9][^\n]*", lock, re.MULTILINE)
    assert len(pins) > 50
    assert [pin for pin in pins if "==" not in pin] == []
    assert lock.count("--hash=sha256:") >= len(pins)
    assert re.findall(r"://|index-url|find-links", lock) == []


def test_no_test_works_in_the_checkout_or_reads_what_somebody_cleans_there(elsewhere: Path) -> None:
    assert Path.cwd() == elsewhere.resolve()
    assert not elsewhere.resolve().is_relative_to(ROOT)
    own = re.compile(r"chdir\(ROOT\)|(?:ROOT|TESTS\.parent) / \"(?:raw|processed)\b")
    sources = {path: path.read_text("utf-8") for path in (ROOT / "tests").glob("test_*.py")}
    assert [name_of(path) for path, source in sources.items() if path != Path(__file__) and own.search(source)] == []
