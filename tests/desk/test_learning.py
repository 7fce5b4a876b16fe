"""`desk train` and `desk evaluate`: a worse model is refused, a good one is taken up by the server that runs."""

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog.testing

from actions.store import Store
from actions.tables import Message
from actions.turns import QuietTimes
from bot.understanding import understand_some
from desk.content import content_files
from desk.settings import content_folder
from desk.swapping import Swapper
from nlu.live import LiveEngine
from nlu.own import Labelled, add_reviewed
from nlu.store import IN_USE, InUse, choose, in_use, load_or_train
from tests.actions.world import settle
from tests.conftest import NOW
from tests.desk.conftest import Command, Ran

ZONE = ZoneInfo("Asia/Shanghai")
QUIET = QuietTimes(*(timedelta(seconds=seconds) for seconds in (1, 2, 3)))
SAID: Mapping[str, Sequence[str]] = {
    "repair.drain": ("下水道堵了", "马桶堵了", "地漏堵了", "洗菜池堵了", "厕所堵住了"),
    "repair.elevator": ("电梯坏了", "电梯停了", "电梯不动了", "电梯门坏了", "电梯按钮坏了"),
    "emergency.fire": ("着火了快来", "楼道着火了", "厨房着火了", "冒烟起火了", "失火了救命"),
    "emergency.gas": ("煤气漏了", "煤气味很浓", "燃气漏了快来", "燃气泄漏了", "闻到煤气味"),
    "out_of_scope": ("地铁几点停", "明天股票涨吗", "护照怎么办", "高考几号", "公交改线没有"),
    "thanks": ("谢谢", "多谢了", "感谢您", "谢谢师傅", "非常感谢"),
}
HELD: Mapping[str, Sequence[str]] = {
    "repair.drain": ("浴室的地漏堵了不下水",),
    "repair.elevator": ("三号电梯又坏了",),
    "emergency.fire": ("对面阳台着火了",),
    "out_of_scope": ("股票今天几点收",),
    "thanks": ("谢谢你们",),
}


