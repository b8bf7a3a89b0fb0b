"""A debate in the terminal: speeches as they are spoken, claims marked by their verdict, the panel's scores."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from symposium import Body, Event

NAMES = {"pro": "Pro", "con": "Con", "tie": "Nobody"}
COLOURS = {"pro": "blue", "con": "dark_orange3", "tie": "default"}
CRITERIA = ("argument", "evidence", "rebuttal", "clarity")
VERDICTS = {
    "supported": ("✓", "green"),
    "partly": ("◐", "yellow"),
    "refuted": ("✗", "red"),
    "not_enough_evidence": ("?", "bright_black"),
    "not_checked": ("–", "bright_black"),
}


class DebateView:
    """Shows a debate event by event: the speech at hand in place while it grows, then for good."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._live = Live(console=console, transient=True, refresh_per_second=8, vertical_overflow="visible")
        self._moving = console.is_terminal and not quiet
        self._floor: Body = {}
        self._spoken = ""
        self._shows: dict[str, Callable[[Body], None]] = {
            "debate.topic_chosen": self._show_topic,
            "debate.floor_given": self._show_floor,
            "delta": self._hear,
            "debate.speech_rejected": self._show_speech,
            "debate.speech_finished": self._show_speech,
            "debate.side_disqualified": self._show_disqualified,
            "debate.judged": self._show_verdict,
        }

    def __enter__(self) -> Self:
        if self._moving:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        """Show one event of the run; those a reader does not need are passed over."""
        if not self._quiet and event.type in self._shows:
            self._shows[event.type](event.data)

    def ask(self, question: Body) -> None:
        """Show what the person is asked: the stage, the evidence to cite, what was refuted in the last draft."""
        self._live.stop()
        self._print(speaker_line(question["side"], question["stage"], "you have the floor"))
        self._print(f"{question['asks']} At most {question['word_cap']} words.")
        if question["feedback"]:
            self._print(f"[red]Sent back.[/] {escape(question['feedback']['reason'])}")
        for item in question["evidence"]:
            self._print(Text(f"[{item['id']}] {item['text']} ({place(item)})", style="bright_black"))
        self._print("[bold]Speak; a line with only a dot ends your speech, an empty speech gives the turn up.[/]")
        if "seconds" in question:
            self._print(f"You have {question['seconds']} seconds.")

    def tell(self, sentence: str) -> None:
        """Show a sentence of our own."""
        if not self._quiet:
            self._print(Text(sentence, style="yellow"))

    def _print(self, shown: RenderableType) -> None:
        self._console.print(shown)

    def _move(self, shown: RenderableType) -> None:
        if not self._moving:
            return
        if not self._live.is_started:
            self._live.start()
        self._live.update(shown)

    def _show_topic(self, data: Body) -> None:
        self._console.rule(Text(data["topic"], style="bold"))

    def _show_floor(self, data: Body) -> None:
        self._floor, self._spoken = data, ""
        self._move(speaker_line(data["speaker"], data["stage"], "is preparing"))

    def _hear(self, data: Body) -> None:
        self._spoken += data["text"]
        head = speaker_line(self._floor["speaker"], self._floor["stage"], "is speaking")
        self._move(Group(head, Text(self._spoken)))

    def _show_speech(self, data: Body) -> None:
        speech, self._spoken = data["speech"], ""
        self._move("")
        self._print(render_speech(speech))
        if speech["status"] in ("rejected", "disputed"):
            strikes = data["strikes"][speech["speaker"]]
            self._print(f"[red]{speech['status'].capitalize()}, strikes: {strikes}.[/] {escape(speech['reason'])}\n")

    def _show_disqualified(self, data: Body) -> None:
        self._print(f"[red bold]{NAMES[data['side']]} is disqualified.[/]\n")

    def _show_verdict(self, data: Body) -> None:
        self._move("")
        self._print(render_verdict(data["verdict"]))


def speaker_line(side: str, stage: str, status: str) -> Text:
    """Return the line over a speech."""
    return Text.assemble((NAMES[side], f"bold {COLOURS[side]}"), f" · {stage}", (f" · {status}", "bright_black"))


def render_speech(speech: Body) -> RenderableType:
    """Return a speech, its claims underlined in the colour of their verdict and listed with evidence below."""
    text = Text(speech["text"], style="strike" if speech["status"] == "rejected" else "")
    for claim in speech["claims"]:
        text.stylize(f"underline {VERDICTS[claim['verdict']][1]}", *claim["span"])
    head = speaker_line(speech["speaker"], speech["stage"], f"draft {speech['draft']}, {speech['status']}")
    findings = [render_claim(claim) for claim in speech["claims"]]
    quotes = [Text(f"“ not found: {q['text']}", style="yellow") for q in speech["quotes"] if not q["verified"]]
    return Group(head, text, *findings, *quotes, Text())


def render_claim(claim: Body) -> Text:
    """Return a claim's verdict with the place of its evidence."""
    mark, colour = VERDICTS[claim["verdict"]]
    where = ", ".join(dict.fromkeys(place(item) for item in claim["evidence"]))
    shown = where if claim["verdict"] == "supported" else f"{claim['text']} {claim['reason']}"
    return Text.assemble((f"  {mark} {claim['verdict'].replace('_', ' ')} ", colour), (shown, "bright_black"))


def render_verdict(verdict: Body) -> RenderableType:
    """Return the winner, the reason and the panel's scores."""
    table = Table("", "Pro", "Con")
    for criterion in (name for name in CRITERIA if name in verdict["scores"]):
        table.add_row(criterion, *(f"{verdict['scores'][criterion][side]:.1f}" for side in ("pro", "con")))
    head = Text(f"{NAMES[verdict['winner']]} wins.", style=f"bold {COLOURS[verdict['winner']]}")
    shares = [
        f"{name.replace('_', ' ')} {verdict[name]:.0%}"
        for name in ("agreement", "swap_consistency")
        if verdict[name] is not None
    ]
    return Group(head, Text(verdict["reason"]), table, Text(", ".join(shares), style="bright_black"))


def place(item: Body) -> str:
    """Return where evidence stands."""
    return f"{item['filename']}, pg. {item['pages'][0]}" if item["pages"] else str(item["filename"])
