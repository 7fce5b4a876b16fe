"""Headers on every answer, and proof on every change that it comes from our own pages."""

import re
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from actions.store import Store
from tests.web.scene import FACTS, OURS, Scene, open_scene
from web.deps import WebSettings
from web.pages import ASSETS
from web.security import content_security_policy, is_from_us

PLAIN = WebSettings()
TEMPLATES = sorted((Path(ASSETS).parent / "templates").glob("*.html"))


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://desk.test", "host": "desk.test"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "http://evil.test", "host": "desk.test"}, True),
        ({"origin": "http://desk.test", "host": "desk.test"}, True),
        ({"origin": "https://desk.test:8443", "host": "desk.test:8443"}, True),
        ({"origin": "http://evil.test", "host": "desk.test"}, False),
        ({"origin": "http://desk.test.evil.test", "host": "desk.test"}, False),
        ({"origin": "http://desk.test:81", "host": "desk.test"}, False),
        ({"origin": "null", "host": "desk.test"}, False),
        ({"origin": "", "host": ""}, False),
        ({"host": "desk.test"}, False),
        ({}, False),
    ],
)
def test_a_change_must_come_from_our_own_pages(headers: dict[str, str], trusted: bool) -> None:
    assert is_from_us(Headers(headers), PLAIN) is trusted


def test_an_origin_that_was_set_is_trusted_too() -> None:
    settings = WebSettings(trusted_origins=("https://wuye.example.com",))
    headers = {"origin": "https://wuye.example.com", "host": "inner:8000", "sec-fetch-site": "cross-site"}
    assert is_from_us(Headers(headers), settings)
    assert not is_from_us(Headers(headers | {"origin": "https://wuye.example.com.evil"}), settings)


CHANGES = (
    "/messages",
    "/c/other/messages",
    "/staff/sign-in",
    "/staff/sign-out",
    "/staff/password",
    "/staff/tickets/1/reply",
    "/staff/tickets/1/phone",
    "/staff/tickets/1/check",
    "/staff/conversations/1/take_over",
    "/staff/conversations/1/here",
    "/staff/tickets/1/draft",
    "/staff/queue/assign",
    "/staff/views",
    "/staff/messages/1/label",
    "/staff/suggestions/1/accept",
    "/staff/new",
    "/staff/logs/look",
    "/staff/logs/1/export",
    "/staff/today/assign",
    "/staff/account/totp",
    "/staff/account/totp/confirm",
    "/staff/account/totp/remove",
    "/staff/account/sessions/1/end",
    "/staff/members/1/totp/remove",
)


@pytest.mark.parametrize("path", CHANGES)
async def test_a_post_from_another_site_is_refused_before_anything_is_read(scene: Scene, path: str) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {}, {"origin": "http://evil.test"}):
        answer = await scene.browser(headers).post(path, data={"text": "您好"})
        assert answer.status_code == 403
        assert "这次提交没有被接受" in answer.text
    assert await scene.messages() == []


