"""`desk check-data`: everything that can be wrong with content and is not noticed when it is read."""

from pathlib import Path
from zoneinfo import ZoneInfo

from actions.fact_book import SOURCE as FACT_BOOK
from actions.fact_book import FactBook
from bot.forms import Forms
from desk.content import Content, read_content
from nlu.check import Finding as NluFinding
from nlu.check import check_data
from nlu.heldout import Heldout
from nlu.knowledge import Audience, Knowledge
from nlu.labels import Labels
from nlu.masks import SOURCE as MASKS
from nlu.masks import Masks
from nlu.own import FOLDER as OWN
from nlu.training_data import TrainingData
from nlu.types import Intent
from words.answers import facts_in
from words.checks import Finding as WordsFinding
from words.checks import check_words, read_samples
from words.language import Language
from words.replies import BUTTONS_FILE, Replies


def check_content(folder: Path, zone: ZoneInfo, heldout: Path, home: Path | None = None) -> list[str]:
    """One line for each finding, with file and line where there is one. Raises ContentError for unreadable content."""
    content = read_content(folder, zone, home)
    labels = Labels.read(content.files)
    training = TrainingData.read(content.files, vocabulary=labels)
    findings = [
        _told(finding)
        for finding in check_words(
            content.replies,
            content.etiquette,
            read_samples(content.files),
            read_samples(content.files, Language.ENGLISH),
        )
    ]
    findings += _missing_scripts(content.rules.forms, content.replies)
    findings += _unknown_entries(content.rules.forms, content.rules.knowledge)
    findings += _emergency_scripts(labels, content.replies)
    findings += _unknown_meanings(labels, content.replies)
    findings += _unnamed_facts(content)
    findings += _personal(training, Masks.read(content.files))
    if heldout.is_dir():
        findings += [_told(finding) for finding in check_data(training, Heldout.read(heldout, labels), labels)]
    return findings


def _told(finding: NluFinding | WordsFinding) -> str:
    place = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
    return f"{place}: {finding.message}"


def _personal(training: TrainingData, masks: Masks) -> list[str]:
    """The estate's own examples are made of messages, so none may tell who wrote it."""
    own = [example for example in training.examples if example.source.startswith(f"{OWN}/")]
    return [
        f"{example.source}:{example.line}: still holds {left}; put a mark of {MASKS} there"
        for example in own
        if (left := masks.left(example.text)) is not None
    ]


def _missing_scripts(forms: Forms, replies: Replies) -> list[str]:
    return [
        f"forms/{form.id}.yml: names the script {reply_id!r}, which is not in data/replies"
        for form in forms.by_id.values()
        for reply_id in sorted(form.reply_ids())
        if reply_id not in replies
    ]


def _unknown_entries(forms: Forms, knowledge: Knowledge) -> list[str]:
    """Every entry that a service tells, or is offered with, stands on the residents' shelf."""
    shelf = knowledge.shelves[Audience.RESIDENT].entries
    return [
        f"forms/{form.id}.yml: names the knowledge entry {entry_id!r}, which residents do not have"
        for form in forms.by_id.values()
        for entry_id in (*([form.tells] if form.tells else []), *form.knowledge)
        if entry_id not in shelf
    ]


def _unknown_meanings(labels: Labels, replies: Replies) -> list[str]:
    """Every button stands for a label that there is."""
    return [
        f"{BUTTONS_FILE}: the button that says {says!r} means {means!r}, which is no label of data/labels.yml"
        for says, means in replies.meanings.items()
        if means.partition(".")[0] not in labels.intents
    ]


def _unnamed_facts(content: Content) -> list[str]:
    """Every fact that an answer states has a name and a form, and every fact of the book is stated somewhere."""
    book, answers = FactBook.read(content.files), [entry.answer for entry in content.rules.knowledge.entries]
    stated = frozenset[str]().union(*(facts_in(answer) for answer in answers))
    findings = [
        f"{FACT_BOOK}: the fact {key!r}, which data/knowledge states, has no name and form here"
        for key in sorted(stated - book.entries.keys())
    ]
    unused = [key for key, uses in book.uses(content.replies, answers).items() if not (uses.replies or uses.answers)]
    return findings + [f"{FACT_BOOK}: nothing states the fact {key!r}" for key in unused]


def _emergency_scripts(labels: Labels, replies: Replies) -> list[str]:
    """Every kind of danger has its safety words, with and without a known place."""
    return [
        f"replies: the kind of emergency {kind!r} lacks the script emergency.{kind}.{variant}"
        for kind in labels.categories[Intent.EMERGENCY]
        for variant in ("safety", "known_place")
        if f"emergency.{kind}.{variant}" not in replies
    ]
