"""The image classification lab: its inputs, its commands and what a settings change restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.ask import Cell
from engine.data.kinds import kind_of
from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab, Pulse, changed, silent
from engine.labs.image_classification.config import (
    LAST_LAYER,
    NEEDS,
    SHOWN_LAYER,
    WHAT_IF,
    ImageClassificationConfig,
)
from engine.labs.image_classification.snapshot import ImageClassificationSnapshot
from engine.models.names import model_names

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.data.film import Film
    from engine.data.images import Picture
    from engine.explain.inspection import Inspection, Look
    from engine.labs.image_classification.scene import Scene
    from engine.labs.image_classification.seeking import Seeking

SHOWN = ("layer", "order", "scale", "channel")


class ImageClassification(Lab[ImageClassificationConfig, ImageClassificationSnapshot]):
    """A classifier in front of one picture of a film strip, opened up."""

    title = "Image classification"
    group = "Grid"
    question = "What does the network see in this picture?"
    opens = ("image", "folder", "model")
    config_type = ImageClassificationConfig
    latest_wins = frozenset({"configure", "ask", "look_at", "show", "arrange"})
    comes_again = frozenset({"configure", "look_at"})

    def __init__(
        self,
        config: ImageClassificationConfig,
        device: torch.device,
        pulse: Pulse = silent,
        *,
        screen: bool = True,
    ) -> None:
        from engine.data.film import Film

        super().__init__(config, device, pulse, screen=screen)
        self._film = Film()
        self._aspect = 2.0
        self._inspection: Inspection | None = None
        self._scene: Scene | None = None
        self._pinned: Look | None = None
        self._pinned_name = ""
        self._seeking: Seeking | None = None

    # Inputs ---------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Load the network, once. Raises `UserError` where it, or a chosen layer or class, is not there."""
        if self._inspection is None:
            self._inspection = self._load(self.config)

    def start(self) -> None:
        """Show the sample photographs, the first one classified."""
        self.prepare()
        self.open_samples()

    def open_samples(self) -> None:
        """Fill the film strip with the sample photographs."""
        from engine.data.film import Film, Still
        from engine.data.samples import samples

        stills = [Still(sample.title, sample.credit, sample.path) for sample in samples()]
        if not stills:
            raise UserError(
                "There are no sample photographs",
                "the packages that hold them are not installed",
                "Drop a picture on the window",
            )
        self._show_film(Film(stills))

    def open(self, path: Path) -> None:
        """Take a picture, a folder of pictures, or a model file. Raises `UserError`; nothing is then lost."""
        kind = kind_of(path)
        if kind == "model":
            self.configure(replace(self.config, model=str(path)))
        elif path.is_dir():
            self._open_folder(path)
        else:
            self._open_picture(path)

    def _open_folder(self, path: Path) -> None:
        from engine.data.film import Film, Still
        from engine.data.image_folder import find_images

        self.prepare()
        self._show_film(Film(Still(found.name, path=found) for found in find_images(path)))

    def _open_picture(self, path: Path) -> None:
        from engine.data.film import Still

        self.prepare()
        before = self._film.stills
        index = self._film.add(Still(path.name, path=path))
        try:
            self.show(index)
        except BaseException:
            self._film.stills = before
            raise
        self._start_thumbnails()

    def open_picture(self, rgb: np.ndarray, name: str) -> None:
        """Take a picture (H, W, 3) uint8 that has no file: pasted, or kept from the webcam."""
        from engine.data.film import Still
        from engine.data.images import image_from_array

        self.prepare()
        self.show(self._film.add(Still(name, picture=image_from_array(rgb, name))))
        self._start_thumbnails()

    def look_at(self, rgb: np.ndarray) -> None:
        """Classify one frame (H, W, 3) uint8 of the webcam, outside the film strip."""
        from engine.data.images import image_from_array

        self.prepare()
        self._see(image_from_array(rgb, "Webcam"))

    def show(self, index: int) -> None:
        """Make a picture of the film strip the current one. Raises `UserError`; nothing is then lost."""
        before = self._film.index
        try:
            self._see(self._film.read(index))
        except BaseException:
            self._film.index = before
            raise

    @property
    def can_step(self) -> bool:
        """Playing goes through the film strip."""
        return len(self._film) > 1

    @property
    def speed(self) -> float:
        """A picture a second."""
        return 1.0

    def step(self) -> None:
        """Show the next picture of the film strip, passing over those that cannot be read."""
        count, current = len(self._film), self._film.index
        refusal = UserError("There is no next picture", "the film strip is empty", "Open a picture")
        for ahead in range(1, count + 1):
            try:
                return self.show((current + ahead) % count)
            except UserError as error:
                refusal = error
        raise refusal

    def _show_film(self, film: Film) -> None:
        """Take a film strip, showing its first readable picture; where there is none the old one stays."""
        refusal = UserError("There are no pictures here", "", "Choose another folder")
        for index in range(len(film)):
            self.pulse("Looking for a readable picture", index, len(film))
            try:
                self._see(film.read(index))
            except UserError as error:
                refusal = error
                continue
            self._film = film
            return self._start_thumbnails()
        raise refusal

    def _start_thumbnails(self) -> None:
        slices = self._film.fill_thumbnails()
        self.jobs.start(Job("film", "Reading the film strip", slices, rank=5, for_screen=True))

    def _see(self, picture: Picture) -> None:
        from engine.labs.image_classification.scene import Scene

        if self._inspection is None:
            raise UserError("There is no network", "it could not be loaded", "Choose another one")
        self._scene = Scene(
            self._inspection,
            picture,
            self.config,
            self.jobs,
            aspect=self._aspect,
            pinned=self._pinned,
            former=self._scene,
        )

    # Settings -------------------------------------------------------------------------------------

    def configure(self, config: ImageClassificationConfig) -> None:
        """Change settings; only what depends on those that changed is computed again."""
        before = self.config
        if self._inspection is None or config.model != before.model:
            return self._change_model(config)
        _check(config, self._inspection)
        self.config = config
        if self._scene is not None:
            self._scene.config = config
            self._update(self._scene, before)
        return None

    def _update(self, scene: Scene, before: ImageClassificationConfig) -> None:
        config = self.config
        if changed(before, config, WHAT_IF):
            scene.look_again()
        elif changed(before, config, SHOWN):
            scene.show_layer()
        if config.layer != before.layer:
            scene.forget_question("maps", "map")
        elif config.channel != before.channel:
            scene.forget_question("map")
        follows = config.layer != before.layer and config.explain_layer == SHOWN_LAYER
        if changed(before, config, ("explain", "target", *NEEDS[config.explain])) or (
            follows and config.explain == "grad-cam"
        ):
            scene.start_explanation()
        # The chart runs over its own slider, so moving that one leaves it as it is.
        if changed(before, config, ("sweep", *(name for name in WHAT_IF if name != config.sweep))):
            scene.start_sweep()

    def _change_model(self, config: ImageClassificationConfig) -> None:
        if self._inspection is not None:
            config = config.on_another_network(self.config)
        before = self._inspection, self.config, self._pinned
        self._inspection, self.config, self._pinned = self._load(config), config, None
        try:
            if self._scene is None:
                self.open_samples()
            else:
                self._see(self._scene.picture)
        except BaseException:
            self._inspection.close()
            self._inspection, self.config, self._pinned = before
            raise
        if before[0] is not None:
            before[0].close()
        if self._seeking is not None:
            self._seeking.stop()
        self._pinned_name, self._seeking = "", None

    def _load(self, config: ImageClassificationConfig) -> Inspection:
        """The network, opened up. Raises `UserError` where it, or a chosen layer or class, is not there."""
        from engine.explain.inspection import Inspection
        from engine.models.catalogue import load_classifier

        self.pulse("Loading the network", 0, 0)
        classifier = load_classifier(
            config.model, lambda done, total: self.pulse("Fetching the weights", done, total)
        )
        inspection = Inspection(classifier, self.device)
        try:
            _check(config, inspection)
        except UserError:
            inspection.close()
            raise
        return inspection

    def reset(self) -> None:
        """Back to the first picture that can be read, nothing pinned, nothing sought."""
        self.jobs.cancel()
        self._pinned, self._pinned_name, self._seeking = None, "", None
        if len(self._film):
            self._show_film(self._film)

    # Commands of its own --------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer."""
        if self._scene is not None:
            self._scene.ask(cell)

    def arrange(self, aspect: float) -> None:
        """Tile the maps for an area of this width / height."""
        self._aspect = aspect
        if self._scene is not None:
            self._scene.aspect = aspect
            self._scene.show_layer()

    def pin(self) -> None:
        """Keep the current picture to compare others with."""
        if self._scene is not None:
            self._pinned, self._pinned_name = self._scene.open_up(), self._scene.picture.name
            self._compare()

    def unpin(self) -> None:
        """Let the pinned picture go."""
        self._pinned, self._pinned_name = None, ""
        self._compare()

    def _compare(self) -> None:
        if self._scene is not None:
            self._scene.pinned, self._scene.divergences = self._pinned, ()
            self._scene.start_layers()

    def seek(self) -> None:
        """Find what the picked channel wants: its optimised picture, and the film strip's best patches."""
        from engine.labs.image_classification.seeking import Seeking

        if self._scene is not None:
            self._seeking = Seeking(
                self._scene.inspection, self._film, self._scene.shown, self.config, self.jobs
            )

    # What is seen ---------------------------------------------------------------------------------

    def snapshot(self) -> ImageClassificationSnapshot:
        """Everything that may be seen now."""
        inspection, scene = self._inspection, self._scene
        layers = tuple(inspection.by_name) if inspection else ()
        choices = {
            "model": model_names(),
            "layer": layers,
            "explain_layer": (LAST_LAYER, SHOWN_LAYER, *layers),
        }
        stills, place = self._film.stills, self._film.index
        if inspection is None or scene is None:
            return ImageClassificationSnapshot(self.config, choices, film=stills, film_index=place)
        return ImageClassificationSnapshot(
            self.config,
            choices,
            scene.answer,
            scene.question,
            picture=scene.look.rgb,
            name=scene.picture.name,
            note=scene.picture.note,
            original_size=scene.picture.original_size,
            model_title=inspection.classifier.title,
            classes=inspection.classifier.classes,
            is_grey=inspection.classifier.preprocessing.is_grey,
            top=scene.top,
            layers=inspection.layers,
            thumbnails=scene.thumbnails,
            shown=scene.shown,
            heat=scene.heat,
            target=scene.target,
            sweep=scene.sweep,
            wanted=self._seeking.wanted if self._seeking else None,
            pinned=self._pinned.rgb if self._pinned else None,
            pinned_name=self._pinned_name,
            divergences=scene.divergences,
            film=stills,
            film_index=place,
        )

    def result(self) -> dict[str, Any]:
        """The five most probable classes."""
        top = self._scene.top if self._scene else ()
        keys = "label", "index", "probability"
        return {"top": [{key: getattr(score, key) for key in keys} for score in top]}

    def no_result(self) -> dict[str, Any]:
        """No classes."""
        return {"top": []}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """The chosen layer's output, (C, H, W) or (features,), and the explanation's map (h, w)."""
        found: dict[str, np.ndarray] = {}
        scene = self._scene
        if scene is not None and self.config.layer is not None:
            output = scene.inspection.output(scene.look, self.config.layer)
            found[self.config.layer] = output.float().cpu().numpy()
        if scene is not None and scene.heat is not None:
            found[scene.heat.method] = scene.heat.values
        return found

    def close(self) -> None:
        """Remove the hooks."""
        if self._inspection is not None:
            self._inspection.close()


def _check(config: ImageClassificationConfig, inspection: Inspection) -> None:
    """Raise `UserError` where the settings name a layer or class that the network does not have."""
    if config.layer is not None:
        inspection.layer(config.layer)
    if config.explain_layer not in (SHOWN_LAYER, LAST_LAYER):
        inspection.layer(config.explain_layer)
    count = len(inspection.classifier.classes)
    if config.target is not None and config.target >= count:
        raise UserError(
            f"There is no class {config.target}",
            f"the network knows {count} classes",
            f"Choose 0 to {count - 1}",
        )
