"""Runs that outlive the program: the same weights as never having stopped, and files always whole."""

from __future__ import annotations

import errno
import json
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine import checkpoint
from engine.data.pictures import load_pictures
from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, keeping
from engine.labs.convnet_training.left_runs import Keeping
from engine.labs.convnet_training.run_file import about, fingerprint
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense, Dropout
from engine.safetensors_parts import load_checked, parts_of_file

CPU = torch.device("cpu")
SMALL = Design("small", (Convolution(4, normalise="batch"), Dropout(0.2), Dense(16))).to_json()
FIRST = "run-1.safetensors"

Begin = Callable[..., ConvnetTraining]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Begins labs that keep their runs in one folder, however short; those left open are closed."""
    monkeypatch.setattr(keeping, "WORTH", 0.0)
    opened: list[ConvnetTraining] = []

    def begin(**settings: object) -> ConvnetTraining:
        lab = ConvnetTraining(ConvnetTrainingConfig(**{"design": SMALL, "epochs": 20, **settings}), CPU)  # ty: ignore[invalid-argument-type]
        lab.folder = tmp_path / "runs"
        opened.append(lab)
        lab.start()
        return lab

    yield begin
    for lab in opened:
        lab.close()


def steps(lab: ConvnetTraining, count: int) -> None:
    for _ in range(count):
        lab.step()


def killed(lab: ConvnetTraining) -> None:
    """What a kill leaves: what was written, and no lock."""
    keeper = lab._keeper
    assert keeper is not None
    assert keeper._shelf is not None
    keeper._writer.shutdown()
    keeper._shelf.close()
    lab._keeper = None
    lab.close()


def told(lab: ConvnetTraining) -> Keeping:
    found = lab.snapshot().keeping
    assert found is not None
    return found


def state(lab: ConvnetTraining) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in lab._need().run.training.state().items()}


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_taken_up_it_learns_as_if_it_had_never_stopped(begin: Begin, optimiser: str):
    settings = {"optimiser": optimiser, "shift": 1, "cutout": 2, "label_smoothing": 0.1}
    whole = begin(**settings)
    steps(whole, 80)
    whole.branch()  # curves of another run, kept beside it
    steps(whole, 30)
    whole.rest()
    while whole.jobs:
        whole.jobs.advance()
    whole.configure(replace(whole.config, learning_rate=0.01, mirror=True))
    steps(whole, 3)
    whole.rest()
    at = whole._need().run.step_count
    keeper = whole._keeper
    assert keeper is not None
    assert keeper._shelf is not None
    keeper._writing.result()
    (keeper._shelf.own.path.parent / "copy").write_bytes(keeper._shelf.own.path.read_bytes())
    steps(whole, 40)
    expected, curves = state(whole), whole._need().run.curves()
    kept = whole._need().kept
    killed(whole)
    os.replace(keeper._shelf.own.path.parent / "copy", keeper._shelf.own.path)

    again = begin()
    left = told(again).left
    assert left is not None
    assert (left.step, left.is_over) == (at, False)
    again.take_up()
    assert again.begins_playing
    assert (again.config.optimiser, again.config.learning_rate, again.config.mirror) == (
        optimiser,
        0.01,
        True,
    )
    assert told(again).left is None
    steps(again, 40)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in state(again).items())
    after = again._need().run.curves()
    for name in (
        "steps",
        "loss",
        "loss_low",
        "loss_high",
        "accuracy_steps",
        "accuracy",
        "test_steps",
        "test_loss",
    ):
        np.testing.assert_array_equal(getattr(after, name), getattr(curves, name))
    assert after.watched is not None
    assert curves.watched is not None
    for name in ("steps", "gradient_norms", "ratio_steps", "update_ratios", "rate"):
        np.testing.assert_array_equal(getattr(after.watched, name), getattr(curves.watched, name))
    assert after.begun_at == curves.begun_at
    assert after.name == curves.name
    np.testing.assert_array_equal(again._need().kept[0].loss, kept[0].loss)
    assert [run.name for run in again._need().kept] == [run.name for run in kept]


def test_after_an_orderly_end_only_what_is_unfinished_is_offered(begin: Begin):
    lab = begin()
    steps(lab, 30)
    lab.close()
    lab = begin(epochs=2)
    left = told(lab).left
    assert left is not None
    assert (left.step, left.epochs, left.data) == (50, 20, "Handwritten digits")
    lab.take_up()
    lab.close()
    lab = begin(epochs=2)
    assert told(lab).left == left
    lab.forget_left()
    assert told(lab).left is None
    while lab.can_step:
        lab.step()
    lab.close()
    assert told(begin()).left is None
    with pytest.raises(UserError):
        begin().take_up()


def test_a_killed_run_that_was_finished_is_offered_too(begin: Begin):
    lab = begin(epochs=2)
    while lab.can_step:
        lab.step()
    lab.rest()
    trained = state(lab)
    killed(lab)
    lab = begin()
    left = told(lab).left
    assert left is not None
    assert left.is_over
    lab.take_up()
    assert not lab.begins_playing
    assert all(torch.equal(tensor, trained[name]) for name, tensor in state(lab).items())


def test_what_the_lab_did_by_itself_is_not_kept(begin: Begin, tmp_path: Path):
    lab = begin()
    lab.rest()
    lab.close()
    assert not list(tmp_path.glob("runs/*.safetensors"))


def test_two_windows_keep_their_own_and_offer_only_what_nobody_has(begin: Begin):
    one = begin()
    steps(one, 30)
    one.rest()
    two = begin(seed=2)
    assert told(two).left is None
    steps(two, 40)
    two.rest()
    killed(one)
    killed(two)
    again = begin()
    assert told(again).more == 1
    left = told(again).left
    assert left is not None
    assert left.step == 60  # the newest
    again.take_up()
    steps(again, 1)
    assert again.config.seed == 2
    left = told(again).left
    assert left is not None
    assert left.step == 50


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def _of_another_version(path: Path) -> None:
    tensors, metadata = load_checked(path)
    checkpoint.write_parts_atomically(path, parts_of_file(tensors, metadata | {"format": "gridloop run 99"}))


def _without_a_tensor(path: Path) -> None:
    tensors, metadata = load_checked(path)
    del tensors["record.loss"]
    checkpoint.write_parts_atomically(path, parts_of_file(tensors, metadata))


def _of_another_network(path: Path) -> None:
    tensors, metadata = load_checked(path)
    run = json.loads(metadata["run"]) | {"design": Design("other", (Dense(3),)).to_json()}
    checkpoint.write_parts_atomically(path, parts_of_file(tensors, metadata | {"run": json.dumps(run)}))


def _foreign(path: Path) -> None:
    checkpoint.save_tensors(path, {"weight": torch.zeros(3)})


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "spoil",
    [_truncated, _flipped, _of_another_version, _without_a_tensor, _of_another_network, _foreign, _empty],
)
def test_a_file_of_no_use_is_one_sentence_and_put_aside(
    begin: Begin, tmp_path: Path, spoil: Callable[[Path], None]
):
    lab = begin()
    steps(lab, 30)
    lab.rest()
    killed(lab)
    path = tmp_path / "runs" / FIRST
    spoil(path)
    spoiled = path.read_bytes()
    lab = begin()
    before = state(lab)
    sentence = told(lab).problem
    if told(lab).left is not None:  # told apart only when it is read
        with pytest.raises(UserError) as raised:
            lab.take_up()
        sentence = raised.value.sentence
    assert f"{FIRST}.bak" in sentence
    assert "damaged" in sentence or "another version" in sentence
    assert told(lab).left is None
    assert path.with_name(f"{FIRST}.bak").read_bytes() == spoiled
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(lab).items())
    steps(lab, 30)
    lab.rest()  # and the place is used again


@pytest.mark.parametrize("stage", ["write", "fsync", "replace"])
def test_a_full_disk_is_one_sentence_and_the_run_goes_on(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
):
    lab = begin()
    steps(lab, 30)
    lab.rest()
    keeper = lab._keeper
    assert keeper is not None
    keeper._writing.result()
    path = tmp_path / "runs" / FIRST
    old = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        if stage == "write":
            disk.setattr(keeping, "parts_of_file", lambda *_: _torn(full))
        else:
            disk.setattr(os, stage, full)
        steps(lab, 5)
        lab.rest()
        keeper._writing.exception()
        assert "No space left on device" in told(lab).problem
        assert told(lab).problem.count(". ") <= 2
        assert path.read_bytes() == old
        assert not list(tmp_path.glob("runs/.*"))
        before = lab._need().run.step_count
        steps(lab, 5)
        assert lab._need().run.step_count == before + 5
    lab.rest()
    keeper._writing.result()
    assert told(lab).problem == ""
    assert about(path).step == before + 5


def _torn(fail: Callable[[], None]) -> Iterator[bytes]:
    yield b"half"
    fail()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "runs").write_text("in the way")
    lab = ConvnetTraining(ConvnetTrainingConfig(design=SMALL), CPU)
    lab.folder = tmp_path / "runs"
    lab.start()
    try:
        assert "in memory only" in told(lab).problem
        steps(lab, 30)
        lab.rest()
        assert lab._need().run.step_count == 50
    finally:
        lab.close()


def test_without_a_folder_nothing_is_kept(tmp_path: Path):
    lab = ConvnetTraining(ConvnetTrainingConfig(design=SMALL), CPU)
    lab.start()
    steps(lab, 30)
    lab.rest()
    assert lab.snapshot().keeping is None
    with pytest.raises(UserError):
        lab.take_up()
    lab.close()


def _folder_of_pictures(folder: Path) -> Path:
    draw = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            noise = draw.normal(level, 20, (16, 16)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noise).save(folder / name / f"{number}.png")
    return folder


def test_pictures_that_are_gone_or_others_are_said_and_the_run_stays_offered(begin: Begin, tmp_path: Path):
    folder = _folder_of_pictures(tmp_path / "pictures")
    lab = begin(dataset="folder", data=str(folder), batch=8, epochs=50)
    folder.rename(tmp_path / "away")  # deleted while it learns: they are held in memory
    steps(lab, 10)
    lab.rest()
    while lab.jobs:
        lab.jobs.advance()
    weights = state(lab)
    killed(lab)
    lab = begin()
    with pytest.raises(UserError):
        lab.take_up()
    (tmp_path / "away").rename(folder)
    original = (folder / "dark" / "3.png").read_bytes()
    Image.new("L", (16, 16), 255).save(folder / "dark" / "3.png")
    with pytest.raises(UserError, match="have changed"):
        lab.take_up()
    (folder / "dark" / "3.png").write_bytes(original)
    assert told(lab).left is not None
    lab.take_up()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in state(lab).items())


def test_one_may_look_back_while_learning_goes_on_past_what_is_kept(begin: Begin):
    lab = begin()
    run = lab._need().run
    steps(lab, 5)
    at = run.step_count
    lab.go_to(at)
    then = state(lab)
    steps(lab, 3 * run.training.steps_per_epoch)
    assert at not in run.moments
    lab.rest()
    lab.branch()
    assert (run.shown, lab._need().run.begun_at) == (at, at)
    assert all(torch.equal(tensor, then[name]) for name, tensor in state(lab).items())


def test_a_fingerprint_sees_a_label():
    digits = load_pictures("digits", None)
    train = replace(digits.train, labels=digits.train.labels.flip(0))
    assert fingerprint(replace(digits, train=train)) != fingerprint(digits)
    assert fingerprint(load_pictures("digits", None)) == fingerprint(digits)


TRAINS_UNTIL_KILLED = """
import os, sys
from pathlib import Path
import torch
from engine.data.pictures import load_pictures
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, keeping
torch.set_num_threads(1)
load_pictures("digits", None)
keeping.SHARE = 1.0
for line in sys.stdin:
    folder = Path(line.strip())
    pid = os.fork()
    if pid == 0:
        config = ConvnetTrainingConfig(design=sys.argv[1], epochs=10_000, batch=400)
        lab = ConvnetTraining(config, torch.device("cpu"))
        lab.folder = folder
        lab.start()
        if lab.snapshot().keeping.left is not None:
            lab.take_up()
        run = lab._need().run
        os.write(1, f"{os.getpid()} {run.step_count}\\n".encode())
        while True:
            lab.step()
            if run.step_count % run.training.steps_per_epoch == 0:
                lab._keeper._writing.exception()  # so that what is lost is an epoch and nothing besides
            os.write(1, f"{os.getpid()} {run.step_count}\\n".encode())
    os.waitpid(pid, 0)
    os.write(1, b"ended\\n")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked so that torch is loaded once")
