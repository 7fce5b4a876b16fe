"""The words of bills in `data/bills.yml`: columns of a sheet, kinds of fees, payers."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from actions.rulefile import Section
from actions.tables import BindingRole, FeeKind
from words.content import ContentFiles

SOURCE = "bills.yml"


class Column(StrEnum):
    """What a column of a sheet of bills holds."""

    HOME = "home"
    BUILDING = "building"
    UNIT = "unit"
    ROOM = "room"
    FEE = "fee"
    PERIOD = "period"
    AMOUNT = "amount"
    PAID = "paid"
    DUE = "due"
    PAYER = "payer"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class BillRules:
    """The words by which columns, kinds of fees and payers are known, in the order of the file."""

    columns: Mapping[str, Column]
    kinds: tuple[tuple[str, FeeKind], ...]
    payers: Mapping[str, BindingRole]

    @classmethod
    def read(cls, files: ContentFiles) -> "BillRules":
        """Read the file. Raises ContentError for a name that is not known, or a column that has no name."""
        whole = Section.read(files, SOURCE)
        whole.only("columns", "kinds", "payers")
        columns, kinds, payers = whole.section("columns"), whole.section("kinds"), whole.section("payers")
        columns.only(*Column)
        kinds.only(*FeeKind)
        payers.only(*BindingRole)
        if missing := [column for column in Column if not columns.texts(column)]:
            raise whole.fail("columns", f"has no name for {', '.join(missing)}")
        return cls(
            columns={plain(name): Column(key) for key in columns.node for name in columns.texts(key)},
            kinds=tuple((word, FeeKind(key)) for key in kinds.node for word in kinds.texts(key)),
            payers={plain(word): BindingRole(key) for key in payers.node for word in payers.texts(key)},
        )

    def kind_of(self, fee: str) -> FeeKind:
        """What kind of fee a name stands for."""
        return next((kind for word, kind in self.kinds if word in fee), FeeKind.OTHER)

    def kinds_named(self, text: str) -> frozenset[FeeKind]:
        """The kinds of fees that a message names; of words that overlap the longest counts."""
        named: set[FeeKind] = set()
        for word, kind in sorted(self.kinds, key=lambda entry: -len(entry[0])):
            if word in text:
                named.add(kind)
                text = text.replace(word, " ")
        return frozenset(named)


def plain(text: object) -> str:
    """A cell's text for comparison: one width, no spaces."""
    return "".join(unicodedata.normalize("NFKC", str(text)).split())
