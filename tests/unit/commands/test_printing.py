"""What the command line prints is what was said: brackets in names and texts are no markup."""

import pytest
import typer

from app.commands.ask import print_answer
from app.commands.ingest import Outcome, outcome_table
from app.commands.terminal import Exit, guarded, out
from symposium import ServiceError

BRACKETS = "a [bold]name[/bold] and [/x]"


def test_a_question_with_brackets_is_printed_as_it_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer({"answer": "Not in this collection.", "unanswered": [BRACKETS]})
    assert BRACKETS in capsys.readouterr().out


def test_a_file_with_brackets_in_its_name_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out.print(outcome_table([Outcome(file="[x].pdf", status="failed", reason="[why]")]))
    shown = capsys.readouterr().out
    assert "[x].pdf" in shown
    assert "[why]" in shown


def test_a_refusal_with_brackets_is_one_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise ServiceError(BRACKETS)

    with pytest.raises(typer.Exit) as ended:
        guarded(refuse)()
    assert ended.value.exit_code == Exit.FAILED
    assert BRACKETS in capsys.readouterr().err
