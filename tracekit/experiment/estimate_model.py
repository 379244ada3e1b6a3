"""Predict the net peak at any number of keys from a few samples, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tracekit.records import EstimateSample

ID_BYTES = 9
"""Bytes that a candidate that keeps nothing needs per key: a reference in its batch, and a share
of the batch."""
NOISE_BYTES = 256 * 1024
"""Bytes by which two runs of the same sample always differ: arenas, stacks."""
STRAIGHT = 0.1
"""The slope may change by this share between samples and still count as one line."""
_STEEPEST = 2.0


@dataclass(frozen=True)
class Prediction:
    """A net peak and its range."""

    net_peak_bytes: int
    low_bytes: int
    high_bytes: int

    def within(self, share: float) -> bool:
        """Whether the highest is at most this share above the prediction."""
        return self.high_bytes - self.net_peak_bytes <= share * self.net_peak_bytes


@dataclass(frozen=True)
class PeakModel:
    """A fixed part, and a part for each row and each key beyond the largest sample."""

    fixed_bytes: float
    bytes_per_row: float
    bytes_per_key: float
    bend: float = 1.0
    """The last change of the slope; 1 if the samples are on a line. It may change as much again
    whenever the rows double, or return to what it was before."""
    earlier_bytes_per_row: float = 0.0
    rise_bytes: float = 0.0
    """How much the level may still rise when the rows double."""
    measured: tuple[EstimateSample, ...] = ()
    """Samples by keys; between the smallest and the largest the peak is interpolated."""

    def predict(self, keys: float, rows: float) -> Prediction:
        """The net peak at the given number of keys and rows."""
        if not self.measured:
            return _between(self._line(keys, rows), self._line(keys, rows), 0.0)
        smallest, largest = self.measured[0], self.measured[-1]
        if keys < smallest.keys:
            most = float(smallest.rss_net_peak_bytes)
            return _between(most * keys / smallest.keys, min(most, self._line(keys, rows)), 1.0)
        if keys < largest.keys:
            peak = _read_between(self.measured, keys)
            return _between(peak, peak, 1.0)
        times = max(1.0, rows / largest.size)
        doublings = math.log2(times)
        if self.bend == 1.0:
            line = self._line(keys, rows)
            return _between(line, line + self.rise_bytes * doublings, times)
        more, peak = max(0.0, rows - largest.size), largest.rss_net_peak_bytes
        bent = max(0.0, self.bytes_per_row) * self.bend ** (1 + doublings)
        return _between(peak + self.earlier_bytes_per_row * more, peak + bent * more, times)

    def _line(self, keys: float, rows: float) -> float:
        return self.fixed_bytes + self.bytes_per_row * rows + self.bytes_per_key * keys

    def largest_keys(self, net_bytes: float, rows_per_key: float) -> int | None:
        """The most keys that certainly stay within `net_bytes`; None if there is no limit."""

        def fits(keys: int) -> bool:
            return self.predict(keys, keys * rows_per_key).high_bytes <= net_bytes

        low, high = 0, 1
        while fits(high):
            low, high = high, high * 2
            if high > 2**50:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low


def _between(one: float, other: float, times: float) -> Prediction:
    """The range; noise counts for more the further away the samples are."""
    noise = NOISE_BYTES * times
    low, high = min(one, other) - noise, max(one, other) + noise
    return Prediction(round((one + other) / 2), max(0, round(low)), round(high))


def growing_model(samples: Sequence[EstimateSample]) -> PeakModel:
    """The least-squares line through the three largest samples of a candidate that keeps its rows.

    Larger samples are closer to the prediction and get more weight. If the slope changes from
    sample to sample, as with dictionaries that fill, it may continue to change or not. No part is
    negative. With one sample, or none that grows, all of it is assumed to grow: too much rather
    than too little.
    """
    measured = tuple(sorted(samples, key=lambda sample: sample.keys))
    used = measured[-3:]
    rows = [float(sample.size) for sample in used]
    peaks = [float(sample.rss_net_peak_bytes) for sample in used]
    mean_rows, mean_peak = sum(rows) / len(rows), sum(peaks) / len(peaks)
    spread = sum((one - mean_rows) ** 2 for one in rows)
    pairs = list(zip(rows, peaks, strict=True))
    together = sum((one - mean_rows) * (peak - mean_peak) for one, peak in pairs)
    if not spread or together <= 0:
        return PeakModel(0.0, max(peaks) / max(max(rows), 1.0), 0.0, measured=measured)
    slope = together / spread
    fixed = mean_peak - slope * mean_rows
    slopes = [
        (other[1] - one[1]) / (other[0] - one[0])
        for one, other in pairwise(pairs)
        if other[0] > one[0]
    ]
    bend = _bend(slopes)
    if bend != 1.0:
        slope = max(0.0, slopes[-1])
        fixed = max(0.0, peaks[-1] - slope * rows[-1])
        return PeakModel(fixed, slope, 0.0, bend, max(0.0, slopes[-2]), measured=measured)
    if fixed < 0:
        slope, fixed = sum(one * peak for one, peak in pairs) / sum(one**2 for one in rows), 0.0
    return PeakModel(fixed, slope, 0.0, measured=measured)


def _bend(slopes: Sequence[float]) -> float:
    if len(slopes) < 2:
        return 1.0
    if min(slopes) <= 0:
        return 1 / _STEEPEST
    bend = slopes[-1] / slopes[-2]
    return 1.0 if abs(bend - 1) <= STRAIGHT else min(max(bend, 1 / _STEEPEST), _STEEPEST)


def level_model(samples: Sequence[EstimateSample], level_rows: int = 0) -> PeakModel:
    """The level that a candidate without results reaches, plus the keys themselves.

    Its memory rises until all workers and queues have been full a few times, so only the largest
    sample counts: a line would keep rising. Below `level_rows` it may rise again by as much as
    it did last.
    """
    measured = tuple(sorted(samples, key=lambda sample: sample.keys))
    most = measured[-1]
    beyond = most.rss_net_peak_bytes - ID_BYTES * most.keys
    rise = 0
    if most.size < level_rows:
        last = measured[-2].rss_net_peak_bytes if len(measured) > 1 else 0
        rise = max(0, most.rss_net_peak_bytes - last)
    return PeakModel(float(beyond), 0.0, ID_BYTES, rise_bytes=rise, measured=measured)


def _read_between(measured: Sequence[EstimateSample], keys: float) -> float:
    """The net peak between one sample and the next."""
    for one, other in pairwise(measured):
        if one.keys <= keys < other.keys:
            share = (keys - one.keys) / (other.keys - one.keys)
            return one.rss_net_peak_bytes + share * (
                other.rss_net_peak_bytes - one.rss_net_peak_bytes
            )
    raise AssertionError(f"{keys} is beyond the samples")
