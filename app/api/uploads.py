"""A file on its way in: multipart form or JSON text, within the size allowed, its name made safe."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import from_json
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from app.api.texts import NO_NUL
from app.convert.registry import detect
from app.errors import FieldError, Invalid, TooLarge

FORM_SLACK = 64 * 1024
UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\ud800-\udfff]+")
MAX_FILENAME = 200
Line = Annotated[str, StringConstraints(pattern=NO_NUL)]
Metadata = dict[Line, Line]
Model = TypeVar("Model", bound=BaseModel)


class TextDocument(BaseModel):
    """A document given as text."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"text": "# Minutes\n\nThe board met on May 3.", "filename": "minutes.md"}},
    )

    text: str = Field(min_length=1, description="The whole text; Markdown when the file name ends in .md.")
    filename: str = Field("note.md", min_length=1, description="What citations will name.")
    collection: str = Field("default", description="Id or name of a collection.")
    metadata: Metadata = Field(default_factory=dict, description="What searches may filter by.")


class UrlDocument(BaseModel):
    """A document given by its address; the run that reads it fetches it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"url": "https://example.com/reports/2023.pdf"}}
    )

    url: str = Field(min_length=1, description="http(s), on the public internet.")
    filename: str | None = Field(None, min_length=1, description="What citations will name; else from the URL.")
    collection: str = Field("default", description="Id or name of a collection.")
    metadata: Metadata = Field(default_factory=dict, description="What searches may filter by.")


class FileFields(BaseModel):
    """The fields beside the file of a form."""

    model_config = ConfigDict(extra="forbid")

    collection: str = "default"
    metadata: Json[Metadata] = Field(default_factory=dict, validate_default=False)


FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The file; its name is what citations name."},
        "collection": {"type": "string", "default": "default", "description": "Id or name of a collection."},
        "metadata": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What searches may filter by, as JSON.",
        },
    },
}
BODY_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": FORM_SCHEMA},
            "application/json": {"schema": TextDocument.model_json_schema()},
        },
    }
}
NEW_BODY_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": FORM_SCHEMA},
            "application/json": {
                "schema": {"anyOf": [TextDocument.model_json_schema(), UrlDocument.model_json_schema()]},
                "examples": {
                    "text": {"value": {"text": "# Minutes\n\nThe board met on May 3.", "filename": "minutes.md"}},
                    "url": {"value": {"url": "https://example.com/reports/2023.pdf"}},
                },
            },
        },
    }
}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that can be read: its kind is known and it is not too large."""

    filename: str
    media_type: str
    content: bytes
    collection: str = "default"
    metadata: Metadata = field(default_factory=dict)


async def read_upload(request: Request, *, max_bytes: int) -> Upload:
    """Return the file of a request.

    Raises TooLarge, UnsupportedMedia, ConversionFailed (0 bytes, or not what its name says), Invalid.
    """
    given = await read_new(request, max_bytes=max_bytes)
    if isinstance(given, UrlDocument):
        raise Invalid("Send the new version as a form with a `file`, or as JSON with a `text`.")
    return given


async def read_new(request: Request, *, max_bytes: int) -> Upload | UrlDocument:
    """Return the file of a request, or where it is to be fetched. Raises like `read_upload`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/json"):
        raise Invalid("Send a form with a `file`, or JSON with a `text` or a `url`.")
    if kind == "application/json":
        body = await read_body(request, max_bytes)
        return parse(UrlDocument, body) if _names_url(body) else _from_text(parse(TextDocument, body), max_bytes)
    capped = Request(request.scope, cap(request.receive, max_bytes + FORM_SLACK))
    async with capped.form(max_files=1, max_fields=10) as form:
        return await _from_form(form, max_bytes)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return a request's whole body. Raises TooLarge, at once when the length is told."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > max_bytes + FORM_SLACK:
        raise too_large(max_bytes)
    return await Request(request.scope, cap(request.receive, max_bytes + FORM_SLACK)).body()


def _names_url(body: bytes) -> bool:
    try:
        given = from_json(body)
    except ValueError:
        return False
    return isinstance(given, dict) and "url" in given


async def _from_form(form: Mapping[str, UploadFile | str], max_bytes: int) -> Upload:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(errors=(FieldError(pointer="/file", detail="A file is needed."),))
    fields = parse(FileFields, {name: value for name, value in form.items() if name != "file"})
    content = await file.read()
    filename = safe_filename(file.filename or "")
    return Upload(
        filename=filename,
        media_type=check_content(content, filename, file.content_type or "", max_bytes),
        content=content,
        collection=fields.collection,
        metadata=fields.metadata,
    )


def _from_text(body: TextDocument, max_bytes: int) -> Upload:
    content = body.text.encode("utf-8", "replace")
    filename = safe_filename(body.filename)
    return Upload(
        filename=filename,
        media_type=check_content(content, filename, "text/markdown", max_bytes),
        content=content,
        collection=body.collection,
        metadata=body.metadata,
    )


def parse(model: type[Model], data: bytes | Mapping[str, Any]) -> Model:
    """Validate a body or the fields of a form, all problems at once. Raises RequestValidationError."""
    adapter = TypeAdapter(model)
    try:
        return adapter.validate_json(data) if isinstance(data, bytes) else adapter.validate_python(dict(data))
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


def check_content(content: bytes, filename: str, declared: str, max_bytes: int) -> str:
    """Return a file's media type. Raises TooLarge, UnsupportedMedia, ConversionFailed."""
    if len(content) > max_bytes:
        raise too_large(max_bytes)
    return detect(content, filename, declared)


def safe_filename(given: str) -> str:
    """Return the last part of a path without characters that could do harm, "document" when nothing is left."""
    name = UNSAFE.sub(" ", unquote(given).replace("\\", "/").rpartition("/")[2]).strip(" .")
    if len(name) <= MAX_FILENAME:
        return name or "document"
    stem, dot, extension = name.rpartition(".")
    return (
        f"{stem[: MAX_FILENAME - len(extension)]}{dot}{extension}"
        if dot and len(extension) < 10
        else name[:MAX_FILENAME]
    )


def cap(receive: Receive, max_bytes: int) -> Receive:
    """Return a receiver that raises TooLarge once a request's body has more bytes than allowed."""
    seen = 0

    async def receive_capped() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            raise too_large(max_bytes - FORM_SLACK)
        return message

    return receive_capped


def too_large(max_bytes: int) -> TooLarge:
    """Return the error for a file above the limit."""
    return TooLarge(f"The file is larger than the {max_bytes // 2**20} MB this service takes.")
