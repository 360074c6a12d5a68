"""The JSON-LD of a page → its nodes, as plain data; broken blocks are mended where a small repair does it.

JSON itself is enough here: extruct needs lxml, rdflib and pyRdfa for other syntaxes, PyLD expands against contexts that it
would have to fetch, and neither reads a block with a trailing comma. Pages use one vocabulary, schema.org, under a few names.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

MAX_BLOCKS, MAX_BLOCK = 64, 4 << 20  # a thread of 1,000 posts of 2 KB is 2 MB
MAX_NODES = 50_000
MAX_PARTS = 16  # documents in one block
# HTML comments, CDATA sections with their comment marks, a closing semicolon: left from pages that were XHTML or scripts.
WRAPPING = re.compile(r"\A(?:\s|<!--|//|/\*|\*/|<!\[CDATA\[)+|(?:\s|-->|//|/\*|\*/|\]\]>|;)+\Z")
STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)
BAD_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt])|u(?=[0-9a-fA-F]{4})|)')
TYPE_NAME = re.compile(r"[A-Za-z]+\Z")

Node = dict[str, Any]


def read_nodes(blocks: Sequence[str]) -> list[Node]:
    """Return the top nodes of the JSON-LD blocks of a page, those of `@graph` each by itself; never raises.

    References by `@id` are resolved one level at a time by `resolve`. What cannot be read is passed over, its siblings are not.

    >>> read_nodes(['{"@type": "Question", "name": "Why?",}', '{', '[{"@id": "#a"}]'])
    [{'@type': 'Question', 'name': 'Why?'}, {'@id': '#a'}]
    """
    found: list[Node] = []
    for block in blocks[:MAX_BLOCKS]:
        if len(block) <= MAX_BLOCK:
            for document in _parse(block):
                _add_tops(document, found)
    return found


def _add_tops(document: object, found: list[Node]) -> None:
    waiting = [document]
    while waiting and len(found) < MAX_NODES:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value[:MAX_NODES])
        elif isinstance(value, dict):
            graph = value.get("@graph")
            if isinstance(graph, list | dict):
                waiting.append(graph)
            if set(value) - {"@context", "@id", "@graph"} or (value and graph is None):
                found.append({key: inner for key, inner in value.items() if key != "@graph"})


def _parse(block: str) -> list[object]:
    text = WRAPPING.sub("", block.lstrip("\ufeff"))
    for mend in (str, _drop_commas, _mend_escapes, html.unescape):
        text = mend(text)
        documents = _load(text)
        if documents is not None:
            return documents
    return []


def _load(text: str) -> list[object] | None:
    try:
        return [orjson.loads(text)]
    except (ValueError, UnicodeEncodeError):
        pass
    decoder = json.JSONDecoder(strict=False)  # it takes control characters in strings, and lone surrogates
    documents: list[object] = []
    at = 0
    try:
        while at < len(text) and len(documents) < MAX_PARTS:  # some pages write several objects after one another
            document, at = decoder.raw_decode(text, at)
            documents.append(document)
            at = len(text) - len(text[at:].lstrip(" \t\r\n,;"))
    except (ValueError, RecursionError):
        return documents if documents and isinstance(documents[0], dict | list) else None
    return documents


def _drop_commas(text: str) -> str:
    return STRING_OR_COMMA.sub(lambda found: "" if found[0] == "," else found[0], text)


def _mend_escapes(text: str) -> str:
    return BAD_ESCAPE.sub(lambda found: found[0] if found[1] or found[0] == "\\u" else "", text)


# -- values of a node -----------------------------------------------------------------------------------------------------


def types_of(node: Node) -> set[str]:
    """Return the names of a node's types, without the address of their vocabulary.

    >>> sorted(types_of({"@type": ["https://schema.org/Question", "schema:CreativeWork"]}))
    ['CreativeWork', 'Question']
    """
    named = node.get("@type")
    names = named if isinstance(named, list) else [named]
    return {found[0] for name in names[:8] if isinstance(name, str) and len(name) < 100 and (found := TYPE_NAME.search(name))}


def index_ids(nodes: Sequence[Node]) -> dict[str, Node]:
    """Return the nodes by their `@id`, those that say something of themselves."""
    index: dict[str, Node] = {}
    for node in walk(nodes):
        identity = node.get("@id")
        if isinstance(identity, str) and len(node) > len(index.get(identity, {"@id": identity})):
            index[identity] = node
    return index


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield every node at any depth, in document order, to a limit."""
    waiting: list[object] = list(reversed(nodes))
    count = 0
    while waiting and count < MAX_NODES:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            yield value
            waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value[:MAX_NODES])


def list_nodes(node: Node, key: str, index: dict[str, Node]) -> list[Node]:
    """Return the nodes under a key, be it one or a list, with references resolved."""
    value = node.get(key)
    values = value if isinstance(value, list) else [value]
    return [resolve(inner, index) for inner in values[:MAX_NODES] if isinstance(inner, dict)]


def resolve(node: Node, index: dict[str, Node]) -> Node:
    """Return the node that a reference means, or the node itself."""
    identity = node.get("@id")
    return index.get(identity, node) if isinstance(identity, str) and len(node) <= 2 else node


def read_string(node: Node, *keys: str) -> str | None:
    """Return the first of some keys that holds text, as it stands; of a list, its first; None where none does."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, list):
            value = next((inner for inner in value[:8] if isinstance(inner, str | dict)), None)
        if isinstance(value, dict):
            value = value.get("@value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def read_count(node: Node, key: str) -> int | None:
    """Return a whole number, as such or as text ("1,204"); None for anything else.

    >>> read_count({"upvoteCount": "1,204"}, "upvoteCount"), read_count({"upvoteCount": "many"}, "upvoteCount")
    (1204, None)
    """
    text = read_string(node, key)
    if text is None or len(text) > 14:
        return None
    try:
        count = int(text.replace(",", "").replace("\u202f", "").removesuffix(".0"))
    except ValueError:
        return None
    return count if -(2**31) <= count < 2**31 else None
