"""Runs named and taken out: tables that read back, and event files that any reader of the format takes."""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, Curves
from engine.labs.convnet_training.run_export import curves_of, scalars_of, write_events
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense
from engine.training.event_file import Scalar, crc32c, first_record, scalar_record

SMALL = Design("small", (Convolution(4, normalise="batch"), Dense(16))).to_json()


@pytest.fixture(scope="module")
def lab() -> Iterator[ConvnetTraining]:
    """Two runs: one kept, and a branch of it in front."""
    lab = ConvnetTraining(ConvnetTrainingConfig(design=SMALL, epochs=4), torch.device("cpu"))
    lab.start()
    for _ in range(20):
        lab.step()
    lab.rest()
    while lab.jobs:
        lab.jobs.advance()
    lab.branch()
    for _ in range(12):
        lab.step()
    yield lab
    lab.close()


def front(lab: ConvnetTraining) -> Curves:
    return lab._need().run.curves()


# The format, by an independent reader ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "published"),
    [
        (b"123456789", 0xE3069283),  # the check value of CRC-32C
        (bytes(32), 0x8A9136AA),  # RFC 3720, appendix B.4, from here on
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"", 0),
    ],
)
def test_the_checksum_is_the_published_one(data: bytes, published: int):
    assert crc32c(data) == published


def test_a_file_begins_as_all_of_tensorflow_do():
    """The length 24, its masked checksum, and the key of the time."""
    assert first_record(1.5e9)[:13] == bytes.fromhex("1800000000000000a37f4b2209")


