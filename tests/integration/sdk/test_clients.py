"""Both clients against a real API process and worker: documents, questions, debates, checks, errors."""

from pathlib import Path

import pytest

from symposium import AsyncClient, Client, ServiceError

MINUTES = (
    "# Minutes\n\nThe board met on 3 May 2024. Revenue of Tarn Foods was $4.5 million in the second quarter of 2024."
)
QUESTION = "What was the revenue of Tarn Foods in the second quarter of 2024?"


def test_a_text_is_read_asked_searched_and_removed(server: str) -> None:
    with Client(server) as client:
        client.create_collection("tarn")
        sent = client.add_text(MINUTES, "minutes.md", "tarn")
        assert client.wait(sent["run"]["id"])["output"]["pages"] == 1
        answered = client.wait(client.research(QUESTION, collections=["tarn"])["id"])["output"]
        assert "$4.5 million" in answered["answer"]
        assert client.search("revenue", collection="tarn", limit=3)
        assert [row["filename"] for row in client.list_all("/v1/documents", collection="tarn")] == ["minutes.md"]
        client.delete_document(sent["document"]["id"])
        with pytest.raises(ServiceError, match="There is no"):
            client.get_document(sent["document"]["id"])


async def test_the_asyncio_client_sends_a_file_debates_and_checks(server: str, tmp_path: Path) -> None:
    (tmp_path / "minutes.md").write_text(MINUTES)
    async with AsyncClient(server) as client:
        await client.create_collection("debated")
        sent = await client.upload(tmp_path / "minutes.md", "debated")
        await client.wait(sent["run"]["id"])
        run = await client.debate("Tarn Foods is small", collection="debated", judges=1)
        types = [event.type async for event in client.follow(run["id"])]
        assert types[0] == "run.started"
        assert types[-1] == "run.succeeded"
        checked = await client.check("Revenue of Tarn Foods was $4.5 million.", collection="debated")
        assert checked["claims"][0]["verdict"] == "supported"


def test_a_failed_run_is_told_in_its_own_words(server: str) -> None:
    with Client(server) as client:
        run = client.debate("Anything", human="pro", judges=1)
        client.cancel_run(run["id"])
        with pytest.raises(ServiceError, match="cancelled"):
            client.wait(run["id"])


def test_a_service_that_is_away_is_told_in_one_sentence() -> None:
    with (
        Client("http://127.0.0.1:9") as client,
        pytest.raises(ServiceError, match=r"No answer from http://127\.0\.0\.1:9"),
    ):
        client.get_run("1")
