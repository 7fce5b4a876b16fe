"""What the etiquette check of one text costs, beside one plain scan with the same expressions by `re`, in the same run.

The texts are three hundred characters long: harmless replies joined, and replies with a finding in almost every clause,
which cost more.
The plain scan is one alternation of every forbidden expression run over the text by `findall`; it knows nothing of
harmless uses, moods, what is missing or how to mend it.

    make bench ARGS="etiquette"        # or: python -m bench etiquette
"""

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from words.content import ContentFiles
from words.etiquette import Author, Etiquette, Situation
from words.rules import Kind

LENGTH = 300
HARMLESS = (
    "谢谢您发的照片，看得很清楚，是下水弯头松了，请先把水槽下的角阀关上，师傅会带配件来。",
    "您问的装修时间，工作日上午八点到十二点、下午两点到六点可以施工，节假日不能有噪音，谢谢配合。",
    "抱歉，昨天约的时间师傅临时去处理跑水了，没能按时到您家，今天下午两点可以吗？",
    "您的意见我记在单子里，主管看过以后和您联系，若有不明请随时问我。",
)
HEATED = (
    "这个我不知道，楼上漏水的事不归我管，你找工程组去问一下，他们上午都在班上。",
    "通知上个月就贴在大堂了，是你自己没看公告，现在才来说停水的事，我也没办法。",
    "物业费你拖了两个季度，再不交就停你家的水，到时候后果自负，别怪我们没有提醒过。",
    "师傅今天一定给你修好，修不好我赔你一部新手机，保证以后不会再漏了，请放心。",
)


def measure(data: Path, rounds: int) -> bool:
    """Print the figures; true when a text of 300 characters is checked in less than a millisecond."""
    etiquette = Etiquette.read(ContentFiles.load(data))
    phrases = [
        phrase.pattern.pattern
        for rule in etiquette.rules
        if rule.kind is Kind.FORBID
        for expression in rule.expressions
        for phrase in expression.phrases
    ]
    plain = re.compile("|".join(f"(?:{phrase})" for phrase in phrases))
    where = Situation(Author.STAFF)
    print(f"{len(etiquette.rules)} rules, {len(phrases)} phrases, texts of {LENGTH} characters, {rounds} rounds")
    slowest = 0.0
    for name, sentences in (("harmless", HARMLESS), ("heated", HEATED)):
        text = "".join(sentences * 20)[:LENGTH]
        checked = _median_ms(partial(etiquette.check, text, where), rounds)
        scanned = _median_ms(partial(plain.findall, text), rounds)
        found = len(etiquette.check(text, where))
        print(f"{name:9}{found:4} findings  check {checked:6.3f} ms  plain scan {scanned:6.3f} ms  ", end="")
        print(f"ratio {checked / scanned:.2f}")
        slowest = max(slowest, checked)
    return slowest < 1


def _median_ms(act: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        act()
        taken.append(time.perf_counter_ns() - start)
    return median(taken) / 1e6
