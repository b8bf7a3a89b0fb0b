"""Evidence from the web: who said it, at which address, and what becomes of a debate without it."""

from app.agents.debate.schemas import DebateOutput
from app.agents.debate.tasks import Draft
from app.agents.debate.web import read_findings
from app.errors import ModelFailed
from app.llm.web import WebAnswer, WebCitation
from tests.support.debating import ScriptedModels, Table

TEXT = (
    "Ferries stood still for nine days in May. ([Harbour news](https://news.example/a)) Nobody asked why. "
    "The pier was rebuilt in 1998 [Pier](https://pier.example/)."
)
FERRIES = "Ferries stood still for nine days in May."


def answer(text: str = TEXT) -> WebAnswer:
    cited = [("https://news.example/a", "Harbour news"), ("https://pier.example/", "")]
    return WebAnswer(
        text=text,
        citations=[
            WebCitation(url=url, title=title, start=text.index(url) - 2, end=text.index(url)) for url, title in cited
        ],
    )


async def hold(models: ScriptedModels, *, web_search: bool) -> DebateOutput:
    output = await Table(models, web_search=web_search, web=True, sources=[]).hold()
    assert isinstance(output, DebateOutput)
    return output


def test_finding_is_the_sentence_before_its_citation() -> None:
    first, second = read_findings(answer(), turn=2)
    assert (first.id, first.text, first.filename, first.url) == (
        "w2.1",
        FERRIES,
        "Harbour news",
        "https://news.example/a",
    )
    assert (second.text, second.filename) == ("The pier was rebuilt in 1998.", "pier.example")


def test_what_nobody_is_cited_for_is_no_finding() -> None:
    assert read_findings(WebAnswer(text=TEXT), turn=1) == []


async def test_finding_is_cited_with_its_address_and_carries_claims_but_verifies_no_quote() -> None:
    speech = Draft(text=f'Our evidence: "{FERRIES}" [E1]')
    models = ScriptedModels({"debate.web": lambda _: answer(), "debate.speak": lambda _: speech})
    debate = await hold(models, web_search=True)
    assert debate.speeches[0].text.endswith("[Harbour news, https://news.example/a]")
    claim = debate.speeches[0].claims[0]
    assert (claim.verdict, claim.evidence[0].url) == ("supported", "https://news.example/a")
    assert [quote.verified for quote in debate.speeches[0].quotes] == [False]


async def test_debate_goes_on_without_the_web_and_says_so() -> None:
    def fail(_: object) -> ModelFailed:
        return ModelFailed("The search is down.")

    debate = await hold(ScriptedModels({"debate.web": fail}), web_search=True)
    assert debate.notes[0] == "Turn 1: the web search failed. The search is down."
    assert len(debate.speeches) == 4
    models = ScriptedModels()
    (note,) = (await hold(models, web_search=False)).notes
    assert note == "The web was to be searched, but the model server is not set up to offer that."
    assert models.inputs("debate.web") == []
