"""Text augmentation: shares that are met, padding that stays at the end."""

from __future__ import annotations

import pytest
import torch

from trainables.neural.augmentation.texts import TextAugmenter

NOTHING = {"substitute": 0.0, "delete": 0.0, "insert": 0.0, "swap": 0.0}
WORDS = 1000


def augmenter(counts=None, **options):
    counts = torch.ones(WORDS) if counts is None else counts
    return TextAugmenter(**{**NOTHING, **options}, counts=counts)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def texts(rows=400, length=40, shortest=5, longest=20):
    """Texts of different lengths, no word twice in a text."""
    generator = seeded(5)
    lengths = torch.randint(shortest, longest + 1, (rows, 1), generator=generator)
    words = torch.stack([torch.randperm(WORDS - 2, generator=generator)[:length] + 2 for _ in range(rows)])
    return words.masked_fill(torch.arange(length) >= lengths, 0)


def lengths(tokens):
    return (tokens != 0).sum(1)


def assert_padded_at_the_end(tokens):
    there = tokens != 0
    assert not (there[:, 1:] & ~there[:, :-1]).any()


def test_nothing_switched_on_changes_nothing():
    assert torch.equal(augmenter()(texts(), seeded()), texts())


@pytest.mark.parametrize("option", list(NOTHING))
def test_each_option_changes_texts_repeats_and_leaves_the_batch_alone(option):
    tokens = texts()
    change = augmenter(**{option: 0.3})
    first, again, other = (change(tokens, seeded(seed)) for seed in (1, 1, 2))
    assert first.shape == tokens.shape
    assert first.dtype == torch.int64
    assert_padded_at_the_end(first)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, tokens)
    assert torch.equal(tokens, texts())


@pytest.mark.parametrize("option", list(NOTHING))
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_texts_of_padding_and_of_one_word(option, share):
    tokens = torch.zeros(3, 6, dtype=torch.int64)
    tokens[1, 0] = 7
    changed = augmenter(**{option: share})(tokens, seeded())
    assert (changed[0] == 0).all()
    assert (changed[2] == 0).all()
    assert lengths(changed)[1] == (2 if option == "insert" and share == 1.0 else lengths(changed)[1])
    assert lengths(changed)[1] >= 1
    if option in ("delete", "swap"):
        assert torch.equal(changed, tokens)


def test_delete_leaves_out_its_share_and_keeps_the_order():
    tokens = texts(rows=2000)
    changed = augmenter(delete=0.2)(tokens, seeded())
    left_out = 1 - lengths(changed).sum() / lengths(tokens).sum()
    assert left_out == pytest.approx(0.2, abs=0.01)
    for before, after in zip(tokens[:50].tolist(), changed[:50].tolist(), strict=True):
        words = [w for w in after if w]
        assert words == [w for w in before if w in set(words)]


def test_delete_of_everything_keeps_one_word():
    assert (lengths(augmenter(delete=1.0)(texts(), seeded())) == 1).all()


def test_substitute_replaces_its_share_in_place():
    tokens = texts(rows=2000)
    changed = augmenter(substitute=0.3)(tokens, seeded())
    there = tokens != 0
    assert torch.equal(changed != 0, there)
    assert (changed != tokens)[there].float().mean() == pytest.approx(0.3, abs=0.01)
    assert changed[there].min() >= 2


def test_insert_adds_its_share_and_keeps_the_words_in_order():
    tokens = texts(rows=2000)
    changed = augmenter(insert=0.25)(tokens, seeded())
    assert lengths(changed).sum() / lengths(tokens).sum() == pytest.approx(1.25, abs=0.01)
    for before, after in zip(tokens[:50].tolist(), changed[:50].tolist(), strict=True):
        rest = iter(after)
        assert all(word in rest for word in before if word)  # a subsequence


def test_insert_into_a_full_text_drops_its_end():
    tokens = torch.arange(2, 12).expand(50, 10).contiguous()
    changed = augmenter(insert=1.0)(tokens, seeded())
    assert (changed[:, ::2] == torch.arange(2, 7)).all()
    assert (lengths(changed) == 10).all()


def test_swap_moves_its_share_of_the_words_by_one_place():
    tokens = texts(rows=2000, shortest=20)
    changed = augmenter(swap=0.4)(tokens, seeded())
    assert torch.equal(changed.sort(1).values, tokens.sort(1).values)
    there = tokens != 0
    moved = (changed != tokens) & there
    assert moved.float().sum() / there.sum() == pytest.approx(
        0.4 * 19 / 20, abs=0.02
    )  # an end may lack a neighbour
    for before, after in zip(tokens[:50].tolist(), changed[:50].tolist(), strict=True):
        assert all(abs(before.index(word) - place) <= 1 for place, word in enumerate(after) if word)


def test_new_words_come_by_their_frequency_and_never_are_padding_or_unknown():
    counts = torch.zeros(10)
    counts[0], counts[1], counts[4], counts[7] = 1e6, 1e6, 1, 3
    changed = augmenter(counts, substitute=1.0)(texts(), seeded())
    found = changed[texts() != 0].bincount(minlength=10)
    assert found.nonzero().flatten().tolist() == [4, 7]
    assert found[7] / found.sum() == pytest.approx(0.75, abs=0.03)


def test_without_known_words_none_are_put_in():
    tokens = torch.ones(4, 5, dtype=torch.int64)
    changed = augmenter(torch.tensor([3, 9]), substitute=1.0, insert=1.0)(tokens, seeded())
    assert torch.equal(changed, tokens)
