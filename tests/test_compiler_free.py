"""PyTorch's compiler is loaded by nothing that a person waits for: its import takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = {
    "measuring a network": """
from engine.models.anatomy import measure
measure(torch.nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8))
""",
    "a whole life of a designed network": """
from engine.models.designs import PRESETS, Design, build, open_network, save_network, source_text
from engine.models.designs.block import Pretrained
from engine.models.anatomy import measure
shape, kind = (3, 16, 16), dict(mean=[0.5] * 3, std=[0.2] * 3)
for design in (PRESETS["plain"], Design("a", (Pretrained("stem"),))):
    network = build(design, shape, 3, seed=0, **kind)
    network(torch.rand(2, *shape)).sum().backward()
    measure(network, torch.rand(1, *shape))
    source_text(design, shape, 3, **kind)
    save_network(f"{folder}/n.safetensors", network, design, ["a", "b", "c"], shape=shape)
    open_network(f"{folder}/n.safetensors")
""",
    "loading a language model": """
from engine.models.character_model import CharacterModel, CharacterModelConfig
from engine.models.character_model import load_character_model, save_character_model
save_character_model(Path(folder, "model.safetensors"), CharacterModel(CharacterModelConfig("lstm", 8)))
load_character_model(Path(folder, "model.safetensors"))
""",
    "constructing optimisers and stepping": """
from engine.optimisers import SGD, Adam
p = torch.ones(3, requires_grad=True)
p.square().sum().backward()
for optimiser in (Adam([p], 0.1), Adam([p], 0.1, decoupled=True), SGD([p], 0.1, 0.9)):
    optimiser.step()
assert bool((p < 1).all())
""",
    "learning a text and scoring": """
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.training.live import LiveTraining
from engine.training.own_corpus import corpus_of
models = {cell: CharacterModel(CharacterModelConfig(cell, 8, 4)) for cell in CELLS}
corpus = corpus_of({"a": "some words in a line\\n" * 99}, 2, 8)
training = LiveTraining(corpus, models, dict.fromkeys(CELLS, 0.01), 2, 8, 0)
training.step(watch=True)
assert len(list(training.score_held_out())) == 3
""",
}
"""What is done, each with a `folder` of its own."""
IN_TURN = """
import json, sys, tempfile, torch
from pathlib import Path
for name, code in json.loads(sys.argv[1]).items():
    with tempfile.TemporaryDirectory() as folder:
        exec(code, {"torch": torch, "Path": Path, "folder": folder})
    print(json.dumps([name, "torch._dynamo" in sys.modules]), flush=True)
"""
"""One process for all, since torch alone takes longer than the rest; once loaded, the compiler stays."""


@pytest.fixture(scope="module")
def loaded() -> dict[str, bool]:
    """Whether the compiler was there after each part."""
    words = [sys.executable, "-W", "error", "-c", IN_TURN, json.dumps(PARTS)]
    root = Path(__file__).parents[1]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("part", PARTS)
def test_it_is_not_loaded_by(part: str, loaded: dict[str, bool]) -> None:
    assert not loaded[part], f"loaded here, or before: {loaded}"
