"""Labels that people give are checked as every training example is, and learned all or not at all."""

from pathlib import Path

import pytest

from nlu.heldout import Heldout, Many
from nlu.labels import Labels
from nlu.masks import Masks
from nlu.own import FOLDER, REVIEWED, Labelled, add_reviewed, filled, own_examples
from nlu.reviewed import LONGEST, Examples, Fault, check_labelled
from nlu.training_data import Example, TrainingData
from words.content import ContentFiles
from words.errors import ContentError

TRAINED = (
    Example("厨房的下水道堵得一点水都不走了", "repair.drain", (), "nlu/a.yml", 3),
    Example("谢谢", "thanks", (), "nlu/a.yml", 9),
)
HELD = Heldout(
    (Example("阳台地漏反味熏得全家吃不下饭", "repair.drain", (), "held/b.yml", 5),),
    (Many("电梯坏了顺便问下物业费怎么交", ("repair.elevator", "fee"), "held/multi.yml", 2),),
)


@pytest.fixture(scope="module")
def there(content: ContentFiles, labels: Labels) -> Examples:
    return Examples(TRAINED, HELD, labels, Masks.read(content))


def faults(there: Examples, *given: Labelled) -> list[tuple[int, Fault, str]]:
    return [(one.line, one.fault, one.detail) for one in check_labelled(given, there).refused]


def test_what_is_new_is_learned_and_what_is_known_or_nearly_so_is_not(there: Examples) -> None:
    checked = check_labelled(
        [
            Labelled("马桶  冲不下去\n了", "repair.drain", 2),
            Labelled("厨房的下水道堵得一点水都不走", "repair.drain", 3),
            Labelled("马桶冲不下去了！", "repair.drain", 4),
            Labelled("- 这[图片]是谁家的狗", "complaint.pet", 5),
        ],
        there,
    )
    assert [(one.text, one.line) for one in checked.fresh] == [("马桶 冲不下去 了", 2), ("这［图片］是谁家的狗", 5)]
    assert [one.line for one in checked.known] == [3, 4]
    assert checked.refused == ()


def test_an_almost_equal_text_may_well_mean_something_else(there: Examples) -> None:
    (fresh,) = check_labelled([Labelled("厨房的下水道堵得一点水都不走", "complaint.hygiene", 2)], there).fresh
    assert fresh.label == "complaint.hygiene"


@pytest.mark.parametrize(
    ("text", "label", "fault", "detail"),
    [
        ("马桶堵了", "repair.drian", Fault.NO_LABEL, "repair.drian → repair.drain?"),
        ("马桶堵了", "五个字以上没有", Fault.NO_LABEL, "五个字以上没有"),
        ("？！", "repair.drain", Fault.EMPTY, "？！"),
        ("漏" * (LONGEST + 1), "repair.drain", Fault.TOO_LONG, "601"),
        ("马桶堵了打13812345678", "repair.drain", Fault.PERSONAL, "13812345678"),
        ("谢谢！", "bye", Fault.OTHER_LABEL, "thanks, nlu/a.yml:9"),
        ("阳台地漏返味熏得全家吃不下饭", "repair.drain", Fault.HELD_OUT, "held/b.yml:5"),
        ("电梯坏了，顺便问下物业费怎么交", "repair.elevator", Fault.HELD_OUT, "held/multi.yml:2"),
    ],
)
def test_a_line_that_cannot_be_learned_says_why(
    there: Examples, text: str, label: str, fault: Fault, detail: str
) -> None:
    assert faults(there, Labelled(text, label, 7)) == [(7, fault, detail)]


def test_one_text_under_two_labels_is_refused_at_the_second(there: Examples) -> None:
    found = faults(there, Labelled("马桶堵了", "repair.drain", 2), Labelled("马桶堵了。", "repair.other", 3))
    assert found == [(3, Fault.OTHER_LABEL, "repair.drain:2")]


def test_examples_are_added_below_what_is_there_and_read_beside_the_content(
    tmp_path: Path, content: ContentFiles, labels: Labels
) -> None:
    assert own_examples(tmp_path) == {}
    add_reviewed(
        tmp_path, [Labelled("XX栋的门禁失灵", "repair.door_lock_access", 2), Labelled("# 谢谢: 您", "thanks", 3)]
    )
    path = tmp_path / "nlu" / REVIEWED
    path.write_text(path.read_text(encoding="utf-8") + "# 手写的说明\n", encoding="utf-8")
    add_reviewed(tmp_path, [Labelled("'再见'", "bye", 4)])
    own = own_examples(tmp_path)
    assert "# 手写的说明" in own[f"{FOLDER}/{REVIEWED}"]
    data = TrainingData.read(ContentFiles(own), vocabulary=labels)
    assert [(e.text, e.intent) for e in data.examples] == [
        ("XX栋的门禁失灵", "repair.door_lock_access"),
        ("# 谢谢: 您", "thanks"),
        ("'再见'", "bye"),
    ]
    assert filled(data, Masks.read(content)).examples[0].text == "8栋的门禁失灵"


def test_a_broken_file_of_the_estate_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "nlu" / REVIEWED
    path.parent.mkdir()
    path.write_text("nlu: [", encoding="utf-8")
    with pytest.raises(ContentError, match=REVIEWED):
        add_reviewed(tmp_path, [Labelled("再见", "bye", 4)])
    assert path.read_text(encoding="utf-8") == "nlu: ["
    assert sorted(one.name for one in path.parent.iterdir()) == [".lock", REVIEWED]
    path.write_bytes(b"\xff")
    with pytest.raises(ContentError, match="UTF-8"):
        own_examples(tmp_path)