def test_killed_at_any_moment_every_file_is_whole_and_one_epoch_is_lost_at_most(tmp_path: Path):
    design = Design("tiny", (Dense(64),)).to_json()
    draw = random.Random(7)
    folder = tmp_path / "runs"
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", TRAINS_UNTIL_KILLED, design],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        reached = 0
        for _ in range(12):
            child.stdin.write(f"{folder}\n".encode())
            pid, begun = map(int, child.stdout.readline().split())
            assert begun >= reached - 4  # an epoch
            for _ in range(draw.randrange(1, 60)):
                _, reached = map(int, child.stdout.readline().split())
            select.select([], [], [], draw.random() * 0.01)  # somewhere within a step or a writing
            os.kill(pid, signal.SIGKILL)
            while (line := child.stdout.readline()) != b"ended\n":
                _, reached = map(int, line.split())
            for path in folder.glob("*.safetensors"):
                tensors, _ = load_checked(path)
                assert {name.partition(".")[0] for name in tensors} == {"network", "optimiser", "record"}
            newest = max((about(path).step for path in folder.glob("*.safetensors")), default=20)
            assert reached - 4 <= newest <= reached + 1
        child.stdin.close()
        assert child.wait(30) == 0
    assert reached > 100
    assert len(list(folder.glob("run-*.safetensors"))) <= 2
