"""The certificate of the phones' page: made by this computer for its own address, known to no authority.

Writes `artifacts/studio/.lan/`, for this user only: a key of its own, and a certificate that holds for a month.
"""

import datetime
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from shared import contracts, paths

DAYS = 30
_LEAST_LEFT = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key.

    Attributes:
        certificate_file: In PEM.
        key_file: In PEM; nobody else may read it.
        fingerprint: SHA-256 as browsers show it, in pairs of hex digits.
    """

    certificate_file: Path
    key_file: Path
    fingerprint: str


def folder() -> Path:
    """Return the folder of what the phones' page keeps."""
    return paths.artifacts("studio") / ".lan"


def open_certificate(address: str) -> Certificate:
    """Return the certificate for an address; a new one where there is none, or where it ends within a day.

    Args:
        address: An IP address of this computer.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    contracts.make_private(folder())
    own, key_file = folder() / "certificate.pem", folder() / "key.pem"
    try:
        known = x509.load_pem_x509_certificate(own.read_bytes())
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        is_this = ipaddress.ip_address(address) in names.get_values_for_type(x509.IPAddress)
        is_private = key_file.is_file() and not key_file.stat().st_mode & 0o077
        ends = known.not_valid_after_utc
    except (OSError, ValueError, x509.ExtensionNotFound):
        is_this = is_private = False
        ends = paths.utc_now()
    if not (is_this and is_private and ends - paths.utc_now() > _LEAST_LEFT):
        _make(address, own, key_file)
    der = x509.load_pem_x509_certificate(own.read_bytes()).public_bytes(Encoding.DER)
    digest = hashlib.sha256(der).hexdigest().upper()
    return Certificate(own, key_file, ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)))


def _make(address: str, own: Path, key_file: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "smilebench studio")])
    now = paths.utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a phone's clock may be behind
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    key_file.unlink(missing_ok=True)
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    contracts.write_bytes(own, made.public_bytes(serialization.Encoding.PEM))
