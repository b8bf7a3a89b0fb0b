"""What one process counts and times, for Prometheus; figures that processes share are read from Postgres instead."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

Values = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """One process's measurements, in a registry of their own; all times in seconds."""

    registry: CollectorRegistry
    http_seconds: Histogram
    """Until the first byte of the answer, by `method`, `route` (its template) and `status`."""
    search_seconds: Histogram
    """By `leg`: `embed`, `hybrid` (both legs, one statement), `route`, `walk`, `rerank`."""
    event_lag_seconds: Histogram
    """From an event's writing to its going out on a stream."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Figures read for one scrape: a name, what it tells, the labels and a value for each of their combinations."""

    name: str
    told: str
    labels: tuple[str, ...]
    values: Values
    counts: bool = False
    """Whether it only ever grows."""


@dataclass(frozen=True, eq=False)
class Readings(Collector):
    """A collector of what was read for one scrape."""

    readings: tuple[Reading, ...] = field(default=())

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        """Return the families Prometheus shows."""
        return [_family(reading) for reading in self.readings]


def build_metrics() -> Metrics:
    """Return the measurements of a process that has just begun."""
    registry = CollectorRegistry()

    def times(name: str, told: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(f"symposium_{name}_seconds", told, labels, buckets=SECONDS, registry=registry)

    return Metrics(
        registry=registry,
        http_seconds=times("http", "Time to the first byte of an answer.", ("method", "route", "status")),
        search_seconds=times("search", "Time of a search's legs.", ("leg",)),
        event_lag_seconds=times("event_lag", "Time from an event's writing to its going out.", ()),
    )


@contextmanager
def serving(metrics: Metrics, *, host: str, port: int | None) -> Iterator[None]:
    """Answer Prometheus on a port of its own while the block runs, for a process that serves no HTTP; None: don't."""
    if port is None:
        yield
        return
    server, thread = start_http_server(port, host, metrics.registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _family(reading: Reading) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if reading.counts else GaugeMetricFamily
    family = kind(f"symposium_{reading.name}", reading.told, labels=reading.labels)
    for labels, value in sorted(reading.values.items()):
        family.add_metric(labels, value)
    return family
