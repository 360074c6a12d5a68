"""Arrays → weights: a small network over lines, trained with jax; what it computes is what flows/split/flat/network.py computes."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.training.tensors import Arrays

BATCH, SPACE = 4096, 8  # lines; zero lines between two pages, so that no window sees the neighbour
KINDS, LABELS = 4, 5
REACHES = ((-2, -1, 0, 1, 2), (-3, -2, -1, 0, 1, 2, 3), (-8, -4, -2, -1, 0, 1, 2, 4, 8))
HIDDEN = (40, 40, 40)
Weights = dict[str, Any]


def new_weights(seed: int, features: int) -> Weights:
    keys = jax.random.split(jax.random.PRNGKey(seed), 8)
    sizes = [features * len(REACHES[0]), HIDDEN[0] * (KINDS + 2) * len(REACHES[1]), HIDDEN[1] * (KINDS + 2) * len(REACHES[2])]
    weights: Weights = {}
    for layer, (size, out) in enumerate(zip(sizes, HIDDEN, strict=True)):
        weights[f"w{layer}"] = jax.random.normal(keys[layer], (size, out)) * np.sqrt(1.5 / size)
        weights[f"b{layer}"] = jnp.zeros(out)
    weights["w3"] = jax.random.normal(keys[5], (sum(HIDDEN), LABELS + 2)) * 0.05
    weights["b3"] = jnp.zeros(LABELS + 2)
    return weights


def shifted(x: jax.Array, reach: Sequence[int]) -> jax.Array:
    pad = max(map(abs, reach))
    wide = jnp.pad(x, ((pad, pad), (0, 0)))
    return jnp.concatenate([wide[pad + k : pad + k + x.shape[0]] for k in reach], axis=1)


def pooled(x: jax.Array, groups: jax.Array, page: jax.Array, mask: jax.Array) -> jax.Array:
    """The lines' states, beside them the means over the lines of each mask and over the page."""
    parts = [x]
    for group in [*groups, page]:
        sums = jax.ops.segment_sum(x * mask, group, num_segments=BATCH)
        counts = jax.ops.segment_sum(mask, group, num_segments=BATCH)
        parts.append((sums / jnp.maximum(counts, 1.0))[group] * mask)
    return jnp.concatenate(parts, axis=1)


def forward(weights: Weights, batch: dict[str, jax.Array], key: jax.Array | None) -> jax.Array:
    mask = batch["mask"]
    states = []
    x = batch["x"]
    for layer in range(3):
        wide = shifted(x, REACHES[layer])
        x = jax.nn.relu(wide @ weights[f"w{layer}"] + weights[f"b{layer}"]) * mask
        if key is not None:
            key, now = jax.random.split(key)
            x = (
                x * jax.random.bernoulli(now, 0.85, (1, x.shape[1])) / 0.85
                if layer == 0
                else x * jax.random.bernoulli(now, 0.85, x.shape) / 0.85
            )
        states.append(x)
        if layer < 2:
            x = pooled(x, batch["groups"], batch["page"], mask)
    return jnp.concatenate(states, axis=1) @ weights["w3"] + weights["b3"]


def loss(weights: Weights, batch: dict[str, jax.Array], key: jax.Array | None) -> jax.Array:
    out = forward(weights, batch, key)
    logs = jax.nn.log_softmax(out[:, :LABELS])
    weight = batch["weight"] * batch["mask"][:, 0]
    total = -jnp.sum(jnp.take_along_axis(logs, batch["label"][:, None], axis=1)[:, 0] * weight)
    for place, name in ((LABELS, "author"), (LABELS + 1, "date")):
        z, y = out[:, place], batch[name]
        total += 0.5 * jnp.sum(
            (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))) * weight * batch["known"][:, place - LABELS]
        )
    return total / jnp.sum(weight)


def pack(pages: Sequence[Arrays], order: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Lay pages end to end in batches of one size."""
    batches: list[dict[str, np.ndarray]] = []
    features = pages[0].x.shape[1]
    at = BATCH
    for number in order:
        page = pages[number]
        size = len(page.x)
        if at + size > BATCH:
            batch = {
                "x": np.zeros((BATCH, features), np.float32), "groups": np.full((KINDS, BATCH), BATCH - 1, np.int32), "page": np.full(BATCH, BATCH - 1, np.int32),
                "mask": np.zeros((BATCH, 1), np.float32), "label": np.zeros(BATCH, np.int32), "author": np.zeros(BATCH, np.float32),
                "date": np.zeros(BATCH, np.float32), "weight": np.zeros(BATCH, np.float32), "known": np.zeros((BATCH, 2), np.float32),
            }  # fmt: skip
            batches.append(batch)
            at = 0
        place = slice(at, at + size)
        batch["x"][place], batch["groups"][:, place], batch["page"][place] = page.x, page.groups + at, at
        batch["mask"][place], batch["label"][place] = 1.0, page.label
        batch["author"][place], batch["date"][place], batch["weight"][place] = page.author, page.date, page.weight
        batch["known"][place] = page.slots
        at += size + SPACE
    return batches


@functools.partial(jax.jit, donate_argnums=(0, 1))
def step(
    weights: Weights, state: Any, batch: dict[str, jax.Array], key: jax.Array, rate: jax.Array
) -> tuple[Weights, Any, jax.Array]:
    value, slopes = jax.value_and_grad(loss)(weights, batch, key)
    count = state["count"] + 1
    norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(slopes)))
    slopes = jax.tree.map(lambda g: g * jnp.minimum(1.0, 2.0 / (norm + 1e-9)), slopes)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["first"], slopes)
    second = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, state["second"], slopes)
    fix1, fix2 = 1 - 0.9**count, 1 - 0.99**count
    weights = jax.tree.map(
        lambda w, m, v: w - rate * (m / fix1 / (jnp.sqrt(v / fix2) + 1e-8) + 0.01 * w), weights, first, second
    )
    return weights, {"count": count, "first": first, "second": second}, value


def train(pages: Sequence[Arrays], epochs: int = 12, seed: int = 0, rate: float = 0.003, verbose: bool = False) -> Weights:
    dice = np.random.default_rng(seed)
    weights = new_weights(seed, pages[0].x.shape[1])
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = {"count": jnp.zeros(()), "first": zeros, "second": jax.tree.map(jnp.zeros_like, weights)}
    key = jax.random.PRNGKey(seed)
    for epoch in range(epochs):
        begin, values = time.time(), []
        batches = pack(pages, dice.permutation(len(pages)))
        for number, batch in enumerate(batches):
            key, now = jax.random.split(key)
            share = (epoch + number / len(batches)) / epochs
            slow = rate * min(1.0, share * epochs * 2 + 0.05) * (1 - share) ** 0.8
            weights, state, value = step(weights, state, batch, now, jnp.float32(slow))
            values.append(value)
        if verbose:
            print(f"epoch {epoch}: loss {float(np.mean(np.array(values))):.4f}  {time.time() - begin:.0f} s", flush=True)
    return {name: np.asarray(value) for name, value in weights.items()}
