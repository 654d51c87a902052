"""The perceptual hash: its mirror rule, its search, and what it takes for the same image."""

import tracemalloc

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catdog_lib.data.check import perceptual_hash
from catdog_lib.sketches import draw_image


def test_the_hash_of_a_mirrored_image_follows_from_its_own():
    thumbs = np.stack([perceptual_hash.thumbnail(draw_image(i, i % 2, 64)) for i in range(40)])
    hashes = perceptual_hash.perceptual_hashes(thumbs)
    ours, real = (
        perceptual_hash.mirror_hashes(hashes),
        perceptual_hash.perceptual_hashes(thumbs[:, :, ::-1]),
    )
    assert np.array_equal(ours, real)
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None])[np.triu_indices(40, 1)]
    assert 25 < apart.mean() < 35  # as coins fall


def test_the_pair_search_in_blocks_finds_what_a_plain_loop_finds():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, 600, dtype=np.uint64)
    hashes[[5, 300, 599]] = hashes[100] ^ np.array([1, 0xFFF, 0], np.uint64)
    plain = [
        (i, j, bits)
        for i in range(600)
        for j in range(i + 1, 600)
        if (bits := (int(hashes[i]) ^ int(hashes[j])).bit_count()) <= perceptual_hash.MAX_BITS
    ]
    alike = np.full((600, 4), 0.5, np.float32)  # as far as their correlation goes
    found = perceptual_hash._close(hashes, hashes, alike, alike).T.tolist()
    assert sorted(map(tuple, found)) == sorted(plain) and len(plain) >= 6


def test_thousands_of_frames_of_one_scene_are_connected_in_bounded_memory(monkeypatch):
    """Of n like images there are n(n - 1)/2 pairs; n - 1 connect them."""
    monkeypatch.setattr(perceptual_hash, "_PAIRS", 1000)
    rng = np.random.default_rng(0)
    frames = [perceptual_hash.thumbnail(draw_image(i, 0, 64)) for i in range(2)]
    thumbs = np.stack([frames[i % 2] for i in range(1200)])
    thumbs = (thumbs + rng.integers(-1, 2, thumbs.shape)).clip(0, 255).astype(np.uint8)
    tracemalloc.start()
    pairs = perceptual_hash.similar_pairs(thumbs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    groups = connected_components(
        coo_array(
            (np.ones(len(pairs)), ([p.first for p in pairs], [p.second for p in pairs])),
            (1200, 1200),
        )
    )
    assert groups[0] == 2 and len(set(groups[1][::2])) == 1 == len(set(groups[1][1::2]))
    assert len(pairs) < 8 * 1200 and peak < 60e6


def test_the_same_hash_alone_does_not_make_two_images_the_same():
    """Compare two images of the same 64 signs.

    In each, another wave is strong and all others are faint.
    """
    signs = np.random.default_rng(0).choice([-1, 1], (perceptual_hash.THUMB, perceptual_hash.THUMB))
    place = (np.arange(perceptual_hash.THUMB) + 0.5) / perceptual_hash.THUMB
    waves = np.cos(np.pi * np.arange(perceptual_hash.THUMB)[:, None] * place)
    thumbs = []
    for strong in ((0, 2), (3, 0)):
        strength = 0.7 * signs
        strength[strong] *= 60
        thumbs.append((128 + waves.T @ strength @ waves).round().clip(0, 255).astype(np.uint8))
    thumbs = np.stack(thumbs)
    first, second = perceptual_hash.perceptual_hashes(thumbs)
    assert int(first ^ second).bit_count() <= perceptual_hash.MAX_BITS
    assert perceptual_hash.similar_pairs(thumbs) == []
    again = np.stack([thumbs[0], thumbs[0] // 2 + 40])
    assert perceptual_hash.similar_pairs(again) == [perceptual_hash.SimilarPair(0, 1, 0, False)]


def test_images_of_nothing_have_no_pairs():
    flat = np.full((3, 16, 16), 7, np.uint8)
    assert perceptual_hash.similar_pairs(flat) == []
