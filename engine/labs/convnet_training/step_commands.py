"""The lab's commands about the network in front: one update in slow motion, and over to another lab."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.lab import Lab
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.snapshot import BatchView, ConvnetTrainingSnapshot

if TYPE_CHECKING:
    from engine.ask import Cell
    from engine.labs.convnet_training.bench import Bench
    from engine.labs.convnet_training.handing import Handing
    from engine.labs.convnet_training.through import Through

STAGES_PER_SECOND = 2.0
"""How fast a person follows an update; the speed list offers others."""


class StepCommands(Lab[ConvnetTrainingConfig, ConvnetTrainingSnapshot]):
    """What the lab is built on."""

    _bench: Bench | None
    _through: Through | None = None
    _handing: Handing | None = None
    _batch_view: tuple[object, BatchView | None] | None = None
    _has_arrived = False
    """The update in slow motion has just been made, where playing stops."""

    def _need(self) -> Bench:
        """What is in front. Raises `UserError` where there is nothing."""
        raise NotImplementedError

    # Slow motion --------------------------------------------------------------------------------------

    @property
    def speed(self) -> float | None:
        """A few stages a second while an update is gone through, else as fast as it can."""
        return None if self._through is None else STAGES_PER_SECOND

    def go_through(self) -> None:
        """Make the next update in slow motion, and play it. Raises `UserError` where none is left."""
        from engine.labs.convnet_training.through import Through

        bench = self._need()
        through = Through(bench.looking)
        self._leave()
        if not bench.run.follows:
            bench.go_to(None)
        bench.look()
        self._through = through
        through.advance()
        self.begins_playing = True

    def leave_step(self) -> None:
        """Leave slow motion; an update whose last stage was not reached is not made."""
        if self._through is not None:
            self._leave()
            self._need().look()

    def _leave(self) -> None:
        through, self._through, self._has_arrived = self._through, None, False
        if through is not None:
            through.close()

    def _step_through(self, through: Through) -> None:
        """The next stage; after the last, the first of the next update."""
        if through.is_over:
            self.go_through()
            self.begins_playing = False
            return
        through.advance()
        self._has_arrived = through.is_over

    def _can_go_through(self, through: Through) -> bool:
        """False once as an update has been made, so that playing stops there; then where none is left."""
        return not self._has_arrived and not (through.is_over and self._need().run.is_over)

    def _is_between_stages(self) -> bool:
        """Whether it rests in the middle of an update, where nothing new is to be measured."""
        self._has_arrived = False
        return self._through is not None and not self._through.is_over

    def _ask_stage(self, cell: Cell | None) -> bool:
        """Whether the question is about the update in slow motion, which then answers."""
        return self._through is not None and self._through.ask(cell)

    def _with_more(self, snapshot: ConvnetTrainingSnapshot) -> ConvnetTrainingSnapshot:
        """The snapshot with what this file adds to it."""
        snapshot = replace(snapshot, batch=self._batch())
        handed = self._handing.handed if self._handing is not None else None
        through = self._through
        if through is None:
            return snapshot if handed is None else replace(snapshot, handed=handed)
        if through.question is not None:
            snapshot = replace(snapshot, question=through.question, answer=through.answer)
        return replace(snapshot, stage=through.stage, handed=handed)

    def _batch(self) -> BatchView | None:
        """The batch of the shown update, made as often as the network is looked at, where it is seen."""
        bench = self._need()
        if bench.attention not in ("", "pictures"):
            return None
        key = bench.run, bench.run.shown, bench.run.training.recipe.augmentation
        if self._batch_view is None or self._batch_view[0] != key:
            from engine.labs.convnet_training.batch_view import batch_view

            self._batch_view = key, batch_view(bench.run)
        return self._batch_view[1]

    # To another lab -----------------------------------------------------------------------------------

    def hand_over(self) -> None:
        """Write the network as it is shown where another lab may open it. Raises `UserError`."""
        from engine.labs.convnet_training.handing import Handing

        bench = self._need()
        if self._handing is None:
            self._handing = Handing(self.folder)
        self._handing.hand(bench.save)

    def _end_step_commands(self) -> None:
        self._leave()
        if self._handing is not None:
            self._handing.close()
