"""Addresses: one row, one way in which people write where they live."""

import pytest

from nlu.entities.address import find_addresses
from nlu.entities.phone import find_phones
from nlu.entities.span import mask
from nlu.normalise import fold

ROWS = [
    ("我是3栋2单元1502的", "3栋|2单元|1502"),
    ("8号楼603", "8栋|603"),
    ("十二幢五零二", "12栋|502"),
    ("C座1203", "C栋|1203"),
    ("c座902，财务要收据", "C栋|902"),
    ("7幢东单元1601", "7栋|东单元|1601"),
    ("11-2-1702", "11栋|2单元|1702"),
    ("5-1902", "5栋|1902"),
    ("7号楼2门301", "7栋|2单元|301"),
    ("三栋二单元一五零二", "3栋|2单元|1502"),
    ("15座17楼1703", "15栋|1703"),
    ("11栋1-802", "11栋|1单元|802"),
    ("B座18C", "B栋|18C"),
    ("A座A1109", "A栋|A1109"),
    ("1203", "1203"),
    ("1203室", "1203"),
    ("住在402房，水管漏", "402"),
    ("五零二室没水", "502"),
    ("6棟天台", "6栋"),
    ("Tower 2 lobby", "2栋"),
    ("Block 5 1203", "5栋|1203"),
    ("building 3, unit 2, room 1502", "3栋|2单元|1502"),
    ("It is in Bldg. 12, Apt 904", "12栋|904"),
    ("3＃楼门口", "3栋"),
    ("5#楼2单元", "5栋|2单元"),
    ("18号502室", "18栋|502"),
    ("１５栋２单元２０１", "15栋|2单元|201"),
    ("二十一栋", "21栋"),
    ("东单元没电", "东单元"),
    ("1单元的灯坏了", "1单元"),
    ("西单元302", "西单元|302"),
    ("A3-508", "A3栋|508"),
    ("2/3/502", "2栋|3单元|502"),
    ("我是9栋的，201室", "9栋|201"),
    ("12-2-0302", "12栋|2单元|302"),
    ("8栋 1单元 2203", "8栋|1单元|2203"),
    ("楼上2105洗衣机排水", "2105"),
    ("4栋12A", "4栋|12A"),
    ("一号楼大堂", "1栋"),
    ("11-2-1702和3-1-502都漏", "11栋|2单元|1702|3栋|1单元|502"),
    # What only looks like an address.
    ("打110", ""),
    ("12345热线", ""),
    ("欠了1203元", ""),
    ("一共交了1580", ""),
    ("2025年的物业费", ""),
    ("500块", ""),
    ("24小时有人吗", ""),
    ("7楼楼道灯坏了", ""),
    ("工单R-1024处理了吗", ""),
    ("单号1024", ""),
    ("尾号6688", ""),
    ("车牌粤B12345", ""),
    ("车位B-117", ""),
    ("哪一栋有空房", ""),
    ("一座山", ""),
    ("座椅坏了", ""),
    ("1,524.60元", ""),
    ("跑了300米", ""),
    ("水费45.00", ""),
    ("100M宽带", ""),
]


def values(text: str) -> str:
    folded = fold(text)
    return "|".join(span.value for span in find_addresses(folded, mask(folded, find_phones(folded))))


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_an_address_is_read_as_people_write_it(text: str, expected: str) -> None:
    assert values(text) == expected


def test_the_span_holds_the_suffix_and_nothing_else() -> None:
    folded = fold("麻烦来3栋2单元1502室看看")
    assert [folded[s.start : s.end] for s in find_addresses(folded, folded)] == ["3栋", "2单元", "1502室"]


def test_a_chain_gives_each_part_without_the_dashes() -> None:
    folded = "11-2-1702"
    assert [folded[s.start : s.end] for s in find_addresses(folded, folded)] == ["11", "2", "1702"]
