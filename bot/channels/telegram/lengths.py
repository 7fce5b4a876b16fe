"""How long a text is for Telegram, and where a longer one is divided."""

LONGEST = 4096
"""The longest text of one message, in UTF-16 code units."""

_SENTENCE_ENDS = "。！？!?…\n"
_CLAUSE_ENDS = "；;，,、：:"
_CLOSING = '”’」』）)》】"'
# What belongs to the character before it: joiners, variation selectors, skin tones, combining marks.
_JOINS = frozenset({0x200D, 0x20E3, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0x0300, 0x0370)})


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def split(text: str, longest: int = LONGEST) -> tuple[str, ...]:
    """The pieces in which a text is sent: at ends of sentences, else of clauses, else of words, none beyond `longest`.

    Only white space where two pieces meet is left out; a text without a visible character has no pieces.
    """
    pieces = []
    rest = text.strip()
    while units(rest) > longest:
        cut = _cut(rest, longest)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return (*pieces, rest) if rest else tuple(pieces)


def _cut(text: str, longest: int) -> int:
    room = _room(text, longest)
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS, " \t\u3000"):
        if (cut := _after_last(text, room, ends)) is not None:
            return cut
    cut = room
    while cut > 1 and (ord(text[cut]) in _JOINS or text[cut - 1] == "\u200d"):
        cut -= 1
    return cut if cut > 1 else room


def _room(text: str, longest: int) -> int:
    """How many characters of a text fit."""
    used = 0
    for place, char in enumerate(text):
        used += 2 if char > "\uffff" else 1
        if used > longest:
            return place
    return len(text)


def _after_last(text: str, room: int, ends: str) -> int | None:
    """The place after the last of these ends and the marks that close it, in the second half of what fits."""
    for place in range(room - 1, room // 2, -1):
        if text[place] in ends:
            after = place + 1
            while after < room and text[after] in _CLOSING:
                after += 1
            return after
    return None
