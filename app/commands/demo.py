"""`symposium demo`: the samples read, asked and debated before one's eyes."""

from pathlib import Path

import typer
from rich.panel import Panel
from rich.text import Text

from app.commands.ask import print_answer, tell_engine
from app.commands.debate import hold
from app.commands.debate_view import DebateView
from app.commands.ingest import ingest_file, outcome_table
from app.commands.terminal import DEFAULT_SERVER, Key, Server, follow, guarded, out, problem_sentence, progress_bar
from symposium import Body, Client, ServiceError

SAMPLES = Path(__file__).parents[1] / "samples"
COLLECTION = "demo"
QUESTIONS = (
    "What were Halden's total net sales in the third quarter of 2025?",
    "How did Halden's operating income change between the third quarters of 2024 and 2025?",
    "Who is Zyler Vance?",
)
TOPIC = "Halden Instruments depends too much on one supplier"


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(demo))


def demo(server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Read the samples into a collection of their own, ask three questions, show contradictions, hold a debate."""
    with Client(server, key=key) as client:
        read_samples(client)
        for question in QUESTIONS:
            headline(f"Asked: {question}")
            print_answer(output := ask(client, question))
        tell_engine(output)
        headline("What the documents say differently")
        show_discrepancies(client)
        headline(f"A debate: {TOPIC}")
        hold(client, {"topic": TOPIC, "collection": COLLECTION, "judges": 3}, DebateView(out))
    out.print(f"The same in a browser: {server}")


def headline(text: str) -> None:
    out.print(Panel(Text(text), expand=False, border_style="blue"))


def read_samples(client: Client) -> None:
    """Read every sample into the collection, which is made if need be."""
    headline("Reading the samples")
    try:
        client.create_collection(COLLECTION, "Documents of a made-up company, for a first look.")
    except ServiceError as error:
        if error.problem.get("code") != "conflict":
            raise
    with progress_bar(quiet=False) as bar:
        outcomes = [one for file in sorted(SAMPLES.iterdir()) for one in ingest_file(client, file, COLLECTION, bar)]
    out.print(outcome_table(outcomes))


def ask(client: Client, question: str) -> Body:
    """Ask and return the answer. Raises ServiceError when the run fails."""
    with progress_bar(quiet=False) as bar:
        run = follow(client, client.research(question, collections=[COLLECTION])["id"], bar, "research")
    if run["status"] != "succeeded":
        raise ServiceError(problem_sentence(run))
    output: Body = run["output"]
    return output


def show_discrepancies(client: Client) -> None:
    found = list(client.list_all("/v1/discrepancies", collection=COLLECTION))
    for each in found:
        out.print(Text(f"• {told(each)}"))
    if not found:
        out.print("Nothing: the documents agree wherever they speak of the same thing.")


def told(discrepancy: Body) -> str:
    """Return both sides of a discrepancy."""
    sides = (discrepancy["entry"], discrepancy["other"])
    return "\n  but ".join(f"{side['text']} ({side['filename']}, pg. {side['pages'][0]})" for side in sides)
