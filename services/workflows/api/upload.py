"""A workflow file as it arrives: a multipart form whose file goes to disk once it is large."""

from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.workflows.domain.compact_json import Unreadable, read
from services.workflows.domain.limits import MAX_BYTES, InvalidWorkflow, WorkflowTooLarge, check_size
from services.workflows.domain.workflow import TriggerType
from services.workflows.use_cases.submit_workflow import Submission
from shared.jobs import ExecutionMode
from shared.kernel.errors import Invalid, Unavailable
from shared.kernel.tasks import off_loop
from shared.web.text import Text

FILE: Final = "file"
SUFFIX: Final = ".json"
FORM: Final = "multipart/form-data"
MAX_FORM_BYTES: Final = MAX_BYTES + 1024 * 1024
"""Of the whole body: the file, the other fields, and what separates them."""
MAX_FIELDS: Final = 32
MAX_FIELD_BYTES: Final = 8 * 1024
UNNAMED: Final = "Workflow"
LONGEST_NAME: Final = 255
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Name = Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
_name: Final[TypeAdapter[str]] = TypeAdapter(Name)
_text: Final[TypeAdapter[str]] = TypeAdapter(Text)


class UploadOptions(BaseModel):
    """What a submission says beside the definition, in the query or as fields of the form; the query wins."""

    workflow_name: Name | None = Field(None, description="by default the one in the file, or the file's own")
    trigger_type: TriggerType = Field(TriggerType.MANUAL, description="what makes it run")
    execution_mode: ExecutionMode = Field(ExecutionMode.LAN, description="where it may run")
    schedule_cron: str | None = Field(None, max_length=255, description="required when `trigger_type` is `scheduled`")
    priority: int = Field(10, ge=0, le=20, description="0 is the highest")

    def over(self, fields: dict[str, str]) -> "UploadOptions":
        """These options where they were given, else what the form's fields say. Raises RequestValidationError."""
        given = self.model_dump(include=self.model_fields_set)
        try:
            return UploadOptions.model_validate({**fields, **given})
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error


class Upload(NamedTuple):
    """What the form held."""

    content: bytes
    file_name: str
    fields: dict[str, str]


class _Titled(msgspec.Struct):
    """Where editors keep a workflow's name and description; any of it may be missing or something else."""

    workflow_name: Any = None
    name: Any = None
    metadata: Any = None

    def names(self) -> Iterator[Any]:
        yield self._in_metadata("name")
        yield self.workflow_name
        yield self.name

    def description(self) -> str | None:
        return _valid(_text, self._in_metadata("description"))

    def _in_metadata(self, name: str) -> Any:
        return self.metadata.get(name) if isinstance(self.metadata, dict) else None


async def read_upload(request: Request) -> Upload:
    """The form's file and fields. Raises Invalid, WorkflowTooLarge, Unavailable."""
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise Invalid(f"The body must be {FORM} with a field '{FILE}'.")
    form = await _form_of(request)
    try:
        return await _upload_in(form)
    except OSError as error:
        raise Unavailable("The upload cannot be kept now.") from error
    finally:
        await form.close()


async def submission_of(upload: Upload, options: UploadOptions) -> Submission:
    """The upload as a submission. Raises InvalidWorkflow when the file is no JSON object."""
    try:
        titled: _Titled = await off_loop(len(upload.content), read, upload.content, _Titled)
    except Unreadable as error:
        raise InvalidWorkflow.field(FILE, f"is not a JSON object: {error}") from error
    description = titled.description()
    return Submission(
        name=options.workflow_name or _name_of(titled, upload.file_name),
        workflow_json=upload.content,
        trigger_type=options.trigger_type,
        execution_mode=options.execution_mode,
        schedule_cron=options.schedule_cron,
        priority=options.priority,
        metadata={} if description is None else {"description": description},
        description=description,
    )


class _FormParser(MultiPartParser):
    """Refuses a form that is too long, and one that ends too early, which would pass as one without its last part."""

    def __init__(self, request: Request) -> None:
        self._has_ended = False
        chunks = self._chunks_of(request)
        super().__init__(request.headers, chunks, max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)

    def on_end(self) -> None:
        self._has_ended = True

    async def _chunks_of(self, request: Request) -> AsyncGenerator[bytes, None]:
        n_bytes = 0
        async for chunk in request.stream():
            n_bytes += len(chunk)
            if n_bytes > MAX_FORM_BYTES:
                raise WorkflowTooLarge(f"{FILE}: more than {MAX_BYTES} bytes")
            yield chunk
        if not self._has_ended:
            raise MultiPartException("it ends too early")


async def _form_of(request: Request) -> FormData:
    try:
        return await _FormParser(request).parse()
    except MultiPartException as error:
        raise Invalid(f"The form cannot be read: {error.message}") from error
    except OSError as error:
        raise Unavailable("The upload cannot be kept now.") from error


async def _upload_in(form: FormData) -> Upload:
    file = form.get(FILE)
    if not isinstance(file, UploadFile):
        raise Invalid.field(FILE, "is missing")
    file_name = file.filename or ""
    if not file_name.lower().endswith(SUFFIX):
        raise Invalid.field(FILE, f"must be a {SUFFIX} file")
    check_size(file.size or 0, FILE)
    content = (await file.read()).removeprefix(_BYTE_ORDER_MARK).strip()
    return Upload(content, file_name, {name: value for name, value in form.multi_items() if isinstance(value, str)})


def _name_of(titled: _Titled, file_name: str) -> str:
    stem = file_name.replace("\\", "/").rpartition("/")[2][: -len(SUFFIX)]
    candidates = (_valid(_name, name) for name in (*titled.names(), stem[:LONGEST_NAME]))
    return next((name for name in candidates if name is not None), UNNAMED)


def _valid(kind: TypeAdapter[str], value: object) -> str | None:
    """`value`, trimmed, where it is a text of that kind."""
    if not isinstance(value, str):
        return None
    try:
        return kind.validate_python(value.strip())
    except ValidationError:
        return None
