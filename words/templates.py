"""The templates of replies: plain text, `{{ fact }}` and `{% if fact %}…{% endif %}`, and nothing else."""

import re
from collections.abc import Iterable, Iterator

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from words.errors import ContentError

# A full stop ends an English sentence only before a space, so that 2.80 and stay whole.
_SENTENCE_END = re.compile(r"[。！？!?]+|(?<![A-Z][a-z])\.(?=\s|\Z)")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")


def make_environment() -> ImmutableSandboxedEnvironment:
    """The environment that reply templates are compiled in; texts are plain, so nothing is escaped here."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    return environment


class ReplyTemplate:
    """One variant of a reply: its placeholders, its words, and the compiled form.

    Raises ContentError when the text is not a template or uses more of the language than facts and `if`: the sandbox
    alone would let `{{ 'x' * 10**8 }}` through.
    """

    __slots__ = ("_compiled", "names", "skeleton", "words")

    def __init__(self, environment: ImmutableSandboxedEnvironment, source: str, line: int | None, text: str) -> None:
        try:
            tree = environment.parse(text)
        except TemplateSyntaxError as error:
            raise ContentError(source, line, f"is not a template: {error.message}") from error
        if "{#" in text:
            raise ContentError(source, line, "a template holds no comment; write it as a YAML comment")
        pieces = tuple(_pieces(tree.body, source, line))
        self.names = frozenset(node.name for node in tree.find_all(nodes.Name))
        self.words = "".join(piece.data for piece in pieces if isinstance(piece, nodes.TemplateData))
        # The words with each placeholder as ⟨name⟩, which is what claims are looked for in.
        self.skeleton = "".join(
            piece.data if isinstance(piece, nodes.TemplateData) else f"⟨{piece.name}⟩" for piece in pieces
        )
        self._compiled: Template = environment.from_string(text)

    def render(self, facts: dict[str, str]) -> str:
        """The text with the facts in place; a brace inside a fact stays a brace."""
        return self._compiled.render(facts)


def count_sentences(text: str) -> int:
    """How many sentences a text has; a list broken into lines is one."""
    return sum(1 for piece in _SENTENCE_END.split(text) if piece.strip())


def messages_of(text: str) -> tuple[str, ...]:
    """The single messages of what staff typed at once: an empty line is where the next one begins."""
    return tuple(piece.strip() for piece in _EMPTY_LINE.split(text) if piece.strip())


def count_lines(text: str) -> int:
    """How many lines of a text hold something."""
    return sum(1 for line in text.splitlines() if line.strip())


def _pieces(body: Iterable[nodes.Node], source: str, line: int | None) -> Iterator[nodes.TemplateData | nodes.Name]:
    """What the template shows, in order; raises ContentError at anything that is not words, a name or a plain `if`."""
    for node in body:
        match node:
            case nodes.TemplateData() | nodes.Name():
                yield node
            case nodes.Output():
                yield from _pieces(node.nodes, source, line)
            case nodes.If(test=nodes.Name(), elif_=[], else_=[]):
                yield from _pieces(node.body, source, line)
            case _:
                kind = type(node).__name__
                message = f"only {{{{ name }}}} and {{% if name %}}…{{% endif %}} are allowed in a template, not {kind}"
                raise ContentError(source, line, message)
