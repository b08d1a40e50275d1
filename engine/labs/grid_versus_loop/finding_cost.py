"""What length costs, in a sentence or two: who grows how, and what runs one step after the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.labs.grid_versus_loop.finding_words import joined, sentence
from engine.labs.grid_versus_loop.growth import GROWN, exponent, is_linear, microseconds, per_unit
from engine.labs.grid_versus_loop.snapshot import Costs, Counted


def finding_of_cost(seen: Costs) -> str:
    """Of the times forwards and backwards together. "" before every length was measured once."""
    both = {name: found + seen.backward_by_length[name] for name, found in seen.forward_by_length.items()}
    if not both or not all(np.isfinite(found).all() for found in both.values()):
        return ""
    counted = {name: found[-1] for name, found in seen.counted_by_length.items()}
    parts = (_growth(both, seen, counted), _per_position(both, seen, counted), _parameters(seen))
    return " ".join(filter(None, parts))


def _growth(both: Mapping[str, np.ndarray], seen: Costs, counted: Mapping[str, Counted]) -> str:
    """Whose time grows with which power of the length."""
    grown = seen.lengths >= GROWN
    powers = {name: exponent(seen.lengths[grown], found[grown]) for name, found in both.items()}
    told = {name: f"the {counted[name].title} (length^{power:.2f})" for name, power in powers.items()}
    linear = [told[name] for name, power in powers.items() if is_linear(power)]
    less = [told[name] for name, power in powers.items() if power < 1 and not is_linear(power)]
    more = [told[name] for name, power in powers.items() if power > 1 and not is_linear(power)]
    ways = {"in proportion to the length": linear, "less": less, "more": more}
    parts = [f"{how} for {joined(names)}" for how, names in ways.items() if names]
    return sentence(f"from {GROWN} to {seen.lengths[-1]:,} positions time grows {'; '.join(parts)}")


def _per_position(both: Mapping[str, np.ndarray], seen: Costs, counted: Mapping[str, Counted]) -> str:
    """What one more position costs a loop, and a grid."""
    grown = seen.lengths >= GROWN
    slopes = {name: 1000 * per_unit(seen.lengths[grown], found[grown]) for name, found in both.items()}
    loops = [name for name in slopes if counted[name].family == "loop"]
    grids = [name for name in slopes if counted[name].family == "grid"]
    if not loops or not grids:
        return ""
    told = joined([f"the {counted[name].title} {microseconds(slopes[name])}" for name in (*loops, *grids)])
    steps = joined(
        [f"{counted[name].sequential_steps:,} by the {counted[name].title}" for name in (loops[0], grids[0])]
    )
    return (
        f"One more position of {seen.batch} sequences costs {told}, forwards and backwards; at "
        f"{seen.lengths[-1]:,} positions, operations that wait for one another are {steps}."
    )


def _parameters(seen: Costs) -> str:
    """Whose parameters are the same at every length."""
    shortest, longest = (
        {name: found[at] for name, found in seen.counted_by_length.items()} for at in (0, -1)
    )
    factors = {name: one.parameters / shortest[name].parameters for name, one in longest.items()}
    constant = [longest[name].title for name, factor in factors.items() if factor == 1]
    growing = [
        f"the {longest[name].title} has {factor:.0f} times as many"
        for name, factor in factors.items()
        if factor > 1
    ]
    parts = [f"the parameters of {joined(constant)} are the same at every length" if constant else ""]
    parts.append(
        f"at {seen.lengths[-1]:,} positions {joined(growing)} as at {seen.lengths[0]}" if growing else ""
    )
    return sentence("; ".join(filter(None, parts)))
