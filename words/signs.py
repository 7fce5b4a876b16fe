"""Which characters a regular expression can begin with, so that a text is only tried where one of them stands."""

from collections.abc import Iterator

_SPECIAL = frozenset("\\.[](){}^$|?*+")


def first_signs(pattern: str) -> frozenset[str] | None:
    r"""The characters that a match of the pattern can begin with, or None where that is not plain from its text.

    Reads literals, character lists without ranges and plain groups; anything else counts as not plain. What only looks
    at the place before the match (`\A`, `\b`, a look behind) is passed over.
    """
    signs: set[str] = set()
    for branch in _branches(pattern):
        found = _branch_signs(branch)
        if found is None:
            return None
        signs |= found
    return frozenset(signs)


def _branch_signs(branch: str) -> frozenset[str] | None:
    branch = _past_conditions(branch)
    end = _atom_end(branch)
    if end is None or branch[end : end + 1] in {"?", "*"} or branch.startswith(("{0", "{,"), end):
        return None
    atom = branch[:end]
    if atom.startswith("(?:"):
        return first_signs(atom[3:-1])
    if atom.startswith("["):
        inside = atom[1:-1]
        return None if inside.startswith("^") or set(inside) & set("-\\") else frozenset(inside)
    return frozenset(atom)


def _past_conditions(branch: str) -> str:
    while True:
        if branch.startswith(("\\A", "\\b")):
            branch = branch[2:]
        elif branch.startswith(("(?<!", "(?<=")):
            branch = branch[next(at + 1 for at, depth in _depths(branch) if depth == 0) :]
        else:
            return branch


def _atom_end(branch: str) -> int | None:
    """Where the first literal, list or plain group ends; None when the branch begins with something else."""
    if branch.startswith("(?:"):
        return next((at + 1 for at, depth in _depths(branch) if depth == 0), None)
    if branch.startswith("["):
        return branch.index("]", 1) + 1
    return 1 if branch and branch[0] not in _SPECIAL else None


def _branches(pattern: str) -> Iterator[str]:
    start = 0
    for at, depth in _depths(pattern):
        if depth == 0 and pattern[at] == "|":
            yield pattern[start:at]
            start = at + 1
    yield pattern[start:]


def _depths(pattern: str) -> Iterator[tuple[int, int]]:
    """Each index with the depth of groups after it, lists and escaped characters left out."""
    depth = 0
    listed = escaped = False
    for at, sign in enumerate(pattern):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif listed:
            listed = sign != "]"
        elif sign == "[":
            listed = True
        else:
            depth += (sign == "(") - (sign == ")")
            yield at, depth
