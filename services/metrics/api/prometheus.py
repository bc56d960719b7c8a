"""The installation's figures in Prometheus' text format, names as in the contract."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from services.metrics.domain.figures import Figures
from services.metrics.use_cases.measure_installation import Measurement
from shared.jobs import JobStatus


def exposition(measurement: Measurement, environment: str) -> bytes:
    """The figures, each labelled with `environment`; no tenant, job or robot can be told from them."""
    registry = CollectorRegistry()
    registry.register(_Figures(measurement, environment))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, measurement: Measurement, environment: str) -> None:
        self._measurement = measurement
        self._environment = environment

    def collect(self) -> Iterator[Metric]:
        fleet, finished = self._measurement.fleet, self._measurement.finished
        yield self._finished_jobs(finished)
        yield self._durations(finished)
        yield self._gauge("casare_rpa_robots_active", "Number of active robots", fleet.active_robots)
        yield self._gauge("casare_rpa_robots_registered", "Number of registered robots", fleet.total_robots)
        yield self._gauge("casare_rpa_queue_depth", "Number of jobs waiting for a robot", fleet.queue_depth)
        yield self._gauge("casare_rpa_active_jobs", "Number of jobs that robots hold", fleet.active_jobs)

    def _finished_jobs(self, finished: Figures) -> Metric:
        jobs = CounterMetricFamily("casare_rpa_jobs", "Total number of jobs", labels=("status", "environment"))
        for status, count in (
            (JobStatus.COMPLETED, finished.completed),
            (JobStatus.FAILED, finished.failed),
            (JobStatus.CANCELLED, finished.cancelled),
            (JobStatus.TIMEOUT, finished.timeout),
        ):
            jobs.add_metric((status.value, self._environment), count)
        return jobs

    def _durations(self, finished: Figures) -> Metric:
        durations = SummaryMetricFamily(
            "casare_rpa_job_duration_seconds",
            "Time from claim to end of jobs that completed, failed or timed out",
            labels=("environment",),
        )
        durations.add_metric((self._environment,), finished.n_durations, finished.duration_ms_sum / 1000)
        return durations

    def _gauge(self, name: str, documentation: str, value: int) -> Metric:
        gauge = GaugeMetricFamily(name, documentation, labels=("environment",))
        gauge.add_metric((self._environment,), value)
        return gauge
