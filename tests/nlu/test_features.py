"""What a text is turned into before it is classified."""

from nlu.engine import EmbeddedEngine
from nlu.features import BLOCK_WEIGHTS, LONGEST, Featuriser, readable
from nlu.training_data import TrainingData


def test_a_full_stop_changes_nothing(engine: EmbeddedEngine) -> None:
    blocks = engine.featuriser.blocks
    assert blocks("厨房漏水了") == blocks("厨房漏水了。")


def test_courtesy_changes_the_words_no_more_than_its_absence(engine: EmbeddedEngine) -> None:
    assert engine.featuriser.clean("你好，厨房漏水了，谢谢") == "厨房漏水了"


def test_numbers_are_alike(engine: EmbeddedEngine) -> None:
    assert engine.featuriser.clean("漏了3天") == engine.featuriser.clean("漏了12天")


def test_homophones_sound_alike(engine: EmbeddedEngine) -> None:
    sounds = [engine.featuriser.blocks(text)[3] for text in ("电梯", "电题")]
    assert sounds[0] == sounds[1] or engine.featuriser.clean("电题") == "电梯"


def test_lists_synonyms_and_regexes_of_the_data_are_features() -> None:
    data = TrainingData((), {"object": ("马桶",)}, {"龙头": "水龙头"}, {"room": ("[0-9]+室",)})
    found = Featuriser.build(data).blocks("龙头和马桶，12室")[4]
    assert set(found) == {"l:object", "s:水龙头", "l:room"}


def test_there_is_a_weight_for_each_block(engine: EmbeddedEngine) -> None:
    assert len(engine.featuriser.blocks("漏水")) == len(BLOCK_WEIGHTS)


def test_a_long_text_is_cut(engine: EmbeddedEngine) -> None:
    assert len(engine.featuriser.clean("漏" * 10_000)) == LONGEST


def test_names_of_features_are_readable() -> None:
    assert [readable(name) for name in ("c:漏水", "w:水管 漏", "p:lou", "d:fire")] == [
        "漏水",
        "水管漏",
        "[lou]",
        "[fire]",
    ]
