from datetime import timedelta
from functools import cache

import pytest

from bot.forms import Forms, Need, SlotKind
from desk.settings import content_folder
from words.content import ContentFiles
from words.errors import ContentError

FORM = """\
name: 借用
starts: [inquiry.borrow]
ticket: inquiry
silence_minutes: 5
slots:
  matter: {kind: matter, required: always, ask: borrow.ask}
  time: {kind: time, required: never}
confirm:
  when: always
  replies: {nothing: borrow.confirm, phone: borrow.confirm_phone}
  changed: slot.changed
opened: {usual: borrow.opened}
added: ticket.updated
"""


@cache
def _shipped() -> Forms:
    return Forms.read(ContentFiles.load(content_folder()))


def _read(*texts: str) -> Forms:
    return Forms.read(ContentFiles({f"forms/form{number}.yml": text for number, text in enumerate(texts)}))


def test_a_new_service_is_a_new_file() -> None:
    form = _read(FORM).by_id["form0"]
    assert (form.name, form.ticket, form.silence) == ("借用", "inquiry", timedelta(minutes=5))
    matter = form.slot(SlotKind.MATTER)
    assert matter is not None
    assert (matter.required, matter.ask) == (Need.ALWAYS, "borrow.ask")
    assert form.slot(SlotKind.PHONE) is None
    assert form.confirm is not None
    assert not form.confirm.more


def test_every_script_that_a_form_names_is_known_to_the_check() -> None:
    assert _read(FORM).by_id["form0"].reply_ids() == {
        "borrow.ask",
        "borrow.confirm",
        "borrow.confirm_phone",
        "borrow.opened",
        "slot.changed",
        "ticket.updated",
    }


def test_the_label_with_its_category_goes_before_the_label_alone() -> None:
    general = FORM.replace("inquiry.borrow", "inquiry")
    forms = _read(FORM, general)
    borrow, other = forms.for_label("inquiry", "borrow"), forms.for_label("inquiry", "hours")
    assert borrow is not None
    assert other is not None
    assert (borrow.id, other.id) == ("form0", "form1")
    assert forms.for_label("praise", None) is None


def test_two_forms_cannot_start_with_the_same_label() -> None:
    with pytest.raises(
        ContentError, match=r"forms/form1\.yml: label `inquiry\.borrow` already starts the form `form0`"
    ):
        _read(FORM, FORM)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ticket: inquiry", "tickets: inquiry", r"forms/form0\.yml:3: unknown key `tickets`; known are added"),
        ("ticket: inquiry\n", "", r"forms/form0\.yml:1: lacks or misuses 'ticket'"),
        ("silence_minutes: 5", "silence_minutes: soon", r"forms/form0\.yml:1: .*soon"),
        ("kind: time", "kind: tide", r"forms/form0\.yml:1: .*tide"),
        ("required: never", "required: perhaps", r"forms/form0\.yml:1: .*perhaps"),
        ("  when: always\n", "", r"forms/form0\.yml:1: lacks or misuses 'when'"),
        ("{usual: borrow.opened}", "[borrow.opened]", r"forms/form0\.yml:1: "),
    ],
)
def test_a_broken_form_is_named(old: str, new: str, message: str) -> None:
    assert old in FORM
    with pytest.raises(ContentError, match=message):
        _read(FORM.replace(old, new))


def test_the_forms_that_ship_cover_what_residents_come_with() -> None:
    for intent in ("repair", "complaint", "praise", "suggestion", "human"):
        assert _shipped().for_label(intent, None) is not None, intent
    repair = _shipped().by_id["repair"]
    place, phone = repair.slot(SlotKind.PLACE), repair.slot(SlotKind.PHONE)
    assert place is not None
    assert phone is not None
    assert place.required is Need.ALWAYS
    assert phone.required is Need.INDOOR, "nobody is called about a lamp in the stairwell"
