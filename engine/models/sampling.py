"""Choosing the next token from a distribution: temperature, top-k and top-p."""

from __future__ import annotations

import numpy as np


def truncated(
    log_probabilities: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> np.ndarray:
    """(V,) float64 probabilities to draw from, summing to one.

    `log_probabilities` (V,) are divided by `temperature` (0 leaves the most probable alone). Then only the
    `top_k` most probable stay (0: all; Fan et al. 2018), and of those only the smallest set whose share
    reaches `top_p` (nucleus sampling, Holtzman et al. 2020). Raises ValueError for a negative temperature
    or `top_k`, or a `top_p` outside 0 to 1.
    """
    if not temperature >= 0 or top_k < 0 or not 0 < top_p <= 1:
        raise ValueError("temperature and top_k are not negative, and top_p is above 0 and at most 1")
    logits = np.asarray(log_probabilities, np.float64)
    if temperature == 0:
        return (np.arange(len(logits)) == logits.argmax()).astype(np.float64)
    with np.errstate(over="ignore"):  # almost no temperature: what is not the most probable is at −∞
        chances = np.exp((logits - logits.max()) / temperature)
    ranked = np.argsort(-chances, kind="stable")
    kept = len(ranked) if top_k == 0 else top_k
    chances[ranked[kept:]] = 0
    shares = np.cumsum(chances[ranked]) / chances.sum()
    chances[ranked[1 + np.searchsorted(shares, top_p) :]] = 0
    return chances / chances.sum()


def draw(chances: np.ndarray, random: np.random.Generator) -> int:
    """A token drawn with these probabilities (V,)."""
    return int(random.choice(len(chances), p=chances))
