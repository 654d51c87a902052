"""The nearest images, held to a loop."""

import pytest
import torch
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.trust import nearest
from catdog_lib.trust.neighbours import _CHUNK


def test_the_nearest_are_those_with_the_largest_cosine():
    generator = torch.Generator().manual_seed(0)
    queries = torch.randn(_CHUNK + 3, 6, generator=generator)  # the last chunk is smaller
    others = torch.randn(40, 6, generator=generator)
    found = nearest(queries, others, 4)
    assert found.position.shape == found.similarity.shape == (_CHUNK + 3, 4)
    for i in (0, 7, _CHUNK, _CHUNK + 2):
        cosines = F.cosine_similarity(queries[i : i + 1], others)
        assert found.position[i].tolist() == cosines.argsort(descending=True)[:4].tolist()
        assert torch.allclose(found.similarity[i], cosines.sort(descending=True).values[:4])


def test_the_length_of_the_features_does_not_count():
    generator = torch.Generator().manual_seed(1)
    queries, others = torch.rand(2, 5, 8, generator=generator)
    scale = torch.tensor([0.1, 1, 10, 3, 50])[:, None]
    assert torch.equal(nearest(queries, others).position, nearest(queries, scale * others).position)


@pytest.mark.parametrize(
    ("features", "others", "count", "says"),
    [
        (torch.rand(2, 3), torch.rand(4, 5), 1, "give N×D and M×D"),
        (torch.rand(3), torch.rand(4, 3), 1, "give N×D and M×D"),
        (torch.rand(2, 3), torch.rand(4, 3), 5, "there are 4 images"),
        (torch.rand(2, 3), torch.rand(4, 3), 0, "there are 4 images"),
    ],
)
def test_what_has_no_neighbours_is_one_sentence(features, others, count, says):
    with pytest.raises(CatdogError, match=says):
        nearest(features, others, count)
