"""The gallery: real photographs that lie inside installed packages, found without importing those."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """One photograph of the gallery."""

    title: str
    path: Path
    credit: str
    """Who took it and under which terms it may be used, as its package states."""


_SKIMAGE, _SKLEARN = ("skimage", "data"), ("sklearn", "datasets/images")
_CATALOGUE: tuple[tuple[str, tuple[str, str], str, str], ...] = (
    ("Cat", _SKIMAGE, "chelsea.png", "Stefan van der Walt, CC0; scikit-image"),
    ("Cup of coffee", _SKIMAGE, "coffee.png", "Rachel Michetti, Pikolo Espresso Bar, CC0; scikit-image"),
    ("Photographer", _SKIMAGE, "camera.png", "Lav Varshney, CC0; scikit-image"),
    ("Palace", _SKLEARN, "china.jpg", "danielbuechele on Flickr, CC BY 2.0; scikit-learn"),
    ("Motorcycle", _SKIMAGE, "motorcycle_left.png", "Middlebury Stereo Benchmark 2014; scikit-image"),
    ("Flower", _SKLEARN, "flower.jpg", "vultilion on Flickr, CC BY 2.0; scikit-learn"),
    ("Rocket", _SKIMAGE, "rocket.jpg", "SpaceX, public domain; scikit-image"),
    ("Astronaut", _SKIMAGE, "astronaut.png", "NASA, public domain; scikit-image"),
    ("Moving clock", _SKIMAGE, "clock_motion.png", "Stefan van der Walt, public domain; scikit-image"),
    ("Coins", _SKIMAGE, "coins.png", "Brooklyn Museum, no known restrictions; scikit-image"),
    ("Deep sky", _SKIMAGE, "hubble_deep_field.jpg", "NASA/ESA Hubble, public domain; scikit-image"),
)
# The first half has a class of its own in ImageNet; the astronaut and what follows show what a network
# says when it has none.


def samples() -> tuple[Sample, ...]:
    """The photographs that are there, the cat first; empty where neither package is installed."""
    roots = {place: root for place in (_SKIMAGE, _SKLEARN) if (root := _folder(*place))}
    return tuple(
        Sample(title, roots[place] / file, credit)
        for title, place, file, credit in _CATALOGUE
        if place in roots and (roots[place] / file).is_file()
    )


def _folder(package: str, inside: str) -> Path | None:
    """Where the top-level `package` keeps its pictures; looking a submodule up would import it."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # ValueError: a half-initialised module without a spec
        return None
    for location in (spec.submodule_search_locations or ()) if spec else ():
        if (folder := Path(location) / inside).is_dir():
            return folder
    return None
