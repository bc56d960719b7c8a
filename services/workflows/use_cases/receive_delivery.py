"""Receive a webhook's delivery: start a job with what it brought."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from services.workflows.domain.payload import delivered_digest, digest_of, variables_of_delivery
from services.workflows.domain.run import WantedRun, job_of_run
from services.workflows.domain.signature import SignedDelivery, read_delivery
from services.workflows.domain.webhook import DeliveryConflict, Webhook, WebhookRefused, job_id_of_delivery
from services.workflows.domain.workflow import Workflow
from services.workflows.ports import Jobs, Webhooks, WebhookSecrets, Workflows
from shared.jobs import Job, NewJob
from shared.kernel.clock import Clock
from shared.kernel.origin import current_origin, originating

TRIGGER: Final = "webhook"


@dataclass(frozen=True, slots=True)
class Received:
    """The job that a delivery started, now or when it came first."""

    job: Job
    delivery_id: str


class ReceiveDelivery:
    """Checks the signature, then submits a job whose id follows from the webhook's and the delivery's.

    So a delivery that comes twice, or to two replicas at once, or again because its answer was lost, finds the job it
    made: the insert decides. A process that dies before the insert has answered nothing, and the sender repeats. A
    replay is refused once the window is over, and changes nothing within it.
    """

    def __init__(
        self,
        *,
        webhooks: Webhooks,
        workflows: Workflows,
        secrets: WebhookSecrets,
        jobs: Jobs,
        clock: Clock,
        window_seconds: int,
    ) -> None:
        self._webhooks = webhooks
        self._workflows = workflows
        self._secrets = secrets
        self._jobs = jobs
        self._clock = clock
        self._window_seconds = window_seconds

    async def __call__(
        self, *, token: str, headers: Mapping[str, str], body: bytes, traceparent: str | None = None
    ) -> Received:
        """The delivery's job. Raises `WebhookRefused` for an unknown token, a deleted webhook or workflow, a bad
        signature and a time outside the window alike; `Invalid`, `PayloadTooLarge`, `DeliveryConflict`, `Unavailable`.
        """
        webhook, delivery = await self._trusted(token, headers, body)
        workflow = await self._workflows.get(webhook.tenant_id, webhook.workflow_id)
        if workflow is None:
            raise WebhookRefused
        wanted = self._wanted(webhook, delivery, headers, body)
        with originating(replace(current_origin(), actor_kind="service", actor_id=webhook.actor)):
            job = await self._jobs.submit(_job(wanted, webhook, workflow, delivery, traceparent))
        if delivered_digest(job.variables_json) != digest_of(body):
            raise DeliveryConflict
        return Received(job, delivery.delivery_id)

    async def _trusted(self, token: str, headers: Mapping[str, str], body: bytes) -> tuple[Webhook, SignedDelivery]:
        webhook_id = self._secrets.webhook_id_of(token)
        webhook = None if webhook_id is None else await self._webhooks.find(webhook_id)
        delivery = read_delivery(headers)
        if webhook is None or delivery is None:
            raise WebhookRefused
        secret = self._secrets.secret_of(webhook.tenant_id, webhook.webhook_id)
        if not delivery.is_authentic(body, secret) or not delivery.is_recent(
            self._clock.now_ms(), self._window_seconds
        ):
            raise WebhookRefused
        return webhook, delivery

    def _wanted(self, webhook: Webhook, delivery: SignedDelivery, headers: Mapping[str, str], body: bytes) -> WantedRun:
        variables = variables_of_delivery(
            body=body, headers=headers, delivery_id=delivery.delivery_id, received_ms=self._clock.now_ms()
        )
        return WantedRun(
            workflow_id=webhook.workflow_id,
            variables=variables,
            priority=webhook.priority,
            environment=webhook.environment,
            execution_mode=webhook.execution_mode,
        )


def _job(
    wanted: WantedRun, webhook: Webhook, workflow: Workflow, delivery: SignedDelivery, traceparent: str | None
) -> NewJob:
    job_id = job_id_of_delivery(webhook.webhook_id, delivery.delivery_id)
    job = job_of_run(wanted, workflow, job_id=job_id, created_by=webhook.actor, traceparent=traceparent)
    return replace(job, trigger=TRIGGER)
