"""Fetches a published set of pictures, on the person's asking only, each file checked by its SHA-256."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from engine.data.pictures.pulse import Pulse
from engine.errors import UserError
from engine.models.fetch import Errand, fetch, sha256


class Published(NamedTuple):
    """Where the files of a set are, and what they are."""

    title: str
    url: str
    """Of the folder they lie in, with "/" at its end."""
    files: dict[str, str]
    """Each file's name and SHA-256."""
    whole: bool = False
    """Whether its only file, an archive, is what is loaded."""


PUBLISHED = {
    "mnist": Published(
        "MNIST",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion-mnist": Published(
        "Fashion-MNIST",
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
    "cifar10": Published(
        "CIFAR-10",
        "https://www.cs.toronto.edu/~kriz/",
        {"cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
        whole=True,
    ),
}


def fetch_dataset(dataset: str, folder: Path, pulse: Pulse) -> Path:
    """Fetch the set into a folder of its name in `folder`; returns what to load. Raises UserError."""
    published = PUBLISHED.get(dataset)
    if published is None:
        raise UserError(f"“{dataset}” is not fetched", next=f"Choose one of {', '.join(PUBLISHED)}")
    errand = Errand(published.title, "the handwritten digits", "need")
    place = folder / dataset
    for number, (name, digest) in enumerate(published.files.items(), start=1):
        what = f"Fetching {published.title}"
        if len(published.files) > 1:
            what += f", file {number} of {len(published.files)}"
        _fetch_once(published.url + name, place / name, digest, errand, what, pulse)
    return place / next(iter(published.files)) if published.whole else place


def _fetch_once(url: str, target: Path, digest: str, errand: Errand, what: str, pulse: Pulse) -> None:
    def progress(done: int, total: int) -> None:
        pulse(what, done, total)

    try:
        there = target.is_file() and sha256(target) == digest
    except OSError:
        there = False  # not readable: writing it will say why
    if not there:
        fetch(url, target, errand, progress, digest=digest)
