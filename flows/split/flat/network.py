"""The trained network: features of lines in, how likely each line is a body's first, middle, last … line out.

Three layers over windows of lines; between them the states of all lines of one mask are averaged, so that a line knows how
its like on the page look. The weights ship in lines.npz and are made by tests/training; numpy alone computes them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.split.flat.features import Seen

REACHES = ((-2, -1, 0, 1, 2), (-3, -2, -1, 0, 1, 2, 3), (-8, -4, -2, -1, 0, 1, 2, 4, 8))
LABELS = 5  # outside a body, its first line, a middle one, its last, its only one
FILE = Path(__file__).parent / "lines.npz"
Array = NDArray[np.float32]


class Guess(NamedTuple):
    """What the network says: the logarithm of each label's probability, and the probabilities of author and date."""

    labels: Array
    author: Array
    date: Array


@lru_cache(maxsize=1)
def load_weights() -> tuple[dict[str, Array], ...]:
    """Return the shipped weights: of each network its layers by name."""
    with np.load(FILE, allow_pickle=False) as stored:
        networks: dict[str, dict[str, Array]] = {}
        for name in stored.files:  # "1_w0": the first layer of the second network
            number, layer = name.split("_")
            networks.setdefault(number, {})[layer] = stored[name].astype(np.float32)
    return tuple(networks[number] for number in sorted(networks))


def guess_lines(seen: Seen, networks: tuple[dict[str, Array], ...] | None = None) -> Guess:
    """Return what the networks say of each line, on average."""
    networks = load_weights() if networks is None else networks
    groups = [*(np.array(group, dtype=np.intp) for group in seen.groups), np.zeros(len(seen.rows), dtype=np.intp)]
    pools = [_Pool(group) for group in groups]
    found = [_run(seen.rows, pools, weights) for weights in networks]
    labels = sum((labels for labels, _ in found[1:]), found[0][0]) / len(found)
    chances = sum((chances for _, chances in found[1:]), found[0][1]) / len(found)
    log_labels: Array = np.log(labels + 1e-9).astype(np.float32)
    return Guess(log_labels, chances[:, 0].astype(np.float32), chances[:, 1].astype(np.float32))


def _run(x: Array, pools: list[_Pool], weights: dict[str, Array]) -> tuple[Array, Array]:
    """Return the probabilities of the labels, and those of author and date."""
    states = []
    for layer in range(3):
        x = np.maximum(_window(x, REACHES[layer], weights[f"w{layer}"]) + weights[f"b{layer}"], np.float32(0))
        states.append(x)
        if layer < 2:
            x = np.concatenate([x, *(pool.mean(x) for pool in pools)], axis=1)
    out = np.concatenate(states, axis=1) @ weights["w3"] + weights["b3"]
    odds = np.exp(out[:, :LABELS] - out[:, :LABELS].max(axis=1, keepdims=True))
    labels: Array = np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)
    slots: Array = np.asarray(1.0 / (1.0 + np.exp(-out[:, LABELS:])), dtype=np.float32)
    return labels, slots


def _window(x: Array, reach: tuple[int, ...], weights: Array) -> Array:
    """Return each line's state from those of its neighbours: one product a neighbour, none of lines that are not there."""
    total, width = x.shape
    out = np.zeros((total, weights.shape[1]), dtype=np.float32)
    for place, offset in enumerate(reach):
        if abs(offset) >= total:
            continue
        part = weights[place * width : (place + 1) * width]
        if offset < 0:
            out[-offset:] += x[:offset] @ part
        elif offset:
            out[:-offset] += x[offset:] @ part
        else:
            out += x @ part
    return out


class _Pool:
    """Means over the lines of one group."""

    def __init__(self, group: NDArray[np.intp]) -> None:
        self.order = np.argsort(group, kind="stable")
        self.group = group
        ordered = group[self.order]
        self.starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        self.counts = np.diff(np.append(self.starts, len(group))).astype(np.float32)
        self.place = np.empty(int(ordered[-1]) + 1, dtype=np.intp)
        self.place[ordered[self.starts]] = np.arange(len(self.starts))

    def mean(self, x: Array) -> Array:
        sums = np.add.reduceat(x[self.order], self.starts, axis=0)
        means: Array = np.asarray(sums / self.counts[:, None], dtype=np.float32)
        found: Array = means[self.place[self.group]]
        return found
