"""The contract as code: exported whole, kept in step with what is committed, and never broken without a new version."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pandera.errors
import polars as pl
import pyarrow as pa
import pytest

import flows.commands.schema
from flows.__main__ import main
from schemas import TABLES, arrow_schema, polars_schema, traits_of
from schemas.changes import BREAKING, MINOR, PATCH, demanded_version, find_changes, is_bumped
from schemas.contract import Document, build_contract, read_contract
from schemas.dictionary import build_dictionary
from schemas.json_schema import build_json_schema
from tests.conftest import THREAD, write_files
from tests.inline import snapshot_of

ROOT = Path(__file__).parent.parent
COMMITTED = ROOT / "schemas" / "contract.json"
REGENERATE = "run: threadmill schema export --out schemas/contract.json"


def test_a_breaking_change_needs_a_new_major_version_and_an_addition_a_minor_one() -> None:
    old, new = json.loads(COMMITTED.read_text("utf-8")), build_contract()
    changes = find_changes(old, new)
    assert is_bumped(changes, old["contract"], new["contract"]), (
        f"raise CONTRACT_VERSION to {demanded_version(changes, old['contract'])} for {changes}"
    )


def test_the_committed_contract_and_dictionary_are_in_step_with_the_models() -> None:
    assert json.loads(COMMITTED.read_text("utf-8")) == build_contract(), REGENERATE
    dictionary = (ROOT / "schemas" / "DICTIONARY.md").read_text("utf-8")
    assert dictionary == build_dictionary(build_contract()), f"{REGENERATE}, and with --form markdown for DICTIONARY.md"


def test_the_readme_links_the_dictionary() -> None:
    assert "(schemas/DICTIONARY.md)" in (ROOT / "README.md").read_text("utf-8")


# -- patch, minor, breaking -----------------------------------------------------------------------------------------------


def changed(table: str, column: str, **values: Any) -> Document:
    """Return the contract with one column told otherwise."""
    contract = build_contract()
    next(told for told in contract["tables"][table]["columns"] if told["name"] == column).update(values)
    return contract


def without_column(table: str, column: str) -> Document:
    contract = build_contract()
    told = contract["tables"][table]
    told["columns"] = [about for about in told["columns"] if about["name"] != column]
    return contract


def without_table(table: str) -> Document:
    contract = build_contract()
    del contract["tables"][table]
    return contract


def without_links() -> Document:
    return build_contract() | {"links": []}


def swapped() -> Document:
    contract = build_contract()
    contract["tables"]["texts"]["columns"].reverse()
    return contract


def keyed(key: str, columns: list[str]) -> Document:
    contract = build_contract()
    contract["tables"]["answers"][key] = columns
    return contract


NOW = build_contract()
PAIRS = [
    (NOW, without_table("texts"), BREAKING, "texts"),
    (without_table("texts"), NOW, MINOR, "texts"),
    (NOW, without_column("answers", "votes"), BREAKING, "answers.votes"),
    (without_column("answers", "votes"), NOW, MINOR, "answers.votes"),
    (NOW, swapped(), MINOR, "texts"),
    (NOW, keyed("key", ["question_id", "position"]), BREAKING, "answers"),
    (NOW, keyed("sort", ["answer_id"]), BREAKING, "answers"),
    (NOW, changed("answers", "votes", type="int64"), BREAKING, "answers.votes"),
    (NOW, changed("answers", "position", nullable=True), BREAKING, "answers.position"),
    (NOW, changed("answers", "votes", nullable=False), MINOR, "answers.votes"),
    (NOW, changed("answers", "votes", unit="thousand votes"), BREAKING, "answers.votes"),
    (changed("answers", "votes", unit=None), NOW, PATCH, "answers.votes"),
    (NOW, changed("answers", "votes", description="How many liked it"), PATCH, "answers.votes"),
    (NOW, changed("answers", "position", checks={"minimum": 0}), BREAKING, "answers.position"),
    (NOW, changed("answers", "position", checks={"minimum": 2}), MINOR, "answers.position"),
    (NOW, changed("answers", "position", checks={}), BREAKING, "answers.position"),
    (NOW, changed("answers", "confidence", checks={"minimum": 0.0, "maximum": 100.0}), BREAKING, "answers.confidence"),
    (NOW, changed("answers", "confidence", checks={"minimum": 0.0, "maximum": 0.9}), MINOR, "answers.confidence"),
    (NOW, changed("scrapes", "verdict", checks={"enum": ["ok", "suspect", "rejected", "late"]}), BREAKING, "scrapes.verdict"),
    (NOW, changed("scrapes", "verdict", checks={"enum": ["ok", "suspect"]}), MINOR, "scrapes.verdict"),
    (NOW, changed("questions", "url", checks={"minLength": 1, "pattern": "^ftp://"}), BREAKING, "questions.url"),
    (NOW, changed("questions", "url", checks={"minLength": 1, "pattern": "^https?://", "x-host": {}}), MINOR, "questions.url"),
    (NOW, without_links(), BREAKING, "answers.author_id"),
    (without_links(), NOW, MINOR, "answers.author_id"),
]


@pytest.mark.parametrize(
    ("old", "new", "level", "where"), PAIRS, ids=[f"{level}-{at}" for at, (*_, level, _) in enumerate(PAIRS)]
)
def test_each_kind_of_change_has_its_level(old: Document, new: Document, level: str, where: str) -> None:
    changes = find_changes(old, new)
    assert {change.level for change in changes} == {level}
    assert where in {change.where for change in changes}


def test_nothing_changed_is_no_change_and_the_order_of_an_enum_is_none() -> None:
    assert find_changes(NOW, copy.deepcopy(NOW)) == []
    assert find_changes(NOW, changed("scrapes", "verdict", checks={"enum": ["suspect", "ok", "rejected"]})) == []


# -- the command ----------------------------------------------------------------------------------------------------------


def written(path: Path, contract: Document) -> str:
    path.write_text(json.dumps(contract), "utf-8")
    return str(path)


def of_version(contract: Document, version: str) -> Document:
    return contract | {"contract": version}


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As if a column had been taken out of the models, and the version left alone."""
    monkeypatch.setattr(flows.commands.schema, "build_contract", lambda: without_column("answers", "votes"))
    return monkeypatch


