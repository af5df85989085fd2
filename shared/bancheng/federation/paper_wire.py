"""What two sites say to one another about papers, as bytes: signed requests, and sealing past a site between.

Owns these bytes. Must not know the database, the store of papers nor a connection.
"""

from __future__ import annotations

import msgspec

from bancheng.federation.site import HostedSite
from bancheng.schema.messages import PaperAsk, PaperNotGiven, PaperPiece, PaperRequest, Signed
from bancheng.store.sealing import NotForUs, seal, unseal
from bancheng.store.signing import SignatureRefused, sign_message, verify_message

PaperAnswer = PaperPiece | PaperNotGiven

_encoder = msgspec.msgpack.Encoder()
_signed = msgspec.msgpack.Decoder(Signed)
_request = msgspec.msgpack.Decoder(PaperRequest)
_ask = msgspec.msgpack.Decoder(PaperAsk)
_answer: msgspec.msgpack.Decoder[PaperAnswer] = msgspec.msgpack.Decoder(PaperAnswer)
_refusal = msgspec.msgpack.Decoder(PaperNotGiven)


class PaperAnswerUnreadable(Exception):
    """Bytes that are no answer, or an answer to something else."""

    code = "paper.answer_unreadable"


class PaperRequestRefused(Exception):
    """A request that nobody vouches for. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose signature is good: who asks whom. `ask` may be sealed."""

    reader: str
    at: str
    ask: bytes


def request_bytes(site: HostedSite, at: str, neighbour: str, ask: PaperAsk) -> bytes:
    """Ask the site `at`, through `neighbour`. Raises PaperRequestRefused when the directory does not know `at`."""
    body = _encoder.encode(ask)
    if at != neighbour:
        body = _sealed_to(site, at, body)
    return _encoder.encode(sign_message(site.signer, _encoder.encode(PaperRequest(at=at, ask=body))))


def read_request(site: HostedSite, data: bytes) -> Requested:
    """Raises PaperRequestRefused."""
    try:
        signed = _signed.decode(data)
        request = _request.decode(verify_message(site.keyring, signed))
    except SignatureRefused as error:
        raise PaperRequestRefused("paper.request_unsigned") from error
    except msgspec.MsgspecError as error:
        raise PaperRequestRefused("paper.request_unreadable") from error
    return Requested(reader=signed.signer, at=request.at, ask=request.ask)


def read_ask(site: HostedSite, requested: Requested, neighbour: str) -> PaperAsk:
    """What is asked of this site. Raises PaperRequestRefused."""
    try:
        body = requested.ask if requested.reader == neighbour else unseal(requested.ask, site.signer)
        return _ask.decode(body)
    except (msgspec.MsgspecError, NotForUs) as error:
        raise PaperRequestRefused("paper.request_unreadable") from error


def answer_bytes(site: HostedSite, reader: str, neighbour: str, answer: PaperAnswer) -> bytes:
    """For the site that asked. Raises PaperRequestRefused when the directory does not know it."""
    body = _encoder.encode(answer)
    return body if reader == neighbour else _sealed_to(site, reader, body)


def refusal_bytes(code: str) -> bytes:
    """What any site may say, also one that only passes on."""
    return _encoder.encode(PaperNotGiven(code=code))


def read_answer(site: HostedSite, at: str, neighbour: str, data: bytes) -> PaperAnswer:
    """Raises PaperAnswerUnreadable."""
    try:
        if at == neighbour:
            return _answer.decode(data)
        return _answer.decode(unseal(data, site.signer))
    except NotForUs:
        try:
            return _refusal.decode(data)
        except msgspec.MsgspecError as error:
            raise PaperAnswerUnreadable from error
    except msgspec.MsgspecError as error:
        raise PaperAnswerUnreadable from error


def _sealed_to(site: HostedSite, reader: str, body: bytes) -> bytes:
    entry = site.jurisdiction.site(reader)
    if entry is None:
        raise PaperRequestRefused("paper.site_unknown")
    return seal(body, {reader: entry.public_key}, site.random)
