"""The token of a private call: published signatures, another library's word for it, and keys of another kind."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from tests.support.venue_keys import PUBLISHED_NUMBER, pem

from contracts.errors import BadSettingError
from exchanges.coinbase.signing import TOKEN_SECONDS, json_web_token, private_key, signature

#: Coinbase asks for a nonce in the header, which RFC 7515 does not know.
LENIENT = JWSRegistry(algorithms=["ES256"], strict_check_header=False)
SPKI = PublicFormat.SubjectPublicKeyInfo
SECRET = pem(PUBLISHED_NUMBER)
NAME = "organizations/o/apiKeys/k"
UNTIL_S = 1_790_000_060
URI = "GET api.coinbase.com/api/v3/brokerage/accounts"
#: RFC 6979, appendix A.2.5: P-256 with SHA-256.
PUBLISHED = {
    "sample": "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"  # pragma: allowlist secret
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",  # pragma: allowlist secret
    "test": "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"  # pragma: allowlist secret
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",  # pragma: allowlist secret
}


@pytest.mark.parametrize("content", sorted(PUBLISHED))
def test_the_published_examples_are_signed_as_published(content: str) -> None:
    assert signature(content.encode(), SECRET).hex().upper() == PUBLISHED[content]


def test_another_library_reads_the_token_and_finds_its_signature_good() -> None:
    token = json_web_token(NAME, UNTIL_S, "a-nonce", URI, SECRET)
    public = ECKey.import_key(SECRET)
    found = jwt.decode(token, public, registry=LENIENT)
    assert found.header == {"alg": "ES256", "kid": NAME, "nonce": "a-nonce", "typ": "JWT"}
    assert found.claims == {
        "sub": NAME,
        "iss": "cdp",
        "nbf": UNTIL_S - TOKEN_SECONDS,
        "exp": UNTIL_S,
        "uri": URI,
    }
    other = ECKey.import_key(pem(PUBLISHED_NUMBER + 1))
    with pytest.raises(BadSignatureError):
        jwt.decode(token, other, registry=LENIENT)


def test_a_token_for_a_websocket_is_for_no_address() -> None:
    claims = json_web_token(NAME, UNTIL_S, "a-nonce", None, SECRET).split(".")[1]
    assert "uri" not in json.loads(urlsafe_b64decode(claims + "=="))


@pytest.mark.parametrize("changed", range(3))
def test_nothing_of_a_token_can_be_changed(changed: int) -> None:
    parts = json_web_token(NAME, UNTIL_S, "a-nonce", URI, SECRET).split(".")
    text, at = parts[changed], len(parts[changed]) // 2
    parts[changed] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    with pytest.raises(JoseError):
        jwt.decode(".".join(parts), ECKey.import_key(SECRET), registry=LENIENT)


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
@pytest.mark.parametrize("line_end", ["\n", "\\n", "\r\n"])
def test_a_key_is_taken_as_coinbase_gives_it(form: PrivateFormat, line_end: str) -> None:
    """In lines, or in one as in the JSON file."""
    found = private_key(pem(PUBLISHED_NUMBER, form).replace("\n", line_end))
    assert found.private_numbers().private_value == PUBLISHED_NUMBER


def of_another_kind() -> dict[str, str]:
    about = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "base64": "bm8ga2V5",
        "empty": "",
        "no key in it": SECRET.replace("M", "N"),
        "Ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(*about).decode(),
        "P-384": ec.derive_private_key(PUBLISHED_NUMBER, ec.SECP384R1()).private_bytes(*about).decode(),
        "public": private_key(SECRET).public_key().public_bytes(Encoding.PEM, SPKI).decode(),
    }


@pytest.mark.parametrize("kind", sorted(of_another_kind()))
def test_another_kind_of_key_is_refused_and_not_shown(kind: str) -> None:
    secret = of_another_kind()[kind]
    with pytest.raises(BadSettingError, match="API secret: expected an EC private key of P-256") as caught:
        json_web_token(NAME, UNTIL_S, "a-nonce", URI, secret)
    came = {"Ed25519": "another kind of key (Ed25519PrivateKey)", "P-384": "an EC key of secp384r1"}
    assert came.get(kind, "no private key") in str(caught.value)
    assert caught.value.__cause__ is None
    assert not any(line in str(caught.value) for line in secret.splitlines() if line)