def test_diff_says_each_change_and_refuses_a_break_without_a_new_version(
    breaking: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path / "old.json", NOW)
    assert main(["schema", "diff", old]) == 1
    assert "breaking  answers.votes: the column is gone" in capsys.readouterr().out
    major = f"{int(NOW['contract'].split('.')[0]) + 1}.0"
    breaking.setattr(flows.commands.schema, "build_contract", lambda: of_version(without_column("answers", "votes"), major))
    assert main(["schema", "diff", old, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["new"], told["bumped"], [change["level"] for change in told["changes"]]) == (major, True, [BREAKING])


@pytest.mark.usefixtures("breaking")
def test_an_export_never_sweeps_away_the_contract_that_it_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path / "contract.json", NOW)
    assert main(["schema", "export", "--out", old]) == 1
    assert json.loads(Path(old).read_text("utf-8")) == NOW
    assert capsys.readouterr().err.count("\n") == 1


def test_diff_reads_a_snapshot_its_manifest_and_the_folder_of_its_latest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path / "raw", {"a.txt": THREAD})
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "processed")
    for old in (snapshot, snapshot / "manifest.json", tmp_path / "processed"):
        assert main(["schema", "diff", str(old)]) == 0
        assert "not compared" in capsys.readouterr().out
    assert find_changes(read_contract(snapshot), NOW) == []
    (change,) = find_changes(read_contract(snapshot), changed("answers", "votes", type="int64"))
    assert change.level == BREAKING


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"contract": "1.0", "tables": {"a": 1}, "links": []}', '{"files": []}', "\xff"]
)
def test_what_is_no_contract_is_wrong_use_in_one_line(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.json").write_bytes(content.encode("latin-1"))
    assert main(["schema", "diff", str(tmp_path / "old.json")]) == 2
    assert main(["schema", "diff", str(tmp_path)]) == 2
    assert main(["schema", "diff", str(tmp_path / "gone")]) == 2
    assert main(["schema", "export", "--out", str(tmp_path / "gone" / "x.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 4


def test_every_form_goes_to_standard_output_and_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "export"]) == 0
    assert json.loads(capsys.readouterr().out) == NOW
    assert main(["schema", "export", "--form", "json-schema", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["$defs"]) == set(TABLES)
    assert main(["schema", "export", "--form", "markdown"]) == 0
    assert capsys.readouterr().out == build_dictionary(NOW)
    assert main(["schema", "--json", "export", "--form", "markdown"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == build_dictionary(NOW)


def test_the_arrow_file_holds_the_schema_of_each_table_with_its_descriptions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "export", "--out", str(tmp_path / "contract.arrow"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == "arrow"
    with pa.ipc.open_file(tmp_path / "contract.arrow") as file:
        for table in TABLES:
            field = file.schema.field(table)
            assert pa.schema(list(field.type), metadata=field.metadata).equals(arrow_schema(table), check_metadata=True)


def test_the_version_alone_loads_no_models() -> None:
    code = "import sys, flows.run; sys.exit('pandera' in sys.modules or 'polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# -- JSON Schema and Pandera agree ----------------------------------------------------------------------------------------

GOOD = {
    "string": "https://example.org/",
    "bool": True,
    "int32": 3,
    "int64": 3,
    "float64": 0.5,
    "timestamp[us, UTC]": datetime(2026, 3, 2, tzinfo=UTC),
    "list<string>": ["a"],
}
TRIALS: dict[str, list[Any]] = {
    "string": ["", "x", "0" * 32, "0" * 33, "A" * 32, "http://a", "ftp://a", "ok", "cell", None],
    "int32": [-1, 0, 1, None],
    "int64": [-1, 0, 1, None],
    "float64": [-0.5, 0.0, 1.0, 1.5, 5.0, 5.5, None],
    "bool": [True, None],
    "list<string>": [[], None],
    "timestamp[us, UTC]": [None],
}


def good_value(column: Document) -> Any:
    if "enum" in column["checks"]:
        return column["checks"]["enum"][0]
    return "0" * 32 if "[0-9a-f]" in column["checks"].get("pattern", "") else GOOD[column["type"]]


def kinds_of_column() -> list[tuple[str, Document]]:
    """Return one column of each kind: type, null rule and checks."""
    kinds = {}
    for table, told in NOW["tables"].items():
        for column in told["columns"]:
            kinds.setdefault((column["type"], column["nullable"], str(column["checks"])), (table, column))
    return list(kinds.values())


@pytest.mark.parametrize(
    ("table", "column"), kinds_of_column(), ids=lambda told: told if isinstance(told, str) else told["name"]
)
def test_json_schema_takes_what_the_models_take_and_nothing_else(table: str, column: Document) -> None:
    schema = build_json_schema(NOW)["$defs"][table]
    row = {about["name"]: good_value(about) for about in NOW["tables"][table]["columns"]}
    for value in [*TRIALS[column["type"]], good_value(column)]:
        tried = row | {column["name"]: value}
        shown = {name: cell.isoformat() if isinstance(cell, datetime) else cell for name, cell in tried.items()}
        taken = jsonschema.Draft202012Validator(schema).is_valid(shown)
        assert taken == is_taken(table, tried), f"{column['name']} = {value!r}"


def is_taken(table: str, row: dict[str, Any]) -> bool:
    try:
        TABLES[table].validate(pl.DataFrame([row], schema=polars_schema(table)))
    except pandera.errors.SchemaError:
        return False
    return True


def test_a_row_with_a_column_too_many_or_too_few_is_refused_and_the_keys_are_told() -> None:
    schema = build_json_schema(NOW)["$defs"]["texts"]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"scrape_id": "0" * 32, "text": "a"})
    assert not validator.is_valid({"scrape_id": "0" * 32})
    assert not validator.is_valid({"scrape_id": "0" * 32, "text": "a", "more": 1})
    assert schema["x-key"] == traits_of("texts")["key"]
    assert schema["properties"]["scrape_id"]["x-refers-to"] == "scrapes.scrape_id"
