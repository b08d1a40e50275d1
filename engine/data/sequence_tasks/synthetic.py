"""The tasks whose sequences are drawn: recall, adding, copy memory and temporal order."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.data.sequence_tasks.task import Baseline, Batch, Classification, Regression, Task

SYMBOLS = 8
"""Among which recall and copy memory choose."""
RECALL_NOISE = 0.3
"""Standard deviation of what comes after the symbol to recall, unless another is chosen."""
COPIED = 10
"""Symbols to copy, where the sequence is long enough for them."""
BLANK, DELIMITER = SYMBOLS, SYMBOLS + 1


class Recall(Classification):
    """x(0) is one of 8 symbols, one-hot; after it Gaussian noise on all inputs.

    A small form of the latching of a first symbol through noise (Bengio, Simard and Frasconi, 1994).
    """

    name, title = "recall", "Recall the first symbol"
    sentence = "One of 8 symbols comes first and noise after it; at the end the network must name the symbol."
    source = "after Bengio, Simard and Frasconi (1994)"
    inputs = outputs = SYMBOLS

    def __init__(self, noise: float = RECALL_NOISE) -> None:
        """`noise` is its standard deviation, from 0 on."""
        self.noise = noise

    def lag(self, length: int) -> int:
        return self.steps(length) - 1

    def batch(self, generator: torch.Generator, batch: int, length: int) -> Batch:
        targets = torch.randint(SYMBOLS, (batch,), generator=generator)
        inputs = torch.empty(self.steps(length), batch, SYMBOLS)
        inputs[1:].normal_(0, self.noise, generator=generator)
        inputs[0] = F.one_hot(targets, SYMBOLS)
        return Batch(inputs, targets)

    def baseline(self, length: int) -> Baseline:
        return Baseline(math.log(SYMBOLS), 1 / SYMBOLS, "A guess among 8 symbols costs ln 8 = 2.08 nats.")


class Adding(Regression):
    """x(t) is a number uniform in 0 … 1 and a marker, which is 1 at one step of each half and 0 elsewhere.

    Hochreiter and Schmidhuber (1997), experiment 4, in the form in which it has been compared since (Le et
    al. 2015; Arjovsky et al. 2016): numbers from 0 to 1, one marker in each half, and their plain sum as the
    target.
    """

    name, title = "adding", "Adding problem"
    sentence = "Two of many numbers are marked, one in each half; at the end the network must give their sum."
    source = "Hochreiter and Schmidhuber (1997), experiment 4; Arjovsky, Shah and Bengio (2016)"
    inputs = 2
    tolerance = 0.04
    accuracy_definition = (
        "Share of sequences whose sum is given with an error below 0.04 (the criterion of Hochreiter and "
        "Schmidhuber 1997, whose targets range over 1 and these over 2)."
    )

    def lag(self, length: int) -> int:
        return self.steps(length) - 1

    def batch(self, generator: torch.Generator, batch: int, length: int) -> Batch:
        steps = self.steps(length)
        inputs = torch.zeros(steps, batch, 2)
        values = inputs[..., 0].uniform_(0, 1, generator=generator)
        marked = torch.stack(
            (
                torch.randint(steps // 2, (batch,), generator=generator),
                torch.randint(steps // 2, steps, (batch,), generator=generator),
            )
        )
        inputs[..., 1].scatter_(0, marked, 1.0)
        return Batch(inputs, values.gather(0, marked).sum(0))

    def baseline(self, length: int) -> Baseline:
        """The sum of two numbers uniform in 0 … 1 has variance 1/6 and a triangular density around 1: the
        baseline of Arjovsky et al. (2016).
        """
        right = 1 - (1 - self.tolerance) ** 2
        return Baseline(1 / 6, right, "Always answering 1 costs 1/6 = 0.167.")


class CopyMemory(Task):
    """Ten symbols, a pause, a delimiter, and ten steps in which they are to be repeated in their order.

    Arjovsky, Shah and Bengio (2016), section 5.1: 8 symbols, a blank and a delimiter; the delimiter is the
    step before the repetition, and everything else, in the inputs as in the targets, is blank. Their T is the
    steps between the last symbol and the repetition, so that a sequence has T + 20 steps; `length` counts
    them all. Below 21 steps there are fewer symbols to copy.
    """

    name, title = "copy", "Copy memory"
    sentence = "Ten symbols are shown, then a pause; after a signal the network must repeat them in order."
    source = "Arjovsky, Shah and Bengio (2016), section 5.1; after Hochreiter and Schmidhuber (1997)"
    inputs = outputs = SYMBOLS + 2
    every_step = True
    shortest = 3
    loss_definition = (
        "Cross-entropy in nats of the outputs with the class, mean over all steps (blanks too) and the batch."
    )
    accuracy_definition = "Share of the symbols to repeat that have the largest output at their step."

    def copied(self, length: int) -> int:
        """S: how many symbols are to be repeated, in the last S steps."""
        return min(COPIED, (self.steps(length) - 1) // 2)

    def lag(self, length: int) -> int:
        """The same for every symbol."""
        return length - self.copied(length)

    def batch(self, generator: torch.Generator, batch: int, length: int) -> Batch:
        steps, count = self.steps(length), self.copied(length)
        symbols = torch.randint(SYMBOLS, (count, batch), generator=generator)
        shown = torch.full((steps, batch), BLANK)
        targets = shown.clone()
        shown[:count], shown[steps - count - 1] = symbols, DELIMITER
        targets[steps - count :] = symbols
        return Batch(F.one_hot(shown, self.inputs).float(), targets)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs.flatten(0, 1), targets.flatten())

    def accuracy(self, outputs: Tensor, targets: Tensor) -> Tensor:
        count = self.copied(len(targets))
        return (outputs[-count:].argmax(-1) == targets[-count:]).float().mean()

    def baseline(self, length: int) -> Baseline:
        count = self.copied(length)
        loss = count * math.log(SYMBOLS) / length
        told = f"Blanks, then {count} guesses among 8, cost {count} ln 8 / {length} = {loss:.3f} nats."
        return Baseline(loss, 1 / SYMBOLS, told)


class TemporalOrder(Classification):
    """Two symbols X or Y among distractors a, b, c, d; the class is which two came, in their order.

    Hochreiter and Schmidhuber (1997), experiment 6a: a sequence starts with E and ends with B; the first
    symbol comes after a tenth to a fifth of the steps, the second after a half to six tenths. There a
    sequence has 100 to 110 steps; here all have the same number, and the places go with it.
    """

    name, title = "order", "Temporal order"
    sentence = (
        "X or Y comes twice among distractors; at the end the network must say which two, and in order."
    )
    source = "Hochreiter and Schmidhuber (1997), experiment 6a"
    inputs, outputs = 8, 4
    shortest = 4
    symbols = "EBabcdXY"
    """What each input stands for."""

    def places(self, length: int) -> tuple[range, range]:
        """The steps at which the first and the second symbol may come."""
        steps = self.steps(length)
        first = range(max(1, steps // 10), max(1, steps // 5) + 1)
        begin = max(first.stop, steps // 2)
        return first, range(begin, min(steps - 2, max(begin, 3 * steps // 5)) + 1)

    def lag(self, length: int) -> int:
        """From the earliest place of the first symbol."""
        return self.steps(length) - 1 - self.places(length)[0].start

    def batch(self, generator: torch.Generator, batch: int, length: int) -> Batch:
        steps = self.steps(length)
        shown = torch.randint(2, 6, (steps, batch), generator=generator)
        shown[0], shown[-1] = 0, 1
        which = torch.randint(2, (2, batch), generator=generator)
        at = torch.stack(
            [
                torch.randint(place.start, place.stop, (batch,), generator=generator)
                for place in self.places(length)
            ]
        )
        shown.scatter_(0, at, which + 6)
        return Batch(F.one_hot(shown, self.inputs).float(), 2 * which[0] + which[1])

    def baseline(self, length: int) -> Baseline:
        return Baseline(math.log(4), 1 / 4, "A guess among 4 orders costs ln 4 = 1.39 nats.")
