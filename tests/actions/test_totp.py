"""One-time codes: the published test vectors, near steps, each code once."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from actions.totp import PERIOD_SECONDS, code_at, link, matching_step, new_secret, step_of
from tests.conftest import NOW


def key(length: int) -> str:
    return base64.b32encode((b"1234567890" * 7)[:length]).decode()


# RFC 6238, appendix B: the moment in seconds, and the codes by SHA-1, SHA-256 and SHA-512.
VECTORS = (
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
)


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), VECTORS)
def test_the_codes_are_those_of_the_standard(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    for digest, length, code in (("sha1", 20, sha1), ("sha256", 32, sha256), ("sha512", 64, sha512)):
        assert code_at(key(length), step, digits=8, digest=digest) == code


def test_a_code_is_taken_around_its_time_and_once() -> None:
    secret, step = new_secret(), step_of(NOW)
    code = code_at(secret, step)
    period = timedelta(seconds=PERIOD_SECONDS)
    for at in (NOW, NOW - period, NOW + period):
        assert matching_step(secret, f"{code[:3]} {code[3:]}", at) == step
    assert matching_step(secret, code, NOW + 2 * period) is None
    assert matching_step(secret, code, NOW, after=step) is None
    assert matching_step(secret, code, NOW, after=step - 1) == step


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert matching_step(new_secret(), typed, NOW) is None


def test_secrets_differ_and_fit_in_a_link_that_authenticators_read() -> None:
    assert new_secret() != new_secret()
    assert link("ABC", issuer="翠湖 花园", account="chen") == (
        "otpauth://totp/%E7%BF%A0%E6%B9%96%20%E8%8A%B1%E5%9B%AD%3Achen"
        "?secret=ABC&issuer=%E7%BF%A0%E6%B9%96%20%E8%8A%B1%E5%9B%AD&digits=6&period=30"
    )


def test_a_secret_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="base 32"):
        code_at("1", 1)
