"""What can go wrong in this package; each class docstring is the meaning, the edge decides the words."""


class ActionError(Exception):
    """An action could not be done; nothing was changed."""


class NotFoundError(ActionError):
    """The row does not exist, or the person may not know that it does."""


class NotAllowedError(ActionError):
    """The person's role does not permit this."""


class ConflictError(ActionError):
    """Somebody else changed the row first; `current` says how it stands now."""

    def __init__(self, message: str, *, current: str = "") -> None:
        super().__init__(message)
        self.current = current


class TransitionError(ActionError):
    """The ticket cannot go from its state to the one asked for."""


class FieldError(ActionError):
    """A value cannot be accepted; `field` names it, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class StoreError(Exception):
    """The database cannot be used as it is; the message names it and says what to do."""
