"""From events to state: copies facts, holds no rule and refuses nothing.

Owns `begin` and `evolve`. Whatever an event of the main line says is so: it was decided elsewhere.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from bancheng.kernel.case import Case, DeclineProposal, ExtensionRequest, Head, LateEntry
from bancheng.kernel.corrections import with_correction
from bancheng.kernel.evolve_record import evolve_record
from bancheng.kernel.milestones import reached
from bancheng.kernel.officers import first_officer, followed_by
from bancheng.kernel.record import Record
from bancheng.kernel.signers import signed
from bancheng.schema import events as e
from bancheng.schema.clocks import Clock


def begin(event: e.Registered, head: Head) -> Case:
    """The state after registration. The tenant is the envelope's and not part of the state. What a former window had
    ended lies in the archive from the first.
    """
    milestones = {"registered": event.at}
    if event.ended_at is not None:
        milestones |= {"answered": event.ended_at, "closed": event.ended_at}
    return Case(
        case_id=event.case_id,
        number=event.number,
        profile_edition=event.profile_edition,
        registered_at=event.at,
        registered_unit=event.unit,
        registered_site=event.site,
        channel=event.channel,
        kind=event.kind,
        case_type=event.case_type,
        title=event.title,
        description=event.description,
        person=event.person,
        ground=event.ground,
        matter=event.matter,
        department=event.department,
        complained_unit=event.complained_unit,
        is_restricted=event.is_restricted,
        agent=event.agent,
        received_on=event.received_on,
        imported_from=event.imported_from,
        record=Record(level=event.level, officer=first_officer(event), milestones=milestones),
        stage="registered" if event.ended_at is None else "archived",
        outcome=event.outcome,
        answer=event.answer,
        answered_at=event.ended_at,
        holder_unit=event.unit,
        holder_site=event.site,
        head=head,
        clocks={clock.name: clock for clock in event.clocks},
        participants=(event.site,),
        highest_term=head.position.term,
    )


def evolve(case: Case, event: e.CaseEvent, head: Head) -> Case:
    """The state after one more event of the main line; `head` is where that event stands."""
    changed: tuple[Clock, ...] = getattr(event, "clocks", ())
    clocks = {**case.clocks, **{clock.name: clock for clock in changed}} if changed else case.clocks
    highest_term = max(case.highest_term, head.position.term)
    record = signed(reached(case.record, event), event)
    after = _evolve(replace(case, head=head, clocks=clocks, highest_term=highest_term, record=record), event)
    followed = followed_by(after, event)
    return after if followed is after.record else replace(after, record=followed)


def with_participants(case: Case, *sites: str) -> Case:
    """The state with these sites among those that are sent every entry."""
    if set(sites) <= set(case.participants):
        return case
    return replace(case, participants=tuple(sorted({*case.participants, *sites})))


def _evolve(case: Case, event: e.CaseEvent) -> Case:
    match event:
        case e.Escalated() | e.HandedDown() | e.Returned() | e.Received() | e.TakenOver():
            return _custody(case, event)
        case e.LateEntryFiled() | e.LateOutcomeAdopted() | e.LateOverruled():
            return _late(case, event)
        case (
            e.ResultProposed() | e.ResultVerified() | e.ResultSentBack() | e.Revisited() | e.Redone() | e.AnswerGiven()
        ):
            return _result(case, event)
        case e.StruckOff() | e.Withdrawn() | e.Archived() | e.DeclineProposed() | e.DeclineRefused() | e.Declined():
            return _ending(case, event)
        case e.Accepted():
            return replace(case, stage="accepted")
        case e.Classified():
            return replace(case, stage="in_hand", kind=event.kind, case_type=event.case_type)
        case e.ExtensionRequested():
            request = ExtensionRequest(
                clock=event.clock, workdays=event.workdays, reason=event.reason, asked_by=event.actor.staff
            )
            return replace(case, extension=request)
        case e.ExtensionApproved() | e.ExtensionRefused():
            return replace(case, extension=None)
        case e.AskAccepted() | e.AskRefused():
            return replace(case, answered_asks=(*case.answered_asks, event.ask_id))
        case e.ReportedOutside():
            return replace(case, reported_outside_at=event.at)
        case (
            e.Registered()
            | e.NoteAdded()
            | e.Paused()
            | e.Resumed()
            | e.DeadlineWarned()
            | e.DeadlineReminded()
            | e.DeadlinePassed()
            | e.DutyLeaderCalled()
            | e.DuesRecomputed()
            | e.OutsideReplied()
        ):
            return case
        case _:
            return _entered(case, event)


def _entered(case: Case, event: e.PersonCorrected | e.RecordEvent) -> Case:
    if isinstance(event, e.PersonCorrected):
        return with_correction(case, event)
    return replace(case, record=evolve_record(case.record, event))


def _custody(case: Case, event: e.Escalated | e.HandedDown | e.Returned | e.Received | e.TakenOver) -> Case:
    match event:
        case e.Escalated() | e.HandedDown():
            return with_participants(replace(case, in_transit=event.grant), event.grant.site)
        case e.Returned():
            returned = replace(case, in_transit=event.grant, returns=event.count, is_returning=True)
            return with_participants(returned, event.grant.site)
        case e.Received() | e.TakenOver():
            # What was taken back on its way came from nobody else than before.
            stayed = event.unit == case.holder_unit
            taken = replace(
                case,
                in_transit=None,
                is_returning=False,
                came_from=case.came_from if stayed else (case.holder_unit, case.holder_site),
                holder_unit=event.unit,
                holder_site=event.site,
                extension=None,
            )
            return with_participants(taken, event.site)
        case _:
            assert_never(event)


def _late(case: Case, event: e.LateEntryFiled | e.LateOutcomeAdopted | e.LateOverruled) -> Case:
    match event:
        case e.LateEntryFiled():
            filed = LateEntry(
                event_hash=event.event_hash,
                late_type=event.late_type,
                late_author=event.late_author,
                late_unit=event.late_unit,
                late_at=event.late_at,
                outcome=event.outcome,
                answer=event.answer,
                decision="open" if event.decides else "none",
            )
            unfiled = tuple(each for each in case.unfiled_late if each != event.event_hash)
            return replace(case, late_entries=(*case.late_entries, filed), unfiled_late=unfiled)
        case e.LateOutcomeAdopted():
            case = _settled(case, event.event_hash, adopted=True)
            if event.answer:
                told = replace(case.record, told=event.answer)
                case = replace(case, answer=event.answer, answered_at=event.decided_at, record=told)
            return case if event.outcome is None else replace(case, stage="verified", outcome=event.outcome)
        case e.LateOverruled():
            return _settled(case, event.event_hash, adopted=False)
        case _:
            assert_never(event)


def _settled(case: Case, event_hash: bytes, *, adopted: bool) -> Case:
    """One decision settles all that the same site sent late: they are one story."""
    author = next((entry.late_author for entry in case.late_entries if entry.event_hash == event_hash), "")
    decision = "adopted" if adopted else "overruled"
    entries = tuple(
        replace(entry, decision=decision) if entry.late_author == author and entry.decision == "open" else entry
        for entry in case.late_entries
    )
    return replace(case, late_entries=entries)


def _result(
    case: Case,
    event: e.ResultProposed | e.ResultVerified | e.ResultSentBack | e.Revisited | e.Redone | e.AnswerGiven,
) -> Case:
    match event:
        case e.AnswerGiven():
            return _answered(case, event)
        case e.ResultProposed():
            return replace(
                case,
                stage="result_proposed",
                outcome=event.outcome,
                # What the person was told stays what the case says was told.
                answer=event.answer if case.answered_at is None else case.answer,
                result_proposed_by=event.actor.staff,
            )
        case e.ResultVerified():
            return replace(case, stage="verified")
        case e.ResultSentBack():
            return replace(case, stage="in_hand", outcome=None)
        case e.Revisited():
            record = replace(case.record, satisfied=event.satisfied, rating=event.rating)
            return replace(case, record=record, stage="revisited" if event.satisfied else case.stage)
        case e.Redone():
            return _next_round(case, event)
        case _:
            assert_never(event)


def _next_round(case: Case, event: e.Redone) -> Case:
    """Everyone is to be answered again, and what was met may come to be owed again."""
    persons = tuple(replace(person, answered_at=None) for person in case.record.joint_persons)
    record = replace(case.record, joint_persons=persons, met=())
    return replace(case, stage="in_hand", outcome=None, round=event.round, answered_at=None, record=record)


def _answered(case: Case, event: e.AnswerGiven) -> Case:
    """Person 0 is everyone; a number is one of those who joined."""
    if event.answer_kind == "progress":
        return case if event.person_number else replace(case, progress_told_at=event.at)
    persons = tuple(
        replace(person, answered_at=event.at) if event.person_number in {0, number} else person
        for number, person in enumerate(case.record.joint_persons, start=1)
    )
    told = case.record.told if event.person_number else event.text
    case = replace(case, record=replace(case.record, joint_persons=persons, told=told))
    return case if event.person_number else replace(case, answer=event.text, answered_at=event.at)


def _ending(
    case: Case,
    event: e.StruckOff | e.Withdrawn | e.Archived | e.DeclineProposed | e.DeclineRefused | e.Declined,
) -> Case:
    match event:
        case e.DeclineProposed():
            proposal = DeclineProposal(
                ground=event.ground, explanation=event.explanation, proposed_by=event.actor.staff
            )
            return replace(case, stage="decline_proposed", decline=proposal)
        case e.DeclineRefused():
            return replace(case, stage="registered", decline=None)
        case e.Declined():
            record = replace(case.record, told=event.explanation, owed=())
            told = replace(case, answer=event.explanation, answered_at=event.at, record=record)
            return replace(told, stage="declined", outcome="declined")
        case e.Withdrawn():
            return replace(case, stage="withdrawn", outcome="withdrawn", record=replace(case.record, owed=()))
        case e.StruckOff():
            return replace(case, stage="struck_off", record=replace(case.record, owed=()))
        case e.Archived():
            return replace(case, stage="archived")
        case _:
            assert_never(event)
