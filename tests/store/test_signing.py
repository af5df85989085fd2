"""A frame is vouched for by its author's key as the directory names it, and by no other."""

from __future__ import annotations

import secrets
from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel.case import Position
from bancheng.schema.documents import Directory, Document, SiteEntry
from bancheng.schema.events import NoteAdded
from bancheng.schema.frames import MAX_PAYLOAD_BYTES, NO_HASH, FrameError, decode_frame, encode_frame, encode_header
from bancheng.store.signing import (
    Keyring,
    SignatureRefused,
    Signer,
    generate_seed,
    sign_entry,
    sign_loose,
    sign_message,
    verify_frame,
    verify_message,
)
from tests.store.stories import CLERK, NOW, Village

SEED = "00" * 31 + "01"


def keyring(*signers: Signer) -> Keyring:
    sites = tuple(
        SiteEntry(site=each.site, tier="village", parent=None, key_id=each.key_id, public_key=each.public_key)
        for each in signers
    )
    return Keyring(Directory(tenant="t", edition=1, sites=sites, units=()))


def test_the_same_seed_is_the_same_key_and_a_known_one() -> None:
    signer = Signer.from_seed("guali", SEED)
    # RFC 8032's arithmetic: the public key of this seed is fixed for ever.
    assert signer.public_key == "4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29"
    assert signer.key_id == Signer.from_seed("linpu", SEED).key_id
    assert signer.key_id != Signer.from_seed("guali", generate_seed()).key_id


@pytest.mark.parametrize("seed", ["", "zz", "00" * 31, "00" * 33])
def test_what_is_no_seed_is_refused(seed: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        Signer.from_seed("guali", seed)


def test_an_entry_is_verified_after_its_journey_and_stands_where_it_says() -> None:
    village = Village("t-signing")
    entry = village.register().entries[0]
    frame, header = decode_frame(encode_frame(entry.frame))
    assert header == entry.header
    assert verify_frame(keyring(village.signer), frame, header) == entry.hash
    assert entry.position == Position(term=1, author="guali", seq=1)
    assert (entry.entry.prev_hash, entry.entry.event) == (NO_HASH, entry.event)


def test_another_key_another_site_or_another_header_is_refused() -> None:
    village, stranger = Village("t-signing"), Signer.from_seed("guali", generate_seed())
    frame = village.register().entries[0].frame
    header = decode_frame(encode_frame(frame))[1]
    with pytest.raises(SignatureRefused, match="key_unknown"):
        verify_frame(keyring(stranger), frame, header)
    with pytest.raises(SignatureRefused, match="key_unknown"):
        verify_frame(keyring(village.signer), frame, replace(header, author="linpu"))
    moved = replace(frame, header=encode_header(replace(header, seq=2)))
    for wrong in (moved, replace(frame, signature=bytes(64)), replace(frame, signature=b"")):
        with pytest.raises(SignatureRefused, match="signature"):
            verify_frame(keyring(village.signer), wrong, header)


def test_nobody_signs_for_another_site() -> None:
    village = Village("t-signing")
    change = village.register()
    with pytest.raises(ValueError, match="cannot sign for"):
        sign_entry(
            village.signer,
            tenant="t-signing",
            event=change.entries[0].event,
            case_id=change.case.case_id,
            position=Position(term=1, author="town", seq=1),
            prev_hash=NO_HASH,
            now_wall_ms=1,
            random=secrets.token_bytes,
        )


def test_a_payload_over_the_limit_is_never_signed() -> None:
    village = Village("t-signing")
    note = NoteAdded(at=NOW, actor=CLERK, note_kind="progress", text="长" * MAX_PAYLOAD_BYTES)
    with pytest.raises(FrameError) as refusal:
        village.change(village.register().case, note)
    assert refusal.value.code == "frame.payload_too_large"


def test_a_document_names_its_type_and_no_case() -> None:
    village = Village("t-signing")
    document = Document(kind="calendar", edition=3, effective_on=date(2026, 1, 1), body=b"{}")
    stored = sign_loose(
        village.signer, tenant="t-signing", payload=document, occurred_at=NOW, now_wall_ms=1, random=secrets.token_bytes
    )
    assert (stored.header.type, stored.header.case_id, stored.header.seq) == ("DocumentPublished", None, 0)
    assert verify_frame(keyring(village.signer), stored.frame, stored.header) == stored.hash


def test_a_message_is_vouched_for_and_a_changed_one_is_not() -> None:
    signer = Signer.from_seed("town", generate_seed())
    signed = sign_message(signer, b"receipt")
    assert verify_message(keyring(signer), signed) == b"receipt"
    for wrong in (replace(signed, body=b"receipt "), replace(signed, signature=bytes(64))):
        with pytest.raises(SignatureRefused, match="signature"):
            verify_message(keyring(signer), wrong)
