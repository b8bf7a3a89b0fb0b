"""The console in Chromium: how soon the first page is usable, and how smooth a pyramid of many insights scrolls.

    python -m benchmarks.console --insights 10000

Starts the service on an empty folder, reads a made-up report of so many sentences, and looks at it as a browser does.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright

from symposium import Client
from tests.support.up import Up, free_port

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCROLLED_MS = 3000
LOADS = 5
SENTENCES_A_PAGE = 40
FRAMES = """
async (duration) => {
  const level = document.querySelector(".level.insights");
  const gaps = [];
  const start = performance.now();
  let last = start;
  while (last - start < duration) {
    level.scrollTop = (level.scrollHeight - level.clientHeight) * (last - start) / duration;
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  return gaps;
}
"""


def report(insights: int) -> str:
    """Return a report of so many different sentences with a figure each."""
    lines = []
    for number in range(insights):
        if number % SENTENCES_A_PAGE == 0:
            lines.append(f"# Part {number // SENTENCES_A_PAGE + 1}")
        lines.append(f"Plant {number} of Tarn Foods made {1000 + number} valves in 2024.")
    return "\n\n".join(lines)


def measure_first_page(page: Page, url: str) -> float:
    """Return the median milliseconds from the request to a box one can type in."""
    taken = []
    for _ in range(LOADS):
        page.goto("about:blank")
        page.goto(url, wait_until="commit")
        page.get_by_label("Question or topic").wait_for()
        taken.append(float(page.evaluate("performance.now()")))
    return median(taken)


def measure_pyramid(page: Page, url: str, document_id: str, insights: int) -> dict[str, Any]:
    """Open the drawn pyramid, scroll through its insights, choose one; times in milliseconds."""
    asked = time.perf_counter()
    page.goto(f"{url}/#/documents/{document_id}")
    page.locator(".level.insights .entry").nth(insights - 1).wait_for(state="attached", timeout=120_000)
    drawn = 1000 * (time.perf_counter() - asked)
    gaps = sorted(page.evaluate(FRAMES, SCROLLED_MS))
    chosen = page.evaluate(
        "async () => { const start = performance.now(); document.querySelector('.level.insights .entry').click();"
        " await new Promise(requestAnimationFrame); return performance.now() - start; }"
    )
    return {
        "insights": page.locator(".level.insights .entry").count(),
        "drawn_ms": round(drawn),
        "frames_per_second": round(1000 * len(gaps) / sum(gaps), 1),
        "frame_p95_ms": round(gaps[int(0.95 * len(gaps))], 1),
        "frame_max_ms": round(gaps[-1], 1),
        "choose_ms": round(chosen, 1),
    }


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--insights", type=int, default=10_000)
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("There is no Chromium on the PATH.")
    with tempfile.TemporaryDirectory(prefix="symposium-console-") as folder, sync_playwright() as playwright:
        up = Up(Path(folder), port := free_port())
        up.wait_for("Symposium is ready.")
        url = f"http://127.0.0.1:{port}"
        print("reading …", file=sys.stderr)
        with Client(url) as client:
            sent = client.add_text(report(asked.insights), "many.md")
            client.wait(sent["run"]["id"])
        page = playwright.chromium.launch(executable_path=chromium, args=FLAGS).new_page()
        figures = {"first_page_ms": round(measure_first_page(page, url))}
        figures |= measure_pyramid(page, url, sent["document"]["id"], int(0.9 * asked.insights))
        up.process.terminate()
        up.end()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
