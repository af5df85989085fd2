"""The standard form of every command that enters something beside the loop, and records that are filled with them.

Owns these commands; what the rules answer is in `matrix`, and this module must not know it.
"""

from __future__ import annotations

from datetime import date

from bancheng.kernel import commands as c
from tests.kernel.tenant import DEPARTMENT

PAPER = "ab" * 32
ATTACH = c.AttachPaper(sha256=PAPER, name="登记表.jpg", media_type="image/jpeg", size=40_000, paper_kind="signed_form")
SIGN = c.SignForm(method="paper", signer="周某", paper=PAPER)
SUBMIT = c.SubmitFile()
REQUIRE = c.RequirePaper(name="户口簿复印件", due_on=date(2026, 3, 9))
CAME = c.RecordRequiredPaper(number=1)
ORDER = c.IssueOrder(to_unit=DEPARTMENT, request="请核实停发原因", limit_workdays=2)
ANSWER = c.AnswerOrder(number=1, reply="result", text="已补发", said_by="李四", said_how="phone")
PASS = c.PassToBody(body="某市社会保障局", helper="王五", reason="不属本级")
REPLY = c.RecordBodyReply(number=1, text="已受理", done=True)
BOOK = c.BookService(form="at_home", on=date(2026, 3, 9), helper="王五")
COMPLETE = c.CompleteService(number=1, took_place=True)
OFFER = c.OfferAid(programme="low_income")
TAKEN_UP = c.RecordAidAnswer(number=1, taken_up=True)
OTHER_NUMBER = c.RecordOtherNumber(system="12345", number="20260302-17")

COMMANDS: tuple[c.RecordCommand, ...] = (
    SIGN,
    SUBMIT,
    ATTACH,
    REQUIRE,
    CAME,
    c.IssueGuidance(department=DEPARTMENT, documents="身份证、户口簿"),
    c.AddJointPerson(name="吴某", phone="000-5678"),
    c.CorrectPerson(phone="000-4321", reason="登记时记错一位"),
    OTHER_NUMBER,
    c.HandOverDuty(to_staff="colleague", to_name="李四", reason="下班"),
    c.Seal(),
    c.CodeCause(cause="papers_incomplete"),
    c.UsePolicyTool(tool="commitment", basis="告知承诺办法"),
    BOOK,
    COMPLETE,
    OFFER,
    TAKEN_UP,
    ORDER,
    ANSWER,
    PASS,
    REPLY,
    c.RaiseLevel(level="three", reason="涉及两个部门"),
    c.RecordStep(step="consultation", note="已会商"),
    c.AttributeFault(side="window", opinion="未如实转告"),
    c.Urge(text="请尽快办理"),
)

ENTERED: tuple[c.RecordCommand, ...] = (ATTACH, SIGN, REQUIRE, BOOK, OFFER, ORDER, PASS, OTHER_NUMBER)
"""A record with one of everything that waits for an end."""
ENDED: tuple[c.RecordCommand, ...] = (*ENTERED, SUBMIT, CAME, COMPLETE, TAKEN_UP, ANSWER, REPLY, c.Seal())
"""The same, with each end reached."""
