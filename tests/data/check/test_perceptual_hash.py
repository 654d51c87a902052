"""The perceptual hash: its mirror rule, its search, and what it takes for the same image."""

import numpy as np

from catdog_lib.data.check import perceptual_hash as likeness
from catdog_lib.sketches import draw_image


def test_the_fingerprint_of_a_mirrored_image_follows_from_its_own():
    thumbs = np.stack([likeness.thumbnail(draw_image(i, i % 2, 64)) for i in range(40)])
    prints = likeness.perceptual_hashes(thumbs)
    ours, real = likeness.mirrored(prints), likeness.perceptual_hashes(thumbs[:, :, ::-1])
    assert np.array_equal(ours, real)
    apart = np.bitwise_count(prints[:, None] ^ prints[None])[np.triu_indices(40, 1)]
    assert 25 < apart.mean() < 35  # as coins fall


def test_the_pair_search_in_blocks_finds_what_a_plain_loop_finds():
    rng = np.random.default_rng(0)
    prints = rng.integers(0, 2**63, 600, dtype=np.uint64)
    prints[[5, 300, 599]] = prints[100] ^ np.array([1, 0xFFF, 0], np.uint64)
    plain = [
        (i, j, bits)
        for i in range(600)
        for j in range(i + 1, 600)
        if (bits := (int(prints[i]) ^ int(prints[j])).bit_count()) <= likeness.MAX_BITS
    ]
    assert sorted(likeness._close(prints, prints)) == sorted(plain) and len(plain) >= 6


def test_the_same_fingerprint_alone_does_not_make_two_images_the_same():
    """Two images of the same 64 signs: in each, another wave is strong and all others are
    faint.
    """
    signs = np.random.default_rng(0).choice([-1, 1], (likeness.THUMB, likeness.THUMB))
    place = (np.arange(likeness.THUMB) + 0.5) / likeness.THUMB
    waves = np.cos(np.pi * np.arange(likeness.THUMB)[:, None] * place)
    thumbs = []
    for strong in ((0, 2), (3, 0)):
        strength = 0.7 * signs
        strength[strong] *= 60
        thumbs.append((128 + waves.T @ strength @ waves).round().clip(0, 255).astype(np.uint8))
    thumbs = np.stack(thumbs)
    first, second = likeness.perceptual_hashes(thumbs)
    assert int(first ^ second).bit_count() <= likeness.MAX_BITS
    assert likeness.similar_pairs(thumbs) == []
    again = np.stack([thumbs[0], thumbs[0] // 2 + 40])
    assert likeness.similar_pairs(again) == [likeness.Pair(0, 1, 0, False)]
