"""The primitives are those that FORMAT.md §1 names."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st

from tenants.crypto.kdf import expand

KEK_256 = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
RFC_3394 = {
    "4.3": (
        "00112233445566778899aabbccddeeff",
        "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
    ),
    "4.5": (
        "00112233445566778899aabbccddeeff0001020304050607",
        "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1",
    ),
    "4.6": (
        "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
    ),
}


def independent_expand(key: bytes, info: bytes, length: int) -> bytes:
    block = out = b""
    for counter in range(1, -(-length // 48) + 1):
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha384).digest()
        out += block
    return out[:length]


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200), st.integers(1, 200))
def test_expand_equals_an_independent_hkdf(key: bytes, info: bytes, length: int) -> None:
    assert expand(key, info, length) == independent_expand(key, info, length)


@pytest.mark.parametrize("section", RFC_3394)
def test_key_wrap_is_rfc_3394(section: str) -> None:
    key, wrapped = map(bytes.fromhex, RFC_3394[section])

    assert aes_key_wrap(KEK_256, key) == wrapped
    assert aes_key_unwrap(KEK_256, wrapped) == key
