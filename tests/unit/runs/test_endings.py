"""What an error makes of a run."""

import pytest
from langgraph.errors import GraphRecursionError

from app.errors import AppError, Invalid, ModelFailed
from app.runs.executor import failed
from app.runs.repository import Ending


def code_of(error: BaseException) -> str:
    problem = failed(error).error
    assert problem is not None
    code: str = problem["code"]
    return code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("No."), "invalid"),
        (ExceptionGroup("", [ExceptionGroup("", [ModelFailed()])]), "model_failed"),
        (ExceptionGroup("", [ModelFailed(), Invalid()]), "internal_error"),
        (GraphRecursionError("limit"), "step_limit"),
        (ValueError("x"), "internal_error"),
    ],
)
def test_error_becomes_a_problem(error: BaseException, code: str) -> None:
    assert code_of(error) == code


def test_foreign_error_tells_nothing_of_itself() -> None:
    assert "postgres" not in str(failed(ValueError("postgres at 10.0.0.1")).error)


def test_run_put_back_tells_nothing() -> None:
    assert Ending(status="queued").event({}) is None


def test_failed_run_tells_its_problem() -> None:
    problem = AppError("x").problem()
    event = Ending(status="failed", error=problem).event({})
    assert event is not None
    assert (event.type, event.data) == ("run.failed", problem)
