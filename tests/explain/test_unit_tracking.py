from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from engine.data.reference import reference_text
from engine.explain.unit_tracking import FEATURES, UnitTracking, measure, track

BY_NAME = {feature.name: feature for feature in FEATURES}
TEXT = reference_text()[:1500]


def states(text: str, units: int = 7, *, seed: int = 0) -> np.ndarray:
    """Random states; the last unit saturates, so that many of its values are equal."""
    x = np.random.default_rng(seed).standard_normal((len(text), units)).astype(np.float32)
    x[:, -1] = np.clip(np.round(x[:, -1]), -1, 1)
    return x


def measured(x: np.ndarray, text: str, **more: int) -> UnitTracking:
    *_, last = measure(x, text, **more)
    return last


def test_every_figure_is_that_of_scikit_learn_or_scipy():
    x = states(TEXT)
    found = measured(x, TEXT)
    assert found.features == FEATURES
    for each in found.ranked():
        row, column = each.feature.of(TEXT), x[:, each.unit]
        if each.feature.binary:
            wanted = roc_auc_score(row, column)
            assert each.value == pytest.approx(2 * wanted - 1, abs=1e-12)
        else:
            wanted = spearmanr(row, column).statistic
        assert each.figure == pytest.approx(wanted, abs=1e-12)


def test_pairs_are_ranked_by_strength():
    x = states(TEXT)
    ranked = track(x, TEXT)
    assert len({(each.unit, each.feature.name) for each in ranked}) == x.shape[1] * len(FEATURES)
    strengths = [each.strength for each in ranked]
    assert strengths == sorted(strengths, reverse=True)


def test_finds_the_unit_that_was_made_to_follow_a_feature():
    x = states(TEXT, 20)
    x[:, 3] += 9 * BY_NAME["inside double quotes"].of(TEXT)
    x[:, 5] = -np.tanh(BY_NAME["position in the word"].of(TEXT) / 3)
    found = measured(x, TEXT)
    (quotes,) = found.units_of("inside double quotes")
    assert (quotes.unit, quotes.feature.measure) == (3, "ROC AUC")
    assert quotes.figure > 0.999
    (word,) = found.units_of("position in the word")
    assert (word.unit, word.figure) == (5, pytest.approx(-1))
    assert found.features_of(3)[0].feature.name == "inside double quotes"
    assert found.features_of(5)[0].feature.name == "position in the word"
    assert len(found.units_of("position in the word", 3)) == 3
    assert len(found.features_of(0, 4)) == 4


def test_goes_on_in_slices_and_says_how_far():
    x = states(TEXT, 10)
    found = list(measure(x, TEXT, units=4))
    assert [each.measured for each in found] == [4, 8, 10]
    assert np.isnan(found[0].values[4:]).all()
    assert max(each.unit for each in found[0].ranked()) == 3
    assert found[0].features_of(5) == []
    np.testing.assert_array_equal(found[-1].values, measured(x, TEXT, units=64).values)


def test_a_unit_that_never_changes_follows_nothing():
    assert not measured(np.ones((len(TEXT), 2), np.float32), TEXT).values.any()


def test_what_a_text_does_not_have_is_left_out():
    found = measured(states("just so"), "just so")
    names = [each.name for each in found.features]
    assert "inside brackets" not in names
    assert "a space was just read" in names
    assert found.units_of("inside brackets") == []


def test_an_empty_text_has_no_features():
    found = measured(np.zeros((0, 3), np.float32), "")
    assert (found.features, found.ranked(), found.measured) == ((), [], 3)


def test_there_must_be_a_state_for_each_character():
    with pytest.raises(ValueError, match="5 states"):
        track(np.zeros((5, 2)), "four")


@pytest.mark.parametrize(
    ("name", "text", "flags"),
    [
        ("inside double quotes", 'a "bc" d', "  xxx   "),
        ("inside double quotes", 'a "b\nc', "  xx  "),
        ("inside double quotes", "a “b” c", "  xx   "),
        ("inside brackets", "a (b [c] d) e)", "  xxxxxxxx    "),
        ("a space was just read", "a b\n", " x  "),
        ("the end of a word", "don't go--no.", "    x  x   x "),
        ("a capital was just read", "A bC É", "x  x x"),
        ("a capital ahead", "a Bc D", " x  x "),
        ("a vowel was just read", "Every", "x x  "),
        ("a digit was just read", "in 19", "   xx"),
        ("a sentence's end was just read", 'Go 3.5! "No." I', "      x    xx  "),
    ],
)
def test_binary_features(name: str, text: str, flags: str):
    assert BY_NAME[name].of(text).tolist() == [flag == "x" for flag in flags]


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("position in the word", "I don't, so", [1, 0, 1, 2, 3, 4, 5, 0, 0, 1, 2]),
        ("position in the sentence", 'A? "B." C\nD', [1, 2, 0, 1, 2, 3, 4, 0, 1, 0, 1]),
        ("position in the paragraph", "ab\nc\n\nd", [1, 2, 0, 1, 0, 0, 1]),
    ],
)
def test_numeric_features(name: str, text: str, counts: list[int]):
    assert BY_NAME[name].of(text).tolist() == counts


def test_every_feature_has_a_definition_of_its_own_and_varies_in_the_reference_text():
    text = reference_text()
    assert len({feature.definition for feature in FEATURES}) == len(FEATURES) == 12
    for feature in FEATURES:
        row = feature.of(text)
        assert row.shape == (len(text),)
        assert row.min() < row.max()
