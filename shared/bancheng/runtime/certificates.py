"""Certificates: an authority of one's own for networks that have none, and what is known of a certificate in a file.

Owns how they are made and read. Must not know who uses them, nor ask any authority outside.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bancheng.runtime.whole_files import READ_BY_ALL, write_whole

AUTHORITY_FILE: Final = "ca.crt"
AUTHORITY_KEY_FILE: Final = "ca.key"
SERVER_FILE: Final = "server.crt"
SERVER_KEY_FILE: Final = "server.key"
AUTHORITY_DAYS: Final = 3_650
SERVER_DAYS: Final = 825
_SERVES, _ASKS = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_BEFORE: Final = timedelta(hours=1)
"""A host whose clock is a little behind must not find a new certificate not yet valid."""


class CertificateUnreadable(Exception):
    """A file that holds no certificate or cannot be read. `file` is its name."""

    code = "certificate.unreadable"

    def __init__(self, file: Path) -> None:
        super().__init__(f"{self.code}: {file.name}")
        self.file = file.name


def expires_at(file: Path) -> datetime:
    """When the first certificate of a PEM file ends. Raises CertificateUnreadable."""
    return _read(file).not_valid_after_utc


def names_in(file: Path) -> tuple[str, ...]:
    """The hosts that a certificate is for. Raises CertificateUnreadable."""
    try:
        names = _read(file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in names)


def issue(
    authority_folder: Path, folder: Path, hosts: Sequence[str], *, now: datetime, days: int = SERVER_DAYS
) -> Path:
    """A server's certificate for these hosts in `folder`, from the authority, which is made if it is missing.

    `hosts` are names or addresses. Keys are readable by their owner only. Returns the certificate's path.
    Raises CertificateUnreadable where the authority's files are spoilt.
    """
    authority, authority_key = _authority(authority_folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])]), now, days)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        # Also as a client: the members of a cluster of nats-servers show it to each other.
        .add_extension(x509.ExtendedKeyUsage([_SERVES, _ASKS]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_whole(folder / SERVER_KEY_FILE, _key_text(key))
    return write_whole(folder / SERVER_FILE, _text(certificate), mode=READ_BY_ALL)


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    file, key_file = folder / AUTHORITY_FILE, folder / AUTHORITY_KEY_FILE
    if file.exists():
        return _read(file), _read_key(key_file)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bancheng internal authority")])
    certificate = (
        _begun(name, now, AUTHORITY_DAYS)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_MAY_SIGN, critical=True)
        .sign(key, hashes.SHA256())
    )
    write_whole(key_file, _key_text(key))
    write_whole(file, _text(certificate), mode=READ_BY_ALL)
    return certificate, key


_MAY_SIGN: Final = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _begun(name: x509.Name, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _BEFORE)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
    )


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateUnreadable(file) from error


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CertificateUnreadable(file) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateUnreadable(file)
    return key


def _text(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
