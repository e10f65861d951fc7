"""An authenticator in software, with the browser around it: honest unless a test has it say something else."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from handstamp.core.encoding import base64url_decode, base64url_encode
from handstamp.core.ids import new_secret

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


@dataclass(kw_only=True)
class Authenticator:
    """One passkey after the other, all with one key algorithm.

    What begins a ceremony is the JSON that a browser would get. Each keyword of ``create`` and ``get`` replaces what
    an honest one would say.
    """

    origin: str = "https://app.example.com"
    algorithm: int = -7
    flags: int = UP | UV
    count: int = 0
    """The sign count of the next use; 0 stays 0, as with passkeys that are synchronised."""
    keys: dict[str, Any] = field(default_factory=dict[str, Any])
    handles: dict[str, str] = field(default_factory=dict[str, str])

    def create(self, options: dict[str, Any], **said: Any) -> dict[str, Any]:
        """``navigator.credentials.create``, as JSON."""
        key = said.get("key") or _new_key(self.algorithm)
        identifier = said.get("id") or base64url_encode(new_secret().encode())
        raw = base64url_decode(identifier.encode())
        self.keys[identifier], self.handles[identifier] = key, options["user"]["id"]
        attested = bytes(16) + len(raw).to_bytes(2, "big") + raw + said.get("cose", cbor2.dumps(_cose(key)))
        flags = said.get("flags", self.flags) | AT
        data = self._data(options["rp"]["id"], flags, said) + attested + said.get("rest", b"")
        client_data = self._client_data("webauthn.create", options["challenge"], said)
        statement = said.get("statement", {})
        if said.get("fmt") == "packed" and not statement:
            statement = {"alg": self.algorithm, "sig": _sign(key, data + sha256(client_data).digest())}
        attestation = {"fmt": said.get("fmt", "none"), "attStmt": statement, "authData": data}
        response = {
            "clientDataJSON": base64url_encode(client_data),
            "attestationObject": base64url_encode(said.get("attestation", cbor2.dumps(attestation))),
            "transports": said.get("transports", ["internal", "hybrid"]),
        }
        return {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}

    def get(self, options: dict[str, Any], **said: Any) -> dict[str, Any]:
        """``navigator.credentials.get``, as JSON: with the passkey that was asked for, or the last that was made."""
        allowed = [one["id"] for one in options["allowCredentials"]] or list(self.keys)
        identifier = said.get("id") or [one for one in self.keys if one in allowed][-1]
        if self.count:
            self.count += 1
        data = self._data(options["rpId"], said.get("flags", self.flags), said) + said.get("rest", b"")
        client_data = self._client_data("webauthn.get", options["challenge"], said)
        signature = _sign(said.get("key") or self.keys[identifier], data + sha256(client_data).digest())
        response = {
            "clientDataJSON": base64url_encode(client_data),
            "authenticatorData": base64url_encode(data),
            "signature": base64url_encode(said.get("signature", signature)),
            "userHandle": said.get("handle", self.handles.get(identifier)),
        }
        return {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}

    def _data(self, rp_id: str, flags: int, said: dict[str, Any]) -> bytes:
        count: int = said.get("count", self.count)
        return sha256(said.get("rp_id", rp_id).encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, said: dict[str, Any]) -> bytes:
        given = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        whole: bytes = said.get("client_data") or json.dumps(given | said.get("client", {})).encode()
        return whole


def _new_key(algorithm: int) -> Any:
    if algorithm == -7:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def _cose(key: Any) -> dict[int, Any]:
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
    numbers: Any = public.public_numbers()
    if isinstance(public, rsa.RSAPublicKey):
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}
    return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}


def _sign(key: Any, data: bytes) -> bytes:
    signature: bytes
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(data, ec.ECDSA(SHA256()))
    elif isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(data, padding.PKCS1v15(), SHA256())
    else:
        signature = key.sign(data)
    return signature
