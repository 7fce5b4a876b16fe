"""What somebody bound to a home may see of it: one table by role, deny by default (domain.md B4)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from actions.contacts import Home
from actions.tables import BindingRole


class Sight(StrEnum):
    """One kind of thing that belongs to a home; what is not in the table below is shown to nobody."""

    OWNER_BILLS = "owner_bills"
    TENANT_BILLS = "tenant_bills"
    AGENT_BILLS = "agent_bills"


# The owner answers for the home whoever pays, and family shares the household's purse. A tenant has no business with
# what the owner owes, and an agent lets the home without paying for it.
SIGHT: Mapping[BindingRole, frozenset[Sight]] = {
    BindingRole.OWNER: frozenset({Sight.OWNER_BILLS, Sight.TENANT_BILLS, Sight.AGENT_BILLS}),
    BindingRole.FAMILY: frozenset({Sight.OWNER_BILLS, Sight.TENANT_BILLS}),
    BindingRole.TENANT: frozenset({Sight.TENANT_BILLS}),
    BindingRole.AGENT: frozenset({Sight.AGENT_BILLS}),
}

_BILLS_OF: Mapping[BindingRole, Sight] = {
    BindingRole.OWNER: Sight.OWNER_BILLS,
    BindingRole.FAMILY: Sight.OWNER_BILLS,
    BindingRole.TENANT: Sight.TENANT_BILLS,
    BindingRole.AGENT: Sight.AGENT_BILLS,
}


def sees(role: BindingRole, sight: Sight) -> bool:
    """Whether somebody bound in this role may see it."""
    return sight in SIGHT.get(role, frozenset())


def payers_seen(role: BindingRole) -> frozenset[BindingRole]:
    """Whose bills somebody bound in this role may see: the roles that pay them."""
    return frozenset(payer for payer, sight in _BILLS_OF.items() if sees(role, sight))


def bills_seen(homes: Iterable[Home]) -> Mapping[int, frozenset[BindingRole]]:
    """For each home whose bills may be shown, the payers whose bills they are; several roles add up."""
    seen: dict[int, frozenset[BindingRole]] = {}
    for home in homes:
        seen[home.room_id] = seen.get(home.room_id, frozenset()) | payers_seen(home.role)
    return {room_id: payers for room_id, payers in seen.items() if payers}
