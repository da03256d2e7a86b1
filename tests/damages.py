"""What may happen to a file."""


def flipped(content: bytes, bit: int) -> bytes:
    """The content with one bit the other way round."""
    whole = bytearray(content)
    whole[bit // 8] ^= 1 << bit % 8
    return bytes(whole)
