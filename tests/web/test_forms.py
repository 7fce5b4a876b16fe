import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from web.forms import Form, FormError, FormLimits, read_form

LIMITS = FormLimits(body=100_000, text=2_000, file=1_000, files=2)
BOUNDARY = b"----b"


def request(body: bytes, kind: str, *, piece: int = 64) -> Request:
    """A request whose body comes in small pieces."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)] or [b""]

    async def receive() -> dict[str, object]:
        data = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": data, "more_body": bool(pieces)}

    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers, "path": "/", "query_string": b""}, receive)


def part(name: str, content: bytes, file: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file is not None else "")
    return b"--" + BOUNDARY + f"\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


async def multipart(*parts: bytes, end: bytes = b"--" + BOUNDARY + b"--\r\n", limits: FormLimits = LIMITS) -> Form:
    return await read_form(request(b"".join(parts) + end, f"multipart/form-data; boundary={BOUNDARY.decode()}"), limits)


async def test_fields_are_read_as_they_were_written() -> None:
    form = await read_form(request("text=漏水 了&id=a%2Bb".encode(), "application/x-www-form-urlencoded"), LIMITS)
    assert form.fields == {"text": "漏水 了", "id": "a+b"}
    form = await multipart(part("text", "厨房漏水\r\n地上都是水".encode()), part("id", b" 1 "))
    assert form.text("text") == "厨房漏水\r\n地上都是水"
    assert form.number("id") == 1
    assert form.text("missing") == ""


async def test_a_file_is_read_with_its_name() -> None:
    form = await multipart(part("photo", b"x" * 900, "漏水.jpg"))
    (file,) = form.files
    file.data.seek(0)
    assert (file.name, file.size, file.too_large, file.data.read()) == ("漏水.jpg", 900, False, b"x" * 900)
    form.close()


async def test_a_file_that_is_too_large_is_let_go_of_and_the_text_after_it_kept() -> None:
    form = await multipart(part("photo", b"x" * 50_000, "a.jpg"), part("text", b"kept"))
    assert form.files[0].too_large
    form.files[0].data.seek(0)
    assert form.files[0].data.read() == b""
    assert form.text("text") == "kept"
    form.close()


async def test_files_beyond_the_number_are_marked() -> None:
    form = await multipart(*(part("photo", b"x", f"{number}.jpg") for number in range(4)))
    assert [file.surplus for file in form.files] == [False, False, True, True]
    form.close()


async def test_a_file_input_that_was_left_empty_is_no_file() -> None:
    assert (await multipart(part("photo", b"", ""), part("text", b"a"))).files == []


async def test_a_body_beyond_the_limit_is_cut_and_what_was_read_is_kept() -> None:
    form = await multipart(part("text", b"first"), part("photo", b"x" * 200_000, "a.jpg"), part("late", b"lost"))
    assert form.cut
    assert form.fields == {"text": "first"}
    form.close()


@pytest.mark.parametrize(
    "body",
    [
        part("text", b"x" * 3_000),
        part("a", b"x" * 1_500) + part("b", b"x" * 1_500),
        b"".join(part(f"f{number}", b"") for number in range(60)),
    ],
)
async def test_too_much_text_is_refused(body: bytes) -> None:
    with pytest.raises(FormError):
        await multipart(body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b"rubbish"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 3_000),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(99))),
    ],
)
async def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(FormError):
        await read_form(request(body, kind), LIMITS)


async def test_a_form_of_a_single_button_may_be_empty() -> None:
    assert (await read_form(request(b"", ""), LIMITS)).fields == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("-1", None),
        ("1.5", None),
        ("１２", None),
        ("", None),
        ("9" * 5_000, None),
    ],
)
def test_a_number_is_one_that_a_row_can_have(text: str, number: int | None) -> None:
    assert Form({"n": text}).number("n") == number


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
async def test_no_body_whatever_is_a_fault(body: bytes, piece: int) -> None:
    for kind in ("multipart/form-data; boundary=----b", "application/x-www-form-urlencoded"):
        with contextlib.suppress(FormError):
            (await read_form(request(b"------b\r\n" + body, kind, piece=piece), LIMITS)).close()
