"""How each kind of etiquette rule looks at a text, besides the forbidden expressions."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import time
from functools import lru_cache

from words.findings import Finding, Seen, finding_of
from words.mending import Fix, Takes, after, before, instead, split
from words.rules import Kind, Rule, Where
from words.situation import Author
from words.templates import count_lines, count_sentences

# A mend may name the last digits of a number, and the resident's form of address.
_TAIL = "{tail}"
_SALUTATION = "{salutation}"
_TAIL_DIGITS = 4
_NO_DIGIT = re.compile(r"\D+")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")


def _lacking(rule: Rule, seen: Seen) -> Finding:
    put = rule.put
    if put is None:
        return finding_of(rule, 0, 0, None)
    put = put.replace(_SALUTATION, seen.situation.salutation or "")
    match rule.where:
        case Where.START:
            fix = before(0, put)
        case Where.OPENING:
            fix = before(seen.greeted_until, put)
        case Where.END:
            fix = after(seen.text, put, seen.language)
    return finding_of(rule, 0, 0, fix)


def _required(rule: Rule, seen: Seen) -> Iterator[Finding]:
    if rule.when_says and not rule.when_says.search(seen.shown):
        return
    if rule.pattern and not rule.pattern.search(seen.shown):
        yield _lacking(rule, seen)


def _address(rule: Rule, seen: Seen) -> Iterator[Finding]:
    """A known resident is called by surname and title (domain.md A3)."""
    if seen.situation.salutation and seen.situation.salutation not in seen.text:
        yield _lacking(rule, seen)


def _at_most(rule: Rule, seen: Seen) -> Iterator[Finding]:
    hits = list(rule.pattern.finditer(seen.shown)) if rule.pattern else []
    if len(hits) > rule.most:
        start, end = hits[rule.most].span()
        yield finding_of(rule, start, end, instead(seen.text, start, end, rule.put or "", rule.takes))


def _length(rule: Rule, seen: Seen) -> Iterator[Finding]:
    # Staff may write more than one message at once: an empty line is where the next one begins.
    start = 0
    pieces = _EMPTY_LINE.split(seen.text) if seen.situation.author is Author.STAFF else [seen.text]
    for piece in pieces:
        start = seen.text.index(piece, start)
        end = start + len(piece)
        too_long = rule.characters and len(piece.strip()) > rule.characters
        too_many = rule.sentences and count_sentences(piece) > rule.sentences
        if too_long or too_many:
            fix = split(seen.text, start, end, rule.characters, rule.sentences)
            yield finding_of(rule, min(end, start + rule.characters) if too_long else start, end, fix)
        elif rule.lines and count_lines(piece) > rule.lines:
            yield finding_of(rule, start, end, None)
        start = end


def _personal(rule: Rule, seen: Seen) -> Iterator[Finding]:
    """Numbers are looked for inside quotations too: a quoted number is told all the same."""
    hits = list(rule.pattern.finditer(seen.text)) if rule.pattern else []
    allowed = {_digits(number) for number in seen.situation.allowed_phones} if hits else set()
    for hit in hits:
        if (digits := _digits(hit.group())) not in allowed:
            put = (rule.put or "").replace(_TAIL, digits[-_TAIL_DIGITS:])
            yield finding_of(rule, *hit.span(), Fix(*hit.span(), put))


def _digits(number: str) -> str:
    return _NO_DIGIT.sub("", number)


def _salutation(rule: Rule, seen: Seen) -> Iterator[Finding]:
    known = seen.situation.salutation
    for expression in rule.expressions:
        for phrase in expression.phrases:
            for hit in phrase.pattern.finditer(seen.shown):
                if known is not None and hit.group().endswith(known):
                    continue
                put = known if known is not None else expression.put
                yield finding_of(rule, *hit.span(), instead(seen.text, *hit.span(), put, Takes.WORDS), expression.mend)


def _hour(rule: Rule, seen: Seen) -> Iterator[Finding]:
    """A greeting of another hour (domain.md A1); the hours of one may run over midnight."""
    if seen.situation.local_now is None:
        return
    clock = seen.situation.local_now.time()
    for expression in rule.expressions:
        if expression.hours is None or _between(clock, *expression.hours):
            continue
        for phrase in expression.phrases:
            for hit in phrase.pattern.finditer(seen.shown):
                fix = instead(seen.text, *hit.span(), expression.put, Takes.WORDS)
                yield finding_of(rule, *hit.span(), fix, expression.mend)


def _between(clock: time, begins: time, ends: time) -> bool:
    return begins <= clock < ends if begins <= ends else clock >= begins or clock < ends


def _others(rule: Rule, seen: Seen) -> Iterator[Finding]:
    """Other residents by name, by surname with a title, or by room, quoted or not (domain.md A12)."""
    situation = seen.situation
    if situation.others:
        pattern = _naming(situation.others, rule.titles, situation.salutation or "")
        for hit in pattern.finditer(seen.text):
            yield finding_of(rule, *hit.span(), Fix(*hit.span(), rule.put or ""))


@lru_cache(maxsize=64)
def _naming(others: tuple[str, ...], titles: tuple[str, ...], own: str) -> re.Pattern[str]:
    title = "|".join(map(re.escape, titles)) or "(?!)"
    ways = []
    for other in sorted(others, key=len, reverse=True):
        if other.isdigit():
            ways.append(rf"(?<!\d){other}(?!\d)(?:{title})?")
            continue
        ways.append(rf"{re.escape(other)}(?:{title})?")
        # A stranger of the resident's own surname is named as they are; nobody could tell the two apart.
        if not own.startswith(other[0]):
            ways.append(rf"{re.escape(other[0])}(?:{title})")
    return re.compile("|".join(ways))


def _claims(rule: Rule, seen: Seen) -> Iterator[Finding]:
    """What the text claims and no record supports (domain.md A11)."""
    supported = seen.situation.supported
    if supported is None:
        return
    for claim in seen.claims.values():
        if claim.name in supported or not supported.isdisjoint(claim.follows_from):
            continue
        if hit := claim.made_in(seen.shown, seen.language):
            fix = instead(seen.text, *hit.span(), claim.instead or "", rule.takes)
            yield finding_of(rule, *hit.span(), fix, claim.instead)


LOOKS: Mapping[Kind, Callable[[Rule, Seen], Iterator[Finding]]] = {
    Kind.REQUIRE: _required,
    Kind.ADDRESS: _address,
    Kind.AT_MOST: _at_most,
    Kind.LENGTH: _length,
    Kind.PERSONAL: _personal,
    Kind.SALUTATION: _salutation,
    Kind.HOUR: _hour,
    Kind.OTHERS: _others,
    Kind.CLAIMS: _claims,
}
