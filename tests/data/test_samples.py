"""The gallery: photographs that are there and readable, found without importing their packages."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from engine.data import samples as module
from engine.data.images import read_image
from engine.data.samples import samples


def test_the_gallery_opens_on_the_cat_and_every_photograph_can_be_read() -> None:
    gallery = samples()
    assert len(gallery) >= 8
    assert gallery[0].path.name == "chelsea.png"
    assert len({sample.title for sample in gallery}) == len(gallery)
    for sample in gallery:
        picture = read_image(sample.path)
        assert min(picture.rgb.shape[:2]) >= 224
        assert picture.rgb.std() > 5
        assert sample.credit


def test_finding_them_imports_neither_their_packages_nor_torch() -> None:
    code = (
        "import sys; from engine.data.samples import samples; assert samples();"
        "print({'skimage', 'sklearn', 'scipy', 'numpy', 'torch', 'PIL'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "set()"


def package(root: Path, name: str, *files: str) -> importlib.machinery.ModuleSpec:
    for file in files:
        (root / name / file).parent.mkdir(parents=True, exist_ok=True)
        (root / name / file).touch()
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(root / name)]
    return spec


def test_what_is_not_installed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only = package(tmp_path, "sklearn", "datasets/images/flower.jpg")
    monkeypatch.setattr(module, "find_spec", {"sklearn": only, "skimage": None}.get)
    assert [sample.title for sample in samples()] == ["Flower"]
    monkeypatch.setattr(module, "find_spec", lambda _: package(tmp_path, "empty", "__init__.py"))
    assert samples() == ()


def test_a_half_loaded_package_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise ValueError("skimage.__spec__ is None")

    monkeypatch.setattr(module, "find_spec", fail)
    assert samples() == ()
