"""The columns of a former window's ledger, as a file names them.

Owns their names in both languages, and which must be there. What a cell may hold is rows.py's.
"""

from __future__ import annotations

from typing import Final

import msgspec

from bancheng.window.error_texts import Language


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is the field that it fills. A file names it by `zh`, `en`, the key or one of `others`."""

    key: str
    zh: str
    en: str
    others: tuple[str, ...] = ()
    required: bool = False

    def name(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


COLUMNS: Final = (
    Column(key="number", zh="原编号", en="Old number", others=("编号", "登记编号", "受理编号"), required=True),
    Column(key="imported_from", zh="原窗口", en="Former window", others=("来源窗口", "窗口"), required=True),
    Column(key="received_on", zh="登记日期", en="Registered on", others=("受理日期", "受理时间"), required=True),
    Column(key="person.name", zh="姓名", en="Name", others=("反映人", "办事对象姓名", "反映人姓名"), required=True),
    Column(key="person.phone", zh="联系电话", en="Phone", others=("电话", "联系方式")),
    Column(key="person.identity_number", zh="证件号码", en="Identity number", others=("身份证号", "身份证号码")),
    Column(key="person.address", zh="住址", en="Address", others=("地址", "联系地址")),
    Column(key="title", zh="标题", en="Title", others=("事项名称", "反映事项")),
    Column(key="description", zh="反映内容", en="What was reported", others=("问题描述", "诉求"), required=True),
    Column(key="channel", zh="反映渠道", en="How it came in", others=("渠道", "来源渠道")),
    Column(key="kind", zh="事项种类", en="Kind", others=("种类",)),
    Column(key="case_type", zh="问题类型", en="Type", others=("类型", "事项类型")),
    Column(key="ground", zh="情形", en="Ground", others=("受理情形",)),
    Column(key="department", zh="涉及部门", en="Department", others=("部门", "责任部门")),
    Column(key="state", zh="办理状态", en="State", others=("状态",)),
    Column(key="ended_on", zh="办结日期", en="Ended on", others=("办结时间",)),
    Column(key="outcome", zh="办理结果", en="Outcome", others=("结果",)),
    Column(key="answer", zh="答复内容", en="Answer", others=("答复", "反馈内容")),
)  # fmt: skip

_BY_NAME: Final = {
    name.casefold(): column for column in COLUMNS for name in (column.key, column.zh, column.en, *column.others)
}


def column_called(heading: str) -> Column | None:
    """None for a column that a case has no place for."""
    return _BY_NAME.get("".join(heading.split()).casefold()) or _BY_NAME.get(" ".join(heading.split()).casefold())
