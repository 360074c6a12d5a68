"""The examples in the docstrings hold, of every module that has any.

They are read from the sources, for compiled functions keep no docstrings, and run in the modules as the tests load them: the
build where there is one, plain Python otherwise. (pytest's own --doctest-modules refuses modules whose file is not the source.)
"""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layout import SOURCES, module_of, name_of

PROMPT = re.compile(r"^[ \t]*>>>", re.MULTILINE)
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def examples_of(path: Path) -> list[doctest.DocTest]:
    """The examples of a module, one test for each docstring with any."""
    found = [read_examples(path, name, node) for name, node in documented(ast.parse(path.read_text("utf-8")), module_of(path))]
    return [test for test in found if test.examples]


def documented(node: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield what may have a docstring, however deep, by its dotted name."""
    if isinstance(node, WITH_DOCSTRING):
        yield name, node
    for child in ast.iter_child_nodes(node):
        own = getattr(child, "name", None) if isinstance(child, WITH_DOCSTRING) else None
        yield from documented(child, f"{name}.{own}" if own else name)


def read_examples(path: Path, name: str, node: ast.AST) -> doctest.DocTest:
    docstring = ast.get_docstring(node, clean=False) or ""  # type: ignore[arg-type]
    line = getattr(node, "lineno", 1) - 1
    return doctest.DocTestParser().get_doctest(docstring, {}, name, str(path), line)


TESTS = {path: examples_of(path) for path in SOURCES}


@pytest.mark.parametrize(
    ("path", "example"), [pytest.param(path, test, id=test.name) for path, tests in TESTS.items() for test in tests]
)
def test_the_examples_hold(path: Path, example: doctest.DocTest) -> None:
    example.globs = dict(vars(importlib.import_module(module_of(path))))
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=told.append)
    assert "".join(told) == ""


@pytest.mark.parametrize("path", [path for path in SOURCES if PROMPT.search(path.read_text("utf-8"))], ids=name_of)
def test_no_example_is_passed_over(path: Path) -> None:
    run = [example for test in TESTS[path] for example in test.examples if doctest.SKIP not in example.options]
    assert len(run) == len(PROMPT.findall(path.read_text("utf-8")))