def records(data: bytes) -> Iterator[bytes]:
    """TFRecords, whose checksums are held against a bit-by-bit division."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body, rest = data[12 : 12 + length], data[12 + length :]
        assert len(body) == length
        for part, told in ((data[:8], data[8:12]), (body, rest[:4])):
            remainder = 0xFFFFFFFF
            for byte in part:
                remainder ^= byte
                for _ in range(8):
                    remainder = remainder >> 1 ^ (0x82F63B78 if remainder % 2 else 0)
            value = int.from_bytes(told, "little") - 0xA282EAD8 & 0xFFFFFFFF
            assert (value << 15 | value >> 17) & 0xFFFFFFFF == remainder ^ 0xFFFFFFFF
        yield body
        data = rest[4:]


def message(data: bytes) -> dict[int, bytes | int]:
    """The fields of a protobuf message by their number, as raw bytes or whole numbers."""

    def varint() -> int:
        nonlocal data
        value, shift = 0, 0
        while True:
            byte, data = data[0], data[1:]
            value, shift = value + ((byte % 128) << shift), shift + 7
            if byte < 128:
                return value

    fields: dict[int, bytes | int] = {}
    while data:
        key = varint()
        if key % 8 == 0:
            fields[key // 8] = varint()
            continue
        size = {1: 8, 5: 4}[key % 8] if key % 8 != 2 else varint()
        fields[key // 8], data = data[:size], data[size:]
    return fields


def part(fields: dict[int, bytes | int], number: int) -> bytes:
    value = fields[number]
    assert isinstance(value, bytes)
    return value


def scalars_in(data: bytes) -> Iterator[Scalar]:
    first, *others = map(message, records(data))
    assert first[3] == b"brain.Event:2"
    for event in others:
        value = message(part(message(part(event, 5)), 1))
        step = event[2]
        assert isinstance(step, int)
        moment, number = struct.unpack("<d", part(event, 1))[0], struct.unpack("<f", part(value, 2))[0]
        yield Scalar(part(value, 1).decode(), step, moment, number)


@pytest.mark.parametrize("step", [0, 1, 127, 128, 300, 2**31, 2**62])
@pytest.mark.parametrize("value", [0.0, -1.5, 3.25e-5, float("inf")])
def test_one_number_comes_back(step: int, value: float):
    scalar = Scalar("gradient_norm/größe", step, 1.7e9, float(np.float32(value)))
    assert list(scalars_in(first_record(0.0) + scalar_record(scalar))) == [scalar]


def test_a_run_comes_back_from_its_event_file(lab: ConvnetTraining, tmp_path: Path):
    lab.export_events((0, 1), str(tmp_path))
    while lab.jobs:
        lab.jobs.advance()
    files = sorted(tmp_path.glob("*/*tfevents*"))
    assert [file.parent.name for file in files] == ["Run 1- small", "Run 2- small, from 40"]
    run = front(lab)
    found = list(scalars_in(files[1].read_bytes()))
    assert run.watched is not None
    tags = {scalar.tag for scalar in found}
    assert {"loss/train", "accuracy/train", "learning_rate"} <= tags
    assert {f"gradient_norm/{layer}" for layer in run.watched.layers} <= tags
    loss = [scalar for scalar in found if scalar.tag == "loss/train"]
    assert [scalar.step for scalar in loss] == run.steps.tolist()
    np.testing.assert_array_equal(np.float32([scalar.value for scalar in loss]), np.float32(run.loss))
    moments = [scalar.wall_time for scalar in loss]
    assert moments == sorted(moments)
    assert 0 < moments[-1] - moments[0] < 600
    test = [scalar.value for scalar in scalars_in(files[0].read_bytes()) if scalar.tag == "accuracy/test"]
    np.testing.assert_array_equal(np.float32(test), np.float32(lab._need().kept[0].test_accuracy))
    lab.export_events((0,), str(tmp_path))  # and nothing is written over
    while lab.jobs:
        lab.jobs.advance()
    assert len(list(tmp_path.glob("*/*tfevents*"))) == 3


def test_tensorboard_reads_it(lab: ConvnetTraining, tmp_path: Path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard is not installed"
    )
    for _ in write_events(tmp_path, [front(lab)]):
        pass
    reader = accumulator.EventAccumulator(str(next(tmp_path.iterdir()))).Reload()
    losses = reader.Scalars("loss/train")
    assert [event.step for event in losses] == front(lab).steps.tolist()


def test_a_folder_that_cannot_be_is_a_sentence(lab: ConvnetTraining, tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    lab.export_events((0,), str(tmp_path / "file"))
    with pytest.raises(UserError, match="Choose another folder"):
        lab.jobs.advance()
    with pytest.raises(UserError, match="could not be saved"):
        lab.save_curves((0,), str(tmp_path / "none" / "curves.csv"))


# Tables and names --------------------------------------------------------------------------------------


def test_a_table_holds_every_number_of_every_run(lab: ConvnetTraining, tmp_path: Path):
    lab.save_curves((0, 1), str(tmp_path / "curves.csv"))
    with open(tmp_path / "curves.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for run in (lab._need().kept[0], front(lab)):
        own = [row for row in rows if row["run"] == run.name]
        assert [int(row["update"]) for row in own] == sorted({int(row["update"]) for row in own})
        for name, steps, values in curves_of(run):
            told = {int(row["update"]): row[name] for row in own if row[name]}
            assert list(told) == steps.tolist()
            np.testing.assert_array_equal(np.array(list(told.values()), values.dtype), values)


def test_runs_are_named_and_let_go_of(lab: ConvnetTraining):
    bench = lab._need()
    kept, name = bench.kept, bench.run.name
    lab.name_run(0, "  the   first ")
    lab.name_run(1, "the second")
    lab.name_run(7, "no run")
    lab.name_run(0, " ")
    assert [run.name for run in (*bench.kept, front(lab))] == ["the first", "the second"]
    lab.drop_run(1)
    assert len(bench.kept) == 1
    lab.drop_run(0)
    assert not bench.kept
    bench.kept, bench.run.name = kept, name


def test_what_was_never_timed_has_no_time(lab: ConvnetTraining):
    run = front(lab)
    bare = Curves(
        run.name, run.steps, run.loss, run.loss_low, run.loss_high, run.accuracy_steps, run.accuracy,
        run.test_steps, run.test_loss, run.test_accuracy,
    )  # fmt: skip
    assert {scalar.wall_time for scalar in scalars_of(bare)} == {0.0}
