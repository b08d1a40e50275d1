"""Finding the labs: one file or folder, one lab, by its name."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import engine
from engine.errors import UserError
from engine.lab import Lab
from engine.labs.image_classification import ImageClassification
from engine.registry import lab_for, lab_named, labs, module_name

Write = Callable[[dict[str, str]], None]
_numbers = itertools.count()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Puts a package of files {path: text} in the place of `engine.labs`."""
    package = f"labs_for_the_test_{next(_numbers)}"

    def put(files: dict[str, str]) -> None:
        for name, text in {"__init__.py": "", **files}.items():
            path = tmp_path / package / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(engine, "labs", importlib.import_module(package))

    labs.cache_clear()
    yield put
    labs.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def lab(name: str, title: str = "", group: str = "Grid", opens: tuple[str, ...] = ()) -> str:
    """The text of a module with one lab."""
    return (
        "from engine.lab import Lab\n\n"
        f"class {name}(Lab):\n"
        f'    title, group, question, opens = "{title or name}", "{group}", "Why?", {opens}\n'
    )


def test_the_labs_of_the_application():
    assert labs()["image-classification"] is ImageClassification
    assert all(issubclass(found, Lab) for found in labs().values())
    assert lab_named("image-classification") is ImageClassification
    assert lab_for("image") == "image-classification"
    assert module_name("image-classification") == "image_classification"


def test_files_and_folders_are_found_by_name_in_the_order_of_groups_and_titles(write: Write):
    write(
        {
            "side_by_side.py": lab("Middle", group="Both"),
            "time_series.py": lab("Apple", group="Loop"),
            "zebra.py": lab("Zebra"),
            "colony/parts.py": lab("Ant"),
            "colony/__init__.py": "from engine.lab import Lab\nfrom .parts import Ant\n",
        }
    )
    assert list(labs()) == ["colony", "zebra", "time-series", "side-by-side"]
    assert [found.title for found in labs().values()] == ["Ant", "Zebra", "Apple", "Middle"]
    assert lab_named("time-series").title == "Apple"


def test_a_lab_under_two_names_in_its_module_is_one_lab(write: Write):
    write({"one.py": lab("One") + "\nAlias = One\n"})
    assert lab_named("one").title == "One"


def test_a_lab_borrowed_from_a_neighbour_of_a_longer_name_does_not_count(write: Write):
    borrowed = "from {} import Longer\n"
    write({"short_and_more.py": lab("Longer")})
    package = engine.labs.__name__
    (Path(engine.labs.__path__[0]) / "short.py").write_text(
        borrowed.format(f"{package}.short_and_more") + lab("Short"), encoding="utf-8"
    )
    importlib.invalidate_caches()
    assert lab_named("short").title == "Short"


@pytest.mark.parametrize(
    ("text", "count"), [(lab("One") + lab("Two"), 2), ("", 0), ("from engine.lab import Lab\n", 0)]
)
def test_a_module_without_a_lab_or_with_two_is_refused(write: Write, text: str, count: int):
    write({"odd.py": text})
    with pytest.raises(TypeError, match=f"odd must define exactly one Lab, not {count}"):
        labs()


def test_what_is_not_there_is_named_with_what_is(write: Write):
    write({"one.py": lab("One"), "two.py": lab("Two")})
    with pytest.raises(UserError, match=r"“three”.*one, two"):
        lab_named("three")


def test_a_kind_of_file_goes_to_the_lab_that_prefers_it_else_to_the_first(write: Write):
    write({"a.py": lab("A", opens=("image",)), "b.py": lab("B", opens=("image", "sound"))})
    assert lab_for("image") == "a"
    assert lab_for("image", "b") == "b"
    assert lab_for("sound", "a") == "b"
    assert lab_for("table") is None
    assert lab_for("table", "a") is None
