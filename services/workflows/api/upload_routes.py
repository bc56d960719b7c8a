"""The route that takes a workflow as a file."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from services.workflows.api.document_request import fingerprint_of
from services.workflows.api.schemas import SubmissionResponse
from services.workflows.api.upload import FILE, FORM, Upload, UploadOptions, read_upload, submission_of
from services.workflows.api.webhook_reveal import WebhookReveal
from services.workflows.use_cases.submit_workflow import SubmitWorkflow
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses
from shared.web.traceparent import traceparent_of

_FILE_SCHEMA: Final = {"type": "string", "format": "binary", "description": "a `.json` file of at most 50 MB"}


def build_upload_router(
    submit: SubmitWorkflow, idempotent: IdempotentResponses, reveal: WebhookReveal
) -> ContractRouter:
    """Submission by file (contract, POST /workflows/upload)."""
    router = ContractRouter(tag="workflows")

    @router.endpoint(
        "POST",
        "/workflows/upload",
        permission=Permission.DEVELOP,
        summary="Upload a workflow file",
        response_model=SubmissionResponse,
        errors=(409, 413),
        openapi_extra={"requestBody": _request_body()},
    )
    async def upload_workflow(
        request: Request, caller: Caller, query: Annotated[UploadOptions, Query()], key: IdempotencyKey = None
    ) -> Response:
        """Does with the file's definition what `POST /workflows` does. Options may also be fields of the form."""
        upload = await read_upload(request)
        submission = await submission_of(upload, query.over(upload.fields))

        async def create(workflow_id: str) -> SubmissionResponse:
            submitted = await submit(
                caller=caller, workflow_id=workflow_id, submission=submission, traceparent=traceparent_of(request)
            )
            return SubmissionResponse.of(submitted)

        answer = await idempotent.run(key, request, caller, create, fingerprint=await _fingerprint_of(upload))
        return reveal.submission(answer, request, caller)

    return router


async def _fingerprint_of(upload: Upload) -> bytes:
    """The same file with the same fields; a form's separator differs each time it is sent."""
    rest = msgspec.json.encode([upload.file_name, sorted(upload.fields.items())])
    return await fingerprint_of(upload.content) + rest


def _request_body() -> dict[str, Any]:
    options = UploadOptions.model_json_schema()["properties"]
    names = ("workflow_name", "schedule_cron", "priority")
    fields = {FILE: _FILE_SCHEMA, **{name: options[name] for name in names}}
    fields |= {"trigger_type": _enumeration("manual", "scheduled", "webhook")}
    fields |= {"execution_mode": _enumeration("lan", "internet")}
    schema = {"type": "object", "required": [FILE], "properties": fields}
    return {"required": True, "content": {FORM: {"schema": schema}}}


def _enumeration(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "default": values[0]}
