"""Kills the desk again and again while residents write to it; `tests.desk.verdict` judges what came of it."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions import outbox
from actions.store import read_beside
from actions.tables import Conversation, Message

ROOT = Path(__file__).parents[2]
Nursery = subprocess.Popen[str]
_PLACES = ("厨房", "客厅", "主卧", "次卧", "阳台", "书房", "卫生间", "走廊")
_FAULTS = ("水龙头漏水", "灯不亮", "插座没电", "墙面渗水", "窗户关不上", "下水道堵了", "门锁打不开", "暖气不热")
_HOMES = ("3栋2单元1502，明天上午在家，电话13812345678", "5栋1单元201，今天下午在家，不留电话", "请尽快来人看看")
_COMPLAINTS = ("楼上天天半夜吵闹", "垃圾堆了三天没人收", "保安态度恶劣", "车位总是被人占", "绿化带没人管", "遛狗不牵绳")
_QUESTIONS = ("物业费怎么交", "停车费多少钱一个月", "装修要办什么手续", "门禁卡丢了怎么补办", "你们几点上班")
_GREETINGS = ("你好", "在吗", "谢谢", "早上好")
_EMERGENCIES = ("家里燃气味很大", "电梯里困住人了", "楼道里着火了", "水管爆了，水流到楼下了")
_ANSWERS = ("3栋2单元1502", "电话13812345678", "明天下午三点以后", "对的", "没有了", "修得怎么样了")


def conversations(messages: int, residents: int, dice: random.Random) -> dict[str, list[str]]:
    """What so many residents say, all kinds mixed; a concern is told once, so that a doubled ticket shows."""
    concerns = [place + fault for place in _PLACES for fault in _FAULTS]
    told: dict[str, list[str]] = {f"r{number}": [] for number in range(residents)}
    left = {address: dice.sample(concerns, len(concerns)) for address in told}
    for number in range(messages):
        address = f"r{number % residents}"
        kind = dice.choices(("concern", "answer", "complaint", "question", "greeting", "danger"), (5, 4, 2, 3, 2, 1))[0]
        match kind:
            case "concern" if left[address]:
                told[address].append(f"{left[address].pop()}，{dice.choice(_HOMES)}")
            case "complaint":
                told[address].append(dice.choice(_COMPLAINTS))
            case "question":
                told[address].append(dice.choice(_QUESTIONS))
            case "greeting":
                told[address].append(dice.choice(_GREETINGS))
            case "danger":
                told[address].append(dice.choice(_EMERGENCIES))
            case _:
                told[address].append(dice.choice(_ANSWERS))
    return told


@dataclass(slots=True)
class Victim:
    """The desk that is killed: one process that has read the content, and its children, one at a time.

    `ahead` is how far the desk's clock is ahead of ours; it grows by the time that the desk was down.
    """

    process: Nursery
    url: str
    folder: Path
    pause: float
    ahead: timedelta
    child: int = 0
    kills: int = 0

    async def start(self) -> None:
        """Begin a life."""
        assert self.process.stdin is not None
        life = {"url": self.url, "folder": str(self.folder), "ahead": self.ahead.total_seconds(), "pause": self.pause}
        self.process.stdin.write(f"{json.dumps(life)}\n")
        self.process.stdin.flush()
        self.child = int(await self._line())

    async def kill(self, down: timedelta) -> None:
        """End the life without a warning, and let some time go by."""
        os.kill(self.child, signal.SIGKILL)
        ended = int(await self._line())
        assert ended == -signal.SIGKILL, f"the desk ended by itself before it was killed, with {ended}"
        self.child = 0
        self.kills += 1
        self.ahead += down

    def now(self) -> datetime:
        """The moment as the desk sees it."""
        return datetime.now(UTC) + self.ahead

    async def _line(self) -> str:
        assert self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        assert line, "the process that bears the desks has ended"
        return line.strip()


@contextmanager
def nursery(home: Path) -> Iterator[Nursery]:
    """The process that bears the desks, once it has read the content; `home` holds the trained model."""
    command = [sys.executable, "-m", "tests.desk.kill_child", str(home)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as process:  # noqa: S603
        assert process.stdout is not None
        # Reading the content takes a few seconds, training the model half a minute.
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


async def run(
    victim: Victim, said: Mapping[str, Sequence[str]], dice: random.Random, life: tuple[float, float]
) -> None:
    """Kill the desk after lives of random length until all was stored; then let it finish its work."""
    for address, texts in said.items():
        (victim.folder / f"{address}.said.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    try:
        while _stored(victim.folder, said) < sum(map(len, said.values())):
            await victim.start()
            await asyncio.sleep(dice.uniform(*life))
            await victim.kill(timedelta(seconds=dice.uniform(0, 10)))
        # What was being sent when the desk was killed is sent again when its claim has run out.
        victim.ahead += outbox.LEASE
        await victim.start()
        for _ in range(900):
            if await read_beside(victim.url, at_rest):
                break
            await asyncio.sleep(0.2)
        else:
            raise AssertionError("the desk did not finish its work")
        await victim.kill(timedelta(0))
    finally:
        if victim.child:
            os.kill(victim.child, signal.SIGKILL)


def _stored(folder: Path, said: Mapping[str, Sequence[str]]) -> int:
    places = (folder / f"{address}.place" for address in said)
    return sum(int(place.read_text(encoding="ascii") or 0) for place in places if place.exists())


def at_rest(session: Session) -> bool:
    """Whether everything is understood, answered and sent."""
    unread = session.execute(select(func.count()).select_from(Message).where(Message.needs_understanding)).scalar_one()
    waiting = select(func.count()).select_from(Conversation).where(Conversation.ready_at.is_not(None))
    return not unread and not session.execute(waiting).scalar_one() and not outbox.waiting(session)
