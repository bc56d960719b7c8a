"""Answers about many jobs, and why one of them waits (beyond.md, "Also needed")."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.dispatcher.api.cursors import to_cursor
from services.dispatcher.api.examples import JOB
from services.dispatcher.api.job_schemas import JobSummary, job_summary
from services.dispatcher.domain.explain import Explanation, Reason, ReasonCode
from services.dispatcher.domain.page import Page
from shared.jobs import JobStatus
from shared.kernel.clock import to_optional_datetime


class JobListResponse(BaseModel):
    """One page, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jobs": [{name: value for name, value in JOB.items() if name not in ("variables", "result")}],
                    "next_cursor": "ZGVmYXVsdHwwMTc2NzI2ODgwMDAwMHxqb2ItMQ",
                }
            ]
        }
    )

    jobs: list[JobSummary]
    next_cursor: str | None = Field(description="where the next page begins; null: this was the last one")


class LackBody(BaseModel):
    robot_id: str
    missing: list[str]


class ReasonBody(BaseModel):
    """One reason."""

    code: ReasonCode
    message: str
    until: datetime | None = Field(None, description="for `DELAYED_UNTIL`")
    missing: dict[str, int] | None = Field(
        None, description="for `MISSING_…`: each label, and how many of the robots that come into question lack it"
    )
    robots: list[LackBody] = Field([], description="for `MISSING_…`: up to 20 robots, with what each lacks")


class RobotCountsBody(BaseModel):
    """The tenant's robots."""

    registered: int
    matching: int = Field(description="of them, those that can run the job")
    available: int = Field(description="of them, those that would take it now")


class ExplainResponse(BaseModel):
    """Why a job is where it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "660e8400-e29b-41d4-a716-446655440001",
                    "status": "pending",
                    "pending": True,
                    "reasons": [
                        {
                            "code": "MISSING_CAPABILITY",
                            "message": "2 of 2 robots lack capabilities it needs: sap.",
                            "until": None,
                            "missing": {"sap": 2},
                            "robots": [{"robot_id": "robot-prod-001", "missing": ["sap"]}],
                        }
                    ],
                    "robots": {"registered": 3, "matching": 0, "available": 0},
                    "queue_ahead": 0,
                }
            ]
        }
    )

    job_id: str
    status: JobStatus
    pending: bool
    reasons: list[ReasonBody]
    robots: RobotCountsBody
    queue_ahead: int = Field(description="jobs of equal requirements that come first; 1000 means: that or more")


def job_list(page: Page) -> JobListResponse:
    """The page as users see it."""
    return JobListResponse(jobs=[job_summary(job) for job in page.jobs], next_cursor=to_cursor(page.next_place))


def explain_response(explanation: Explanation) -> ExplainResponse:
    """The explanation as users see it."""
    robots = explanation.robots
    return ExplainResponse(
        job_id=explanation.job.job_id,
        status=explanation.job.status,
        pending=explanation.job.status is JobStatus.PENDING,
        reasons=[_reason_body(reason) for reason in explanation.reasons],
        robots=RobotCountsBody(registered=robots.registered, matching=robots.matching, available=robots.available),
        queue_ahead=explanation.queue_ahead,
    )


def _reason_body(reason: Reason) -> ReasonBody:
    return ReasonBody(
        code=reason.code,
        message=reason.message,
        until=to_optional_datetime(reason.until_ms),
        missing=reason.missing,
        robots=[LackBody(robot_id=lack.robot_id, missing=list(lack.missing)) for lack in reason.robots],
    )
