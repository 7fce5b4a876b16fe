"""Imports a sheet of bills (domain.md B4): what is new is added, what changed is corrected."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.bill_rows import Fault, Rejected, SheetBill, check_rows
from actions.bill_rules import BillRules, Column
from actions.bill_sheet import read_rows
from actions.estate import room_ids
from actions.ids import new_id
from actions.records import write_record
from actions.store import Store
from actions.tables import Bill, Community

_BATCH = 400
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Importer:
    """Who imports, for which community, and from a file of what name."""

    actor: Actor
    community_id: int
    file_name: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a sheet; `trial` says that nothing was changed."""

    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: tuple[Rejected, ...]
    trial: bool = False

    @property
    def rejected_rows(self) -> int:
        """How many rows were left out; one row may have several faults."""
        return len({one.line for one in self.rejected})


@dataclass(frozen=True, slots=True)
class _Done:
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: tuple[Rejected, ...] = ()

    def __add__(self, other: "_Done") -> "_Done":
        return _Done(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )


async def import_sheet(
    store: Store, importer: Importer, source: IO[bytes], rules: BillRules, now: datetime, *, trial: bool = False
) -> ImportReport:
    """Import a sheet row by row in small transactions; one that is interrupted is simply imported again.

    A trial says what would come of it. Raises SheetError for a file that is no sheet of bills.
    """
    community_id = importer.community_id
    digest = await asyncio.to_thread(_digest, source)
    rows = await asyncio.to_thread(read_rows, source, rules)
    homes = await store.read(lambda session: room_ids(session, community_id))
    bills, rejected = await asyncio.to_thread(check_rows, rows, homes, rules)
    done = _Done(rejected=rejected)
    for batch in _batches(bills):
        take = partial(_take, community_id=community_id, batch=batch, trial=trial, now=now)
        done += await (store.read(take) if trial else store.write(take))
    faults = tuple(sorted(done.rejected, key=lambda one: one.line))
    report = ImportReport(len(rows), done.added, done.updated, done.unchanged, faults, trial)
    if not trial:
        await store.write(partial(_record, importer, report, digest, now))
    return report


def _digest(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
    source.seek(0)
    return digest.hexdigest()


def _take(session: Session, community_id: int, batch: Sequence[SheetBill], now: datetime, *, trial: bool) -> _Done:
    """Add and correct the bills of one batch; two imports of one community take turns."""
    if not trial:
        session.execute(select(Community.id).where(Community.id == community_id).with_for_update())
    wanted = {(bill.room_id, bill.fee_type, bill.period): bill for bill in batch}
    rows = session.execute(
        select(Bill)
        .where(Bill.community_id == community_id, Bill.room_id.in_({bill.room_id for bill in batch}))
        .execution_options(populate_existing=True)
    ).scalars()
    present = {key: row for row in rows if (key := (row.room_id, row.fee_type, row.period)) in wanted}
    fresh = [bill for key, bill in wanted.items() if key not in present]
    if fresh and not trial:
        session.execute(insert(Bill), [_row(session, community_id, bill, now) for bill in fresh])
    done = _Done(added=len(fresh))
    for key, row in present.items():
        done += _correct(row, wanted[key], trial=trial)
    return done


def _correct(row: Bill, bill: SheetBill, *, trial: bool) -> _Done:
    """Bring a bill up to the sheet. What was paid is never taken back: an older sheet knows less than the desk."""
    paid = max(row.paid, bill.paid or 0)
    if paid > bill.amount:
        return _Done(rejected=(Rejected(bill.line, Column.AMOUNT, Fault.PAID_MORE, f"{bill.amount / 100:.2f}"),))
    new = {
        "amount": bill.amount,
        "paid": paid,
        "due_on": bill.due_on,
        "payer": bill.payer,
        "kind": bill.kind,
        "detail": bill.detail or row.detail,
    }
    changed = {name: value for name, value in new.items() if getattr(row, name) != value}
    if not changed:
        return _Done(unchanged=1)
    if not trial:
        for name, value in changed.items():
            setattr(row, name, value)
    return _Done(updated=1)


def _row(session: Session, community_id: int, bill: SheetBill, now: datetime) -> dict[str, object]:
    return {
        "community_id": community_id,
        "id": new_id(session, now),
        "room_id": bill.room_id,
        "fee_type": bill.fee_type,
        "kind": bill.kind,
        "period": bill.period,
        "amount": bill.amount,
        "paid": bill.paid or 0,
        "due_on": bill.due_on,
        "payer": bill.payer,
        "detail": bill.detail,
    }


def _record(importer: Importer, report: ImportReport, digest: str, now: datetime, session: Session) -> None:
    detail = {
        "file": importer.file_name,
        "sha256": digest,
        "rows": report.rows,
        "added": report.added,
        "updated": report.updated,
        "rejected": report.rejected_rows,
    }
    write_record(
        session, importer.actor, importer.community_id, "bill:imported", ("community", None), detail=detail, now=now
    )


def _batches(bills: Sequence[SheetBill]) -> Iterator[Sequence[SheetBill]]:
    return (bills[start : start + _BATCH] for start in range(0, len(bills), _BATCH))
