"""Small damage to known inputs, the same each time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def mutations(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` inputs: seeds with bits flipped, pieces cut out, doubled, swapped or taken from another seed."""
    dice = random.Random(seed)
    for _ in range(count):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data) + 1)
            length = dice.randint(1, 16)
            match dice.randrange(5):
                case 0 if data:
                    data[at % len(data)] ^= 1 << dice.randrange(8)
                case 1:
                    del data[at : at + length]
                case 2:
                    data[at:at] = data[at : at + length]
                case 3:
                    data[at:at] = dice.randbytes(length)
                case _:
                    other = dice.choice(seeds)
                    data[at:] = other[dice.randrange(len(other) + 1) :]
        yield bytes(data)
