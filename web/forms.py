"""Reads posted forms as they stream in: a file that is too large is let go of while the text beside it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from web.ids import number

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_IN_MEMORY = 1024 * 1024
_MOST_PARTS = 40


class FormError(Exception):
    """The body is not a form, or is larger than a form of this page can be."""


@dataclass(slots=True)
class PostedFile:
    """A file of a form; when it is `too_large`, or there are too many (`surplus`), its content was let go of."""

    name: str
    data: SpooledTemporaryFile[bytes]
    size: int = 0
    too_large: bool = False
    surplus: bool = False


@dataclass(slots=True)
class Form:
    """A posted form; `cut` when the body went on beyond the limit and the rest was not read."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[PostedFile] = field(default_factory=list)
    cut: bool = False

    def text(self, name: str) -> str:
        """A field without the spaces around it, empty when it is missing."""
        return self.fields.get(name, "").strip()

    def number(self, name: str) -> int | None:
        """A field as a number that is an id or a version, or None."""
        return number(self.text(name))

    def close(self) -> None:
        """Let go of the files."""
        for file in self.files:
            file.data.close()


@dataclass(frozen=True, slots=True)
class FormLimits:
    """What a form may hold, in bytes; `files` says how many files are kept, `fields` how many fields are read."""

    body: int
    text: int
    file: int = 0
    files: int = 0
    fields: int = _MOST_PARTS


async def read_form(request: Request, limits: FormLimits) -> Form:
    """Read a posted form. Raises FormError when it is none, is beyond the limit, or its browser went away."""
    try:
        return await _read(request, limits)
    except ClientDisconnect as error:
        raise FormError("the browser went away") from error


async def _read(request: Request, limits: FormLimits) -> Form:
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return Form()  # a form of a single button may have nothing to say
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary")
        if not boundary:
            raise FormError("the form has no boundary")
        return await _read_multipart(request, boundary, limits)
    if kind == b"application/x-www-form-urlencoded":
        return await _read_urlencoded(request, limits)
    raise FormError("the body is not a form")


async def _read_urlencoded(request: Request, limits: FormLimits) -> Form:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.text:
            raise FormError("the form is too large")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=limits.fields)
    except ValueError as error:
        raise FormError("the form cannot be read") from error
    return Form(fields=dict(pairs))


async def _read_multipart(request: Request, boundary: bytes, limits: FormLimits) -> Form:
    collector = _Parts(limits)
    parser = MultipartParser(boundary, collector.callbacks())
    read = 0
    form = collector.form
    try:
        async for chunk in request.stream():
            read += len(chunk)
            if read > limits.body:
                form.cut = True
                break
            parser.write(chunk)
            # Spooled files may touch the disk, which must not hold up the other visitors.
            await anyio.to_thread.run_sync(collector.write_out)
        else:
            parser.finalize()
    except FormParserError as error:
        form.close()
        raise FormError("the form cannot be read") from error
    except BaseException:
        form.close()
        raise
    finally:
        collector.abandon()
    return form


class _Parts:
    """Gathers the parts of a multipart body as the parser meets them."""

    def __init__(self, limits: FormLimits) -> None:
        self.form = Form()
        self._limits = limits
        self._parts = 0
        self._text_size = 0
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._name = ""
        self._text = bytearray()
        self._file: PostedFile | None = None
        self._waiting: list[tuple[PostedFile, bytes]] = []

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_data,
            "on_part_end": self._end,
        }

    def write_out(self) -> None:
        """Write what arrived for the files."""
        for file, data in self._waiting:
            if not file.too_large:
                file.data.write(data)
        self._waiting.clear()

    def abandon(self) -> None:
        """Let go of a file that did not come to its end."""
        if self._file is not None:
            self._file.data.close()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise FormError("the form has too many parts")
        self._disposition, self._name, self._file = b"", "", None
        self._text = bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _decoded(options, b"name")
        if b"filename" in options:
            file = PostedFile(_decoded(options, b"filename"), SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - closed by Form.close
            file.surplus = len(self.form.files) >= self._limits.files
            self._file = file

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text_size += end - start
            if self._text_size > self._limits.text:
                raise FormError("the form's text is too large")
            self._text += data[start:end]
            return
        self._file.size += end - start
        if self._file.size > self._limits.file:
            self._file.too_large = True
            self._file.data.truncate(0)
        if not (self._file.too_large or self._file.surplus):
            self._waiting.append((self._file, data[start:end]))

    def _end(self) -> None:
        if self._file is None:
            self.form.fields[self._name] = self._text.decode("utf-8", errors="replace")
        elif self._file.name or self._file.size:
            self.form.files.append(self._file)
        else:
            self._file.data.close()  # a file input that was left empty still posts a part
        self._file = None


def _decoded(options: Mapping[bytes, bytes], name: bytes) -> str:
    return options.get(name, b"").decode("utf-8", errors="replace")
