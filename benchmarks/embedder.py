"""How fast the local embedder is, and how near to the reference: its published weights computed in plain NumPy.

`python -m benchmarks.embedder` embeds the 200 sentences of the tests and compares with their stored vectors, then times
sentences of about 120 characters.
"""

import argparse
import asyncio
import statistics
import time

import numpy as np

from app.llm.local_embedder import LocalEmbedder, open_local_embedder
from benchmarks.support import WEIGHTS, report, say
from tests.support.minilm import VECTORS, read_sentences

CHARACTERS = 120


def make_sentences(count: int) -> list[str]:
    """Return sentences of about 120 characters, no two the same."""
    words = " ".join(read_sentences()).split()
    made = []
    for number in range(count):
        text = f"{number}"
        at = number * 17
        while len(text) < CHARACTERS:
            text = f"{text} {words[at % len(words)]}"
            at += 1
        made.append(text)
    return made


async def measure_nearness(embedder: LocalEmbedder) -> list[float]:
    """Return the cosine of each of the 200 sentences with its stored reference."""
    vectors = await embedder.embed(read_sentences())
    expected = np.load(VECTORS).astype(np.float64)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    return [float(each) for each in (vectors * expected).sum(axis=1)]


async def measure_speed(embedder: LocalEmbedder, *, count: int, rounds: int) -> float:
    """Return sentences a second, the median of some rounds."""
    sentences = make_sentences(count)
    await embedder.embed(sentences[:32])
    speeds = []
    for number in range(rounds):
        begun = time.perf_counter()
        await embedder.embed(sentences)
        speeds.append(count / (time.perf_counter() - begun))
        say(f"round {number + 1}: {speeds[-1]:.0f} sentences a second")
    return statistics.median(speeds)


async def measure(count: int, rounds: int) -> None:
    """Measure both and print them."""
    embedder = open_local_embedder(WEIGHTS.expanduser() / "cache")
    try:
        cosines = await measure_nearness(embedder)
        speed = await measure_speed(embedder, count=count, rounds=rounds)
    finally:
        embedder.close()
    figures = {
        "sentences": len(cosines),
        "least_cosine": round(min(cosines), 6),
        "mean_cosine": round(statistics.mean(cosines), 6),
        "sentences_a_second": round(speed, 1),
    }
    report(figures.items(), figures)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.embedder", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(measure(given.count, given.rounds))


if __name__ == "__main__":
    main()
