"""From a few measured samples to the net peak at any number of CIDs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tracekit.records import EstimateSample

ID_BYTES = 9
"""What a path that keeps nothing needs for each CID: a reference in its batch of ids, and a share
of the batch."""


@dataclass(frozen=True)
class PeakModel:
    """Net peak as a fixed part and a part for each row and each CID."""

    fixed_bytes: float
    bytes_per_row: float
    bytes_per_cid: float
    measured: tuple[EstimateSample, ...] = ()
    """By CIDs: from the smallest to the largest the peak is read between them."""

    def net_peak_bytes(self, cids: float, rows: float) -> int:
        """The prediction."""
        if self.measured and self.measured[0].cids <= cids < self.measured[-1].cids:
            return _between(self.measured, cids)
        growing = self.bytes_per_row * rows + self.bytes_per_cid * cids
        predicted = round(self.fixed_bytes + growing)
        if self.measured and cids < self.measured[0].cids:
            return min(predicted, self.measured[0].rss_net_peak_bytes)
        return predicted

    def largest_cids(self, net_bytes: float, rows_per_cid: float) -> int | None:
        """Most CIDs whose net peak stays within `net_bytes`; None where it does not grow."""
        each = self.bytes_per_row * rows_per_cid + self.bytes_per_cid
        if each <= 0:
            return None
        return max(0, int((net_bytes - self.fixed_bytes) / each))


def growing_model(samples: Sequence[EstimateSample]) -> PeakModel:
    """The line through the three largest samples of a path that keeps its rows, by least squares.

    Larger samples lie nearer to what is predicted, and the square of the distance makes them count
    for more. With one sample, or none that grows, all of it is taken to grow: too much rather
    than too little.
    """
    measured = tuple(sorted(samples, key=lambda sample: sample.cids))
    samples = measured[-3:]
    rows = [float(sample.rows) for sample in samples]
    peaks = [float(sample.rss_net_peak_bytes) for sample in samples]
    mean_rows, mean_peak = sum(rows) / len(rows), sum(peaks) / len(peaks)
    spread = sum((one - mean_rows) ** 2 for one in rows)
    together = sum(
        (one - mean_rows) * (peak - mean_peak) for one, peak in zip(rows, peaks, strict=True)
    )
    if not spread or together <= 0:
        return PeakModel(0.0, max(peaks) / max(max(rows), 1.0), 0.0, measured)
    slope = together / spread
    return PeakModel(mean_peak - slope * mean_rows, slope, 0.0, measured)


def level_model(samples: Sequence[EstimateSample]) -> PeakModel:
    """The level that a path which keeps nothing reaches, and the ids themselves.

    Its memory rises until all workers and queues have been full a few times, so the largest of
    the samples counts alone: a line would go on rising.
    """
    measured = tuple(sorted(samples, key=lambda sample: sample.cids))
    most = measured[-1]
    beyond = most.rss_net_peak_bytes - ID_BYTES * most.cids
    return PeakModel(float(beyond), 0.0, ID_BYTES, measured)


def _between(measured: Sequence[EstimateSample], cids: float) -> int:
    """The net peak on the way from one sample to the next."""
    for one, other in pairwise(measured):
        if one.cids <= cids < other.cids:
            share = (cids - one.cids) / (other.cids - one.cids)
            grown = other.rss_net_peak_bytes - one.rss_net_peak_bytes
            return round(one.rss_net_peak_bytes + share * grown)
    raise AssertionError(f"{cids} is beyond the samples")
