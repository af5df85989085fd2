"""Sealed payloads: bytes that only the named sites can open, so that sites between carry what they cannot read.

Owns the envelope. One key is drawn for each payload and sealed to each site's own key (its Ed25519 key as Curve25519);
the payload is encrypted and authenticated with it. Which sites those are is the rules' (kernel/audience.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from nacl import bindings
from nacl.exceptions import CryptoError

from bancheng.store.signing import RandomBytes, Signer

_KEY_BYTES = 32
_NONCE_BYTES = 24


class NotForUs(Exception):
    """The envelope does not open with this site's key. `code` is stable."""

    code = "frame.sealed"


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """XSalsa20-Poly1305 under a key that is sealed (X25519) to each site by name."""

    v: int = 1
    keys: dict[str, bytes]
    nonce: bytes
    box: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Envelope)


def seal(payload: bytes, public_keys: Mapping[str, str], random: RandomBytes) -> bytes:
    """`public_keys` are the sites' hex Ed25519 keys by name."""
    key, nonce = random(_KEY_BYTES), random(_NONCE_BYTES)
    keys = {
        site: bindings.crypto_box_seal(key, bindings.crypto_sign_ed25519_pk_to_curve25519(bytes.fromhex(public_key)))
        for site, public_key in sorted(public_keys.items())
    }
    return _encoder.encode(_Envelope(keys=keys, nonce=nonce, box=bindings.crypto_secretbox(payload, nonce, key)))


def unseal(sealed: bytes, signer: Signer) -> bytes:
    """The payload. Raises NotForUs, also for bytes that are no envelope or were changed."""
    try:
        envelope = _decoder.decode(sealed)
        key = signer.open_sealed(envelope.keys[signer.site])
        return bindings.crypto_secretbox_open(envelope.box, envelope.nonce, key)
    except (msgspec.MsgspecError, KeyError, CryptoError, ValueError, TypeError) as error:
        raise NotForUs(signer.site) from error
