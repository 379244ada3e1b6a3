"""Resident memory over time, in bounded space."""

from __future__ import annotations

from tracekit.records import MemorySample

MAX_SAMPLES = 600


class TimelineBuilder:
    """Collects samples; holds at most twice `max_samples`, and never loses the highest.

    When full, neighbouring pairs are joined into the higher of the two.
    """

    def __init__(self, max_samples: int = MAX_SAMPLES) -> None:
        self._max_samples = max_samples
        self._samples: list[MemorySample] = []

    def add(self, elapsed_seconds: float, rss_bytes: int) -> None:
        """Add a sample, later than all before."""
        self._samples.append(MemorySample(round(elapsed_seconds, 3), rss_bytes))
        if len(self._samples) >= 2 * self._max_samples:
            self._samples = _halved(self._samples)

    def samples(self) -> tuple[MemorySample, ...]:
        """At most `max_samples` samples, in order of time."""
        samples = self._samples
        while len(samples) > self._max_samples:
            samples = _halved(samples)
        return tuple(samples)


def _halved(samples: list[MemorySample]) -> list[MemorySample]:
    pairs = [samples[i : i + 2] for i in range(0, len(samples), 2)]
    return [max(pair, key=lambda sample: sample.rss_bytes) for pair in pairs]
