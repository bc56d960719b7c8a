"""The figures of a period, as the contract has them."""

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.domain.analytics import Analytics


class SlowWorkflowBody(BaseModel):
    """A workflow whose jobs take long."""

    workflow_id: str
    workflow_name: str = Field(description="as its newest job of the period had it")
    avg_duration_ms: int
    jobs: int = Field(description="how many the average is of")


class AnalyticsBody(BaseModel):
    """Figures of a period's finished jobs. Rates are percents with one decimal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "days": 7,
                    "total_jobs": 205,
                    "completed_jobs": 191,
                    "failed_jobs": 7,
                    "timeout_jobs": 2,
                    "cancelled_jobs": 5,
                    "success_rate": 95.5,
                    "failure_rate": 4.5,
                    "duration_p50_ms": 30_000,
                    "duration_p90_ms": 60_000,
                    "duration_p99_ms": 120_000,
                    "slowest_workflows": [
                        {
                            "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                            "workflow_name": "Complex Report",
                            "avg_duration_ms": 300_000,
                            "jobs": 12,
                        }
                    ],
                    "error_distribution": {"SELECTOR_NOT_FOUND": 5, "TIMEOUT": 2, "NETWORK_ERROR": 2},
                    "self_healing_success_rate": 78.5,
                }
            ]
        }
    )

    days: int
    total_jobs: int = Field(description="all that ended, cancelled ones included")
    completed_jobs: int
    failed_jobs: int
    timeout_jobs: int
    cancelled_jobs: int
    success_rate: float = Field(description="completed jobs among those that completed, failed or timed out")
    failure_rate: float = Field(description="the others among them")
    duration_p50_ms: int
    duration_p90_ms: int
    duration_p99_ms: int
    slowest_workflows: list[SlowWorkflowBody] = Field(description="at most ten, the greatest average first")
    error_distribution: dict[str, int] = Field(
        description="failed and timed-out jobs by error type: the 50 most frequent, all others as `OTHER`"
    )
    self_healing_success_rate: float = Field(
        description="repairs that worked among those that robots reported in the results of completed jobs"
    )


def analytics_body(days: int, analytics: Analytics) -> AnalyticsBody:
    """The figures of a period of `days` days."""
    totals = analytics.totals
    return AnalyticsBody(
        days=days,
        total_jobs=totals.completed + totals.failed + totals.timeout + totals.cancelled,
        completed_jobs=totals.completed,
        failed_jobs=totals.failed,
        timeout_jobs=totals.timeout,
        cancelled_jobs=totals.cancelled,
        success_rate=analytics.success_rate,
        failure_rate=analytics.failure_rate,
        duration_p50_ms=analytics.duration_p50_ms,
        duration_p90_ms=analytics.duration_p90_ms,
        duration_p99_ms=analytics.duration_p99_ms,
        slowest_workflows=[
            SlowWorkflowBody(
                workflow_id=slow.workflow_id,
                workflow_name=slow.time.name,
                avg_duration_ms=slow.time.average_ms,
                jobs=slow.time.n_jobs,
            )
            for slow in analytics.slowest_workflows
        ],
        error_distribution=analytics.error_distribution,
        self_healing_success_rate=analytics.self_healing_success_rate,
    )
