"""What was measured, in a sentence or two: how well it learned, whether it overfits, what it mixes up."""

from __future__ import annotations

import math

from engine.labs.convnet_training.snapshot import DataView, Learning, Verdict

APART = 0.05
"""By which accuracy on what is learned from exceeds that on what is not, to be called overfitting."""
CHANCE = 1.5
"""Times the accuracy of guessing below which nothing was learned."""
CONFUSED = 2
"""Pictures of one class taken for another from which that is told."""


def finding(data: DataView, learning: Learning, verdict: Verdict | None) -> str:
    """From the numbers alone; "" where there is nothing to tell."""
    if learning.preparing is not None and learning.step == learning.curves.begun_at:
        done, total = learning.preparing
        return f"{done:,} of {total:,} pictures have passed the layers that never change; that is done once."
    if learning.failed_at is not None:
        return (
            f"At update {learning.failed_at:,} the loss was no number any more, so the run stopped there. "
            "A smaller learning rate keeps it from happening."
        )
    told = (_score(data, verdict), _overfits(learning, verdict), _mixes_up(data, verdict))
    return " ".join(sentence for sentence in told if sentence)


def _score(data: DataView, verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    tested = sum(data.test_counts)
    of = f"all {tested:,}" if verdict.of == tested else f"{verdict.of:,} of the {tested:,}"
    guess = 1 / len(data.classes)
    after = "before the first update" if not verdict.step else f"after update {verdict.step:,}"
    if verdict.accuracy < CHANCE * guess:
        return (
            f"{percent(verdict.accuracy)} of {of} test pictures are right {after}; "
            f"guessing gets {percent(guess)}."
        )
    return f"{percent(verdict.accuracy)} of {of} test pictures are right {after}."


def _overfits(learning: Learning, verdict: Verdict | None) -> str:
    """Whether it knew the pictures of the epoch before the score much better than the others."""
    if verdict is None or verdict.step - learning.curves.begun_at < learning.per_epoch:
        return ""
    steps = learning.curves.accuracy_steps
    near = learning.curves.accuracy[(steps > verdict.step - learning.per_epoch) & (steps <= verdict.step)]
    own = float(near.mean()) if len(near) else math.nan
    if not own - verdict.accuracy > APART:
        return ""
    return f"Of the pictures that it learns from it gets {percent(own)}: it learns them by heart."


def _mixes_up(data: DataView, verdict: Verdict | None) -> str:
    """The pair of classes that is mixed up most."""
    if verdict is None or verdict.accuracy < CHANCE / len(data.classes):
        return ""
    wrong = verdict.confusion.copy()
    for label in range(len(wrong)):
        wrong[label, label] = 0
    most = int(wrong.max(initial=0))
    if most < CONFUSED:
        return ""
    truth, taken = divmod(int(wrong.argmax()), len(wrong))
    return f"Most often “{data.classes[truth]}” is taken for “{data.classes[taken]}” ({most} pictures)."


def percent(share: float) -> str:
    """ "97.3 %"; "100 %" only where nothing is missing."""
    if share == 1:
        return "100 %"
    return (
        f"{min(share, 0.9999):.2%}".replace("%", " %") if share > 0.99 else f"{share:.1%}".replace("%", " %")
    )
