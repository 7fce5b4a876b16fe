"""What the desk holds about the one who writes: told, handed out, and erased on their word alone (domain.md C6)."""

from actions.personal import Held
from actions.tables import BindingRole
from bot.dialogue.state import State
from bot.dialogue.steps import Erase
from bot.dialogue.talk import Talk
from bot.wishes import Wish
from nlu.types import Intent

ERASE = "erase"
_LATEST = 3


def wanted(talk: Talk, wish: Wish) -> None:
    """Answer a wish about personal data; only ever about the data of the one who asks."""
    held = talk.situation.held
    if wish is Wish.PRIVACY or held is None:
        talk.say("privacy.notice")
    elif wish is Wish.HELD:
        talk.say("privacy.held", {"lines": _lines(talk, held)})
    elif wish is Wish.EXPORT:
        talk.say("privacy.export", {"lines": "\n".join([_lines(talk, held), *_tickets(talk, held)])})
    else:
        _ask_erase(talk)


def answer_erase(talk: Talk) -> bool:
    """The answer to the question whether everything is to be erased; only a plain yes is one."""
    understanding = talk.heard.understanding
    if understanding.intent is Intent.AFFIRM and not understanding.unsure and not talk.open_cards():
        owner = any(home.role is BindingRole.OWNER for home in talk.situation.known.homes)
        talk.do(Erase())
        talk.state = State(last_variants=talk.state.last_variants)
        talk.say("privacy.erased_owner" if owner else "privacy.erased")
        return True
    if understanding.intent in {Intent.DENY, Intent.CANCEL}:
        talk.say("privacy.kept")
        return True
    return False


def _ask_erase(talk: Talk) -> None:
    running = talk.open_cards()
    if running:
        # Whoever works on a ticket has to be able to reach the resident; it is ended first.
        talk.say("privacy.erase_later", {"lines": "\n".join(card.number for card in running)})
        return
    talk.state.asked, talk.state.asked_about = ERASE, None
    talk.say("privacy.erase_confirm")


def _lines(talk: Talk, held: Held) -> str:
    words, phrases = talk.situation.rules.phrases.held, talk.situation.rules.phrases
    names = talk.situation.rules.policy.names
    homes = phrases.join.join(f"{home.label}{names.binding_role(home.role)}" for home in held.homes)
    values = {
        "name": f"{held.name or ''}{held.title or ''}",
        "phone": phrases.tail(held.phone) if held.phone else "",
        "homes": homes,
        "messages": str(held.messages) if held.messages else "",
        "photos": str(held.photos) if held.photos else "",
        "tickets": str(len(held.tickets)) if held.tickets else "",
        "since": phrases.date(held.since) if held.since else "",
    }
    return "\n".join(words[name].format(value=value) for name, value in values.items() if value)


def _tickets(talk: Talk, held: Held) -> list[str]:
    """One line for each ticket."""
    phrases, names = talk.situation.rules.phrases, talk.situation.rules.policy.names
    return [
        phrases.held["ticket"].format(
            number=ticket.number,
            day=phrases.date(ticket.opened_at),
            matter=names.matter(ticket.kind, ticket.category),
            summary=ticket.summary,
            state=names.status(ticket.status),
        )
        for ticket in held.tickets
    ]
