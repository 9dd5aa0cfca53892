"""The server's own certificate, for HTTPS on a local network without an authority."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 397
"""Browsers refuse certificates that are valid for longer (CA/Browser Forum baseline, 2020)."""
RENEW_DAYS = 30


def ensure_certificate(folder: Path, hosts: Sequence[str], at: datetime) -> tuple[Path, Path]:
    """Key and certificate of the server; made when absent, for other names or about to end.

    Parameters
    ----------
    folder : Path
        Folder of the keys. An operator's own ``server.key`` and ``server.crt`` stay untouched as
        long as ``own-certificate`` lies beside them.
    hosts : sequence of str
        Names and addresses under which browsers reach the server.
    at : datetime
        Present time.

    Returns
    -------
    tuple of Path
        Key and certificate, PEM.
    """
    key_path, path = folder / "server.key", folder / "server.crt"
    if (folder / "own-certificate").exists() or _still_good(key_path, path, hosts, at):
        return key_path, path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tocsin")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(at + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(h) for h in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(
        key_path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write(path, certificate.public_bytes(serialization.Encoding.PEM))
    return key_path, path


def fingerprint(path: Path) -> str:
    """SHA-256 fingerprint of a certificate, as browsers show it."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _still_good(key: Path, path: Path, hosts: Sequence[str], at: datetime) -> bool:
    if not key.exists() or not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    ends = certificate.not_valid_after_utc - timedelta(days=RENEW_DAYS)
    return at < ends and {_name(h) for h in hosts} <= set(names)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, data: bytes) -> None:
    partial = path.with_suffix(path.suffix + ".part")
    with open(partial, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
