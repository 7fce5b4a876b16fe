"""The buttons of the residents' page that are not below a message: where to begin, and what one says of a matter."""

from collections.abc import Mapping

from words.buttons import Button
from words.language import Language
from words.replies import Replies

STARTERS = ("repair", "complaint", "fee", "inquiry")
RATINGS = ("rate_5", "rate_3", "rate_1", "not_fixed")
_RATES = "rate"


class PageButtons:
    """The buttons of the reply scripts, so that pressing one on the page is what pressing it in the talk is."""

    def __init__(self, replies: Replies) -> None:
        self._buttons = {button.id: button for reply in replies for button in reply.buttons}

    def offered(self, language: Language) -> Mapping[str, Button]:
        """By id, those with which the page begins and those that rate; one that the content lacks is left out."""
        return {name: self._buttons[name].shown_in(language) for name in (*STARTERS, *RATINGS) if name in self._buttons}

    def labels(self, language: Language) -> Mapping[str, str]:
        """What is on buttons that were shown in Chinese, in another language."""
        return {button.label: button.shown_in(language).label for button in self._buttons.values()}

    def rating(self, says: str) -> Button | None:
        """The button of a rating by what it says in any language, as it is in Chinese; None when there is none."""
        return next(
            (
                button
                for button in self._buttons.values()
                if button.means == _RATES and says in {button.shown_in(language).says for language in Language}
            ),
            None,
        )
