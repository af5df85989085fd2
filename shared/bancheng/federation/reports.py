"""What units report upward for a period: signed where it was filed, kept at every tier that it passes.

Owns the way up. It travels as a document does and names its own type, so that a release which does not know it keeps it
deferred. Which reports are owed is the profile's.
"""

from __future__ import annotations

import msgspec

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.site import HostedSite, Peer
from bancheng.schema.messages import CasesReported, ReportFiled
from bancheng.store.database import Transaction
from bancheng.store.links import queue_loose_to
from bancheng.store.signing import StoredFrame, sign_loose
from bancheng.store.unit_reports import FiledReport, store_report

REPORT_TYPES = frozenset({"ReportFiled", "CasesReported"})

UnitReport = ReportFiled | CasesReported

_decoder: msgspec.json.Decoder[UnitReport] = msgspec.json.Decoder(UnitReport)


async def file_report(tx: Transaction, site: HostedSite, report: UnitReport) -> bool:
    """Sign, keep and send up. False when the unit had filed it before."""
    stored = sign_loose(
        site.signer,
        tenant=site.tenant,
        payload=report,
        occurred_at=report.at,
        now_wall_ms=site.wall_ms(),
        random=site.random,
    )
    return await _keep_and_pass_on(tx, site, report, stored)


async def apply_report(tx: Transaction, site: HostedSite, peer: Peer, arrived: Arrived) -> Applied:
    """Keep what a unit below filed, and pass it on. The site that signed it must be the unit's own."""
    if peer.is_parent:
        return Applied(number=arrived.number, state="deferred", reason="report.not_from_below")
    try:
        report = _decoder.decode(arrived.frame.payload or b"")
    except msgspec.MsgspecError:
        return Applied(number=arrived.number, state="deferred", reason="document.unreadable")
    unit = site.jurisdiction.unit(report.unit)
    if unit is None or unit.site != arrived.header.author:
        return Applied(number=arrived.number, state="deferred", reason="report.not_its_unit")
    stored = StoredFrame(header=arrived.header, frame=arrived.frame, hash=arrived.event_hash)
    is_new = await _keep_and_pass_on(tx, site, report, stored)
    return Applied(number=arrived.number, state="applied" if is_new else "duplicate")


async def _keep_and_pass_on(tx: Transaction, site: HostedSite, report: UnitReport, stored: StoredFrame) -> bool:
    filed = FiledReport(
        report=report.report,
        period=report.period,
        unit=report.unit,
        filed_at=report.at,
        staff_name=report.actor.name,
        event_hash=stored.hash,
        received_at=site.now(),
        body=msgspec.json.encode(report) if isinstance(report, CasesReported) else None,
    )
    if not await store_report(tx, filed):
        return False
    entry = site.jurisdiction.site(site.site)
    above = (entry.parent,) if entry is not None and entry.parent is not None else ()
    await queue_loose_to(tx, above, "document", stored, now=site.wall_now())
    return True