async def test_on_a_plain_network_the_origin_is_enough(scene: Scene) -> None:
    browser = scene.browser({"origin": "http://desk.test"})
    await browser.get("/")
    assert (await browser.post("/messages", data={"text": "您好"})).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/staff/sign-in",
        "/nowhere",
        "/healthz",
        "/staff",
        "/staff/tickets/1",
        "/updates",
        "/staff/logs",
        "/staff/logs/record",
        "/staff/today",
        "/staff/account",
        "/staff/assistant",
    ],
)
async def test_every_answer_carries_the_headers(scene: Scene, path: str) -> None:
    headers = (await scene.browser().get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


async def test_the_refusal_carries_the_headers_of_its_own_path(store: Store, tmp_path: Path) -> None:
    scene = await open_scene(store, tmp_path, WebSettings(secure=True, embed_origins=("https://a.example",)))
    browser = scene.browser({})
    assert "frame-ancestors 'none'" in (await browser.post("/staff/sign-in")).headers["content-security-policy"]
    assert "https://a.example" in (await browser.post("/messages")).headers["content-security-policy"]
    await scene.close()


async def test_over_https_cookies_stay_on_https_and_an_embedded_page_keeps_its_own(
    store: Store, tmp_path: Path
) -> None:
    scene = await open_scene(store, tmp_path, WebSettings(secure=True, embed_origins=("https://a.example",)))
    answer = await scene.browser().get("/")
    cookie = answer.headers["set-cookie"]
    assert "Secure" in cookie
    assert "SameSite=None; Partitioned" in cookie
    assert "x-frame-options" not in answer.headers
    assert answer.headers["strict-transport-security"]
    console = await scene.browser().get("/staff/sign-in")
    assert console.headers["x-frame-options"] == "DENY"
    await scene.close()


def test_only_the_residents_page_may_be_shown_inside_another() -> None:
    settings = WebSettings(embed_origins=("https://a.example", "https://b.example"))
    assert "frame-ancestors 'self' https://a.example https://b.example" in content_security_policy("/", settings)
    assert "frame-ancestors 'none'" in content_security_policy("/staff/queue", settings)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_script_or_style_inside_it_or_fetches_from_elsewhere(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    # The sheet of QR codes is no page: `desk qr` writes it to a file, which carries its style along.
    style = r"\sstyle=" if template.name == "qr_sheet.html" else r"<style|\sstyle="
    assert not re.search(rf"{style}|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)
    assert "|safe" not in text


@pytest.mark.parametrize("asset", sorted(ASSETS.rglob("*.*")), ids=lambda path: path.name)
def test_no_asset_fetches_from_elsewhere_or_builds_code_from_text(asset: Path) -> None:
    text = asset.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|\beval\(|new Function|document\.write", text)


async def test_assets_may_be_kept_for_ever_under_an_address_that_changes_with_them(scene: Scene) -> None:
    page = (await scene.browser().get("/")).text
    address = re.search(r'href="(/assets/css/base\.css\?v=[0-9a-f]{12})"', page)
    assert address
    kept = await scene.browser().get(address.group(1))
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path",
    ["/assets/../app.py", "/assets/..%2f..%2fapp.py", "/assets//etc/passwd", "/assets/%00", "/uploads/", "/../deps.py"],
)
async def test_nothing_else_of_the_server_can_be_read(scene: Scene, path: str) -> None:
    assert (await scene.browser().get(path)).status_code in {404, 400}


async def test_a_fault_shows_a_courteous_page_and_no_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_fn: object) -> None:
        raise RuntimeError("password=hunter2 at /srv/secret")

    browser = scene.browser()
    monkeypatch.setattr(scene.store, "read", broken)
    for headers in (OURS, OURS | {"accept": "application/json"}):
        answer = await browser.get("/", headers=headers)
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "secret" not in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "系统出了点问题" in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/messages", 405), ("DELETE", "/", 405), ("GET", "/staff/nowhere", 404)],
)
async def test_a_wrong_address_gets_a_page_in_chinese(scene: Scene, method: str, path: str, status: int) -> None:
    answer = await scene.browser().request(method, path)
    assert answer.status_code == status
    assert 'lang="zh-CN"' in answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"not multipart", "multipart/form-data; boundary=b"),
        (b"text=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(60)), "application/x-www-form-urlencoded"),
        (b"text=" + b"x" * 300_000, "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_is_no_form_is_refused_and_not_a_fault(scene: Scene, body: bytes, kind: str) -> None:
    answer = await scene.browser().post("/messages", content=body, headers={"content-type": kind})
    assert answer.status_code in {400, 303}
    assert await scene.messages() in ([], [("in", "\ufffd")])


async def test_the_health_page_says_whether_the_database_answers(scene: Scene) -> None:
    assert (await scene.browser().get("/healthz")).text == "ok"
    assert FACTS["phone_duty"] not in (await scene.browser().get("/healthz")).text
