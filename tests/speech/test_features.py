"""Features against formulas written out, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.speech.augment import Augmentation, _reverberant, augmented, joined, noise_alone
from seqcli.speech.config import SpeechConfig
from seqcli.speech.features import levelled, mel_filters, mel_power, normalised, power_spectrum, stacked
from tests.speech.conftest import word


def test_the_power_spectrum_is_that_of_each_windowed_frame():
    samples = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    found = power_spectrum(samples, 8000)
    assert found.shape == (13, 129)
    emphasised = np.append(samples[0], samples[1:] - 0.97 * samples[:-1])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 200)
    frame = emphasised[5 * 80 - 100 : 5 * 80 + 100] * window
    expected = np.abs(np.fft.rfft(frame, 256)) ** 2
    np.testing.assert_allclose(found[5], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_mel_filters_are_triangles_at_equal_distances_on_the_mel_scale(rate):
    filters = mel_filters(rate, 40)
    np.testing.assert_allclose(filters.sum(axis=0), 1, rtol=1e-5)
    centres = filters.argmax(axis=0)
    assert np.all(np.diff(centres) >= 0)
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    mel = 2595 * np.log10(1 + 1000 / 700)
    low, high = (2595 * np.log10(1 + f / 700) for f in (60, min(7600, rate / 2)))
    expected = (mel - low) / (high - low) * 41 - 1
    assert abs(mel_power(tone, rate, 40)[50].argmax() - expected) <= 1


def test_warped_filters_move_towards_higher_frequencies():
    assert (mel_filters(8000, 40, 1.1).argmax(axis=0)[10:30] > mel_filters(8000, 40).argmax(axis=0)[10:30]).all()


def test_gain_does_not_matter():
    samples = word("rise")
    mean, scale = np.zeros(40), np.ones(40)
    loud, soft = (normalised(mel_power(gain * samples, 8000, 40), mean, scale) for gain in (1.0, 0.01))
    np.testing.assert_allclose(loud, soft, atol=1e-3)


def test_the_own_mean_counts_by_length():
    power = np.exp(np.random.default_rng(1).normal(size=(400, 4)))
    logarithms, speech = levelled(power)
    assert speech.all()
    expected = logarithms - logarithms.sum(axis=0) / 500
    np.testing.assert_allclose(normalised(power, np.zeros(4), np.ones(4)), expected, atol=1e-5)


def test_silence_has_features_that_are_numbers():
    found = normalised(mel_power(np.zeros(100, np.float32), 8000, 40), np.zeros(40), np.ones(40))
    assert np.isfinite(found).all()


def test_each_step_sees_the_frames_around_it():
    frames = np.arange(7.0)[:, None]
    assert stacked(frames, 5, 2).tolist() == [[0, 0, 1, 2, 3], [1, 2, 3, 4, 5], [3, 4, 5, 6, 6], [5, 6, 6, 6, 6]]
    assert stacked(frames[:1], 4, 3).tolist() == [[0, 0, 0, 0]]


def test_augmentation_is_a_function_of_the_generator_and_leaves_numbers():
    config, statistics = SpeechConfig(vocabulary=3), (np.zeros(40), np.ones(40))
    pieces = [word("low"), word("rise"), np.zeros(3, np.float32)]
    for seed in range(20):
        twice = []
        for _ in range(2):
            random = np.random.default_rng(seed)
            samples, spans = joined(pieces, 8000, Augmentation(), random)
            edges = [edge for span in spans for edge in span]
            assert edges == sorted(edges)
            assert 0 <= edges[0] <= edges[-1] <= 1
            twice.append(augmented(samples, config, Augmentation(), random, statistics))
        np.testing.assert_array_equal(*twice)
        assert np.isfinite(twice[0]).all()
        assert twice[0].dtype == np.float32
    assert np.isfinite(noise_alone(config, np.random.default_rng(0), statistics)).all()


def test_without_augmentation_features_are_those_of_transcription():
    nothing = Augmentation(speed=0, warp=0, tempo=0, noise=0, reverb=0, colour=0, masks=0, silence=0)
    config, statistics = SpeechConfig(vocabulary=3), (np.zeros(40), np.ones(40))
    samples = word("fall")
    found = augmented(samples, config, nothing, np.random.default_rng(0), statistics)
    expected = normalised(mel_power(samples, 8000, 40), *statistics)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.argmax(axis=1)[4:-4], expected.argmax(axis=1)[4:-4])  # under a little noise


def test_the_tail_of_a_room_is_all_frames_before_each_losing_a_share_of_their_power():
    power = np.random.default_rng(0).random((70, 3)).astype(np.float32)
    found = _reverberant(power, np.random.default_rng(4))
    draws = np.random.default_rng(4)
    decay = 10 ** (-6 / (100 * draws.uniform(0.1, 0.6)))
    share = 10 ** (draws.uniform(-15, -3) / 10) * (1 - decay)
    lost = decay ** (np.arange(70)[:, None] - np.arange(70)) * np.tri(70, k=-1)
    np.testing.assert_allclose(found, power + share * lost @ power, rtol=1e-5)
