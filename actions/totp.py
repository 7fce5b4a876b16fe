"""Time-based one-time codes as RFC 6238 has them: an authenticator on a phone makes the same (pure)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS = 6
PERIOD_SECONDS = 30

_SECRET_BYTES = 20
# A phone's clock may be off by a step, and typing takes time.
_STEPS_AROUND = (0, -1, 1)


def new_secret() -> str:
    """A secret of 160 bits in base 32, as authenticators take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def step_of(now: datetime) -> int:
    """How many periods have passed since 1970."""
    return int(now.timestamp()) // PERIOD_SECONDS


def code_at(secret: str, step: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The code of a step. Raises ValueError for a secret that is not base 32."""
    try:
        key = base64.b32decode(secret)
    except binascii.Error as error:
        raise ValueError("the secret is not base 32") from error
    mac = hmac.new(key, step.to_bytes(8, "big"), getattr(hashlib, digest)).digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: str, code: str, now: datetime, *, after: int | None = None) -> int | None:
    """The step to which a typed code belongs, near now and later than `after`; None when it is wrong or was used."""
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdecimal()):
        return None
    found = None
    for around in _STEPS_AROUND:
        step = step_of(now) + around
        # All are compared, so that the time taken tells nothing.
        if hmac.compare_digest(code_at(secret, step), typed) and (after is None or step > after):
            found = step
    return found


def link(secret: str, *, issuer: str, account: str) -> str:
    """The address in the QR code that an authenticator scans."""
    label = quote(f"{issuer}:{account}", safe="")
    options = {"secret": secret, "issuer": issuer, "digits": DIGITS, "period": PERIOD_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(options, quote_via=quote)}"