def written(path: Path, said: Mapping[str, Sequence[str]]) -> None:
    blocks = (
        f"- intent: {label}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for label, texts in said.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('version: "3.1"\nnlu:\n' + "".join(blocks), encoding="utf-8")


class Estate:
    """The program's content with a handful of examples, a home, and held-out messages."""

    def __init__(self, folder: Path, command: Command, trained: Path) -> None:
        self.content, self.home, self.held = folder / "data", folder / "home", folder / "held"
        shutil.copytree(content_folder(), self.content, ignore=shutil.ignore_patterns("nlu"))
        self.say(SAID)
        written(self.held / "a.yml", HELD)
        (self.home / "model").mkdir(parents=True)
        # What is not measured here need not be made anew: the index of the knowledge base.
        for index in (trained / "model").glob("knowledge-*.npz"):
            shutil.copy2(index, self.home / "model")
        self._command = command

    def say(self, said: Mapping[str, Sequence[str]]) -> None:
        written(self.content / "nlu" / "a.yml", said)

    def run(self, *args: str) -> Ran:
        return self._command(*args, DESK_CONTENT=str(self.content), DESK_HOME=str(self.home))

    def train(self, *more: str) -> Ran:
        return self.run("train", "--heldout", str(self.held), *more)

    @property
    def used(self) -> str:
        chosen = in_use(self.home)
        assert chosen is not None
        return chosen.version


@pytest.fixture
def estate(tmp_path: Path, command: Command, model_home: Path) -> Estate:
    return Estate(tmp_path, command, model_home)


MIXED_UP = {**SAID, "thanks": SAID["emergency.fire"], "emergency.fire": SAID["thanks"]}


def test_a_worse_model_is_refused_with_its_losses_unless_it_is_forced(estate: Estate) -> None:
    first = estate.train()
    assert first.code == 0, first.err
    assert "training 100%" in first.err
    assert first.out == f"model {estate.used} is ready in {estate.home / 'model'}\n"
    good = estate.used
    estate.say(MIXED_UP)
    ran = estate.train()
    assert ran.code == 1
    assert "worse: accuracy falls from 1.000 to 0.600, more than 0.005" in ran.out
    assert "worse: emergencies found fall from 1.000 to 0.000" in ran.out
    assert "emergency: 1 lost, 0 won: “对面阳台着火了” → thanks" in ran.out
    assert ran.out.splitlines()[-1].startswith("model ")
    assert estate.used == good
    parsed = json.loads(estate.run("parse", "着火了快来").out)
    assert parsed["intent"] == "emergency", "the older model reads on"
    forced = estate.train("--force")
    assert forced.code == 0
    assert "training" not in forced.err, "what was refused is kept"
    assert estate.used != good
    told = estate.run("evaluate", "--heldout", str(estate.held)).out
    assert f"compared with model {good}, which was in use before:" in told
    assert "accuracy             1.000 → 0.600  (-0.400)" in told
    assert "expected calibration error" in told


def test_labels_that_came_back_are_learned_and_without_held_out_messages_nothing_is_compared(estate: Estate) -> None:
    estate.train()
    before = estate.used
    add_reviewed(estate.home, [Labelled("XX栋的信报箱锁眼歪了", "repair.elevator", 2)])
    ran = estate.run("train", "--heldout", str(estate.home / "none"))
    assert ran.code == 0, ran.out
    assert "so the models are not compared" in ran.out
    assert estate.used != before
    chosen = in_use(estate.home)
    assert chosen is not None
    assert chosen.before == before


async def test_a_running_desk_takes_up_a_new_model_and_each_message_says_which_read_it(
    store: Store, estate: Estate
) -> None:
    live = LiveEngine(load_or_train(content_files(estate.content, estate.home), estate.home))
    swapper = Swapper(live, estate.content, estate.home, lambda: NOW)
    world = await settle(store)
    first = live.version
    assert not await swapper.step(), "it reads already"

    async def heard(text: str) -> tuple[str, str]:
        received = await world.receive(text)
        assert await understand_some(store, live, ZONE, QUIET, NOW) == 1
        ((version, read),) = [
            (version, read["intent"])
            for key, version, read in await world.values(Message.id, Message.model_version, Message.understanding)
            if key == received.message_id
        ]
        return version, read

    assert await heard("着火了快来") == (first, "emergency")
    estate.say(MIXED_UP)
    ran = await asyncio.to_thread(estate.train, "--force")
    assert ran.code == 0, ran.err
    assert live.version == first
    assert await swapper.step()
    assert live.version == estate.used != first
    assert await heard("着火了快来快来") == (estate.used, "thanks")
    assert not await swapper.step(), "a note is looked at once"


async def test_a_broken_model_is_refused_with_a_line_in_the_log_and_the_old_one_reads_on(estate: Estate) -> None:
    live = LiveEngine(load_or_train(content_files(estate.content, estate.home), estate.home))
    swapper = Swapper(live, estate.content, estate.home, lambda: NOW)
    first = live.version
    assert not await swapper.step()
    (estate.home / "model" / "broken.npz").write_bytes(b"PK\x03\x04broken")
    choose(estate.home, InUse("broken", first, first))
    with structlog.testing.capture_logs() as logged:
        assert not await swapper.step()
        assert not await swapper.step()
    assert [(line["event"], line["goes_on"]) for line in logged] == [("model_refused", first)]
    assert "broken.npz" in logged[0]["reason"]
    assert live.version == first
    assert live.understand("电梯坏了", now=NOW).intent == "repair"
    choose(estate.home, InUse(first, first))
    assert not await swapper.step(), "it reads already"
    (estate.home / "model" / IN_USE).unlink()
    assert not await swapper.step()


ASKED = """
- id: fees.pay
  audience: resident
  questions: [物业费怎么交, 怎么交物业费, 物业费要怎么交]
  answer: 请在公众号缴纳。
  source: 收费公示2026
- id: fees.invoice
  audience: resident
  questions: [发票怎么开, 怎么开发票, 发票要怎么开]
  answer: 请发来抬头。
  source: 收费公示2026
- id: staff.dress
  audience: staff
  questions: [上班穿什么, 上班要穿什么, 穿什么上班]
  answer: 着工装。
  source: 员工手册
"""


def test_the_knowledge_base_is_asked_its_own_questions_that_were_left_out(tmp_path: Path, command: Command) -> None:
    shutil.copytree(content_folder(), tmp_path / "data", ignore=shutil.ignore_patterns("knowledge", "nlu"))
    (tmp_path / "data" / "knowledge").mkdir()
    (tmp_path / "data" / "knowledge" / "a.yml").write_text(ASKED, encoding="utf-8")
    ran = command("evaluate", "--left-out", "3", DESK_CONTENT=str(tmp_path / "data"), DESK_HOME=str(tmp_path))
    assert ran.code == 0, ran.err
    told = ran.out.splitlines()
    assert [line for line in told if line.endswith(":")] == ["resident:", "staff:"]
    assert [line[:36] for line in told if line.startswith("questions")] == [
        "questions 6  first entry right 100.0",
        "questions 3  first entry right 100.0",
    ]
