"""Built-in texts."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import numpy as np

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.fetching import fetched
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Places
from trainables.errors import DataError

__all__ = ["movie_sentences"]

INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SCORES = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
RATINGS = "hutto_ICWSM_2014/movieReviewSnippets_anonDataRatings.txt"


def movie_sentences(section: Section) -> Records:
    """Pang and Lee 2004, rated by Hutto and Gilbert 2014: 10,605 sentences of film reviews.

    A sentence is positive where the mean of its raters' scores, from -4 to 4, is above 0. Beside it: `score`,
    that mean, and `rating_1` and on, the single scores, whose order tells nothing about who gave them.
    """
    import pandas as pd

    scored, rated = _files()
    texts, scores, marks = [], [], []
    for line in scored:
        mark, score, text = line.split("\t", 2)
        texts.append(text.strip())
        scores.append(float(score))
        marks.append(int(mark))
    ratings = {int(line.split("\t", 1)[0]): line.rstrip("]").rpartition("[")[2].split(",") for line in rated}
    count = max(map(len, ratings.values()))
    extra: dict[str, Any] = {"score": np.array(scores)}
    for rater in range(count):
        given = (ratings.get(mark, []) for mark in marks)
        extra[f"rating_{rater + 1}"] = np.array(
            [float(g[rater]) if rater < len(g) else np.nan for g in given]
        )
    targets = np.array(["positive" if score > 0 else "negative" for score in scores], dtype=object)
    frame = pd.DataFrame(extra)
    return Records(
        "movie_sentences",
        "text",
        Places("sentence", tuple(marks)),
        fingerprint_of(texts, targets, frame),
        texts=tuple(texts),
        targets=targets,
        extra=frame,
    )


def _files() -> tuple[list[str], list[str]]:
    """The lines of both files, out of an archive in an archive; nothing is written or run."""
    path = fetched("movie_sentences")
    try:
        with tarfile.open(path) as outer:
            inner = io.BytesIO(_member(outer, INNER))
        with tarfile.open(fileobj=inner) as archive:
            scored, rated = (_member(archive, name).decode("utf-8", "replace") for name in (SCORES, RATINGS))
    except (OSError, tarfile.TarError, KeyError) as error:
        raise DataError(f"{path}: cannot be read: {error}; delete it, it will be fetched again") from error
    return scored.splitlines(), rated.splitlines()


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    if stream is None:
        raise KeyError(f"{name} is no file")
    return stream.read()
