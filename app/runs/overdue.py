"""Questions nobody answered in time: a question may carry `seconds`, and `otherwise`, the answer given for the person.

A graph asks so by interrupting with `{"seconds": 300, "otherwise": {...}, ...}`; without both it waits for ever.
"""

from sqlalchemy import ColumnElement, Float, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.runs.models import Run, RunEvent
from app.runs.repository import NewEvent, append_to


async def answer_overdue(session: AsyncSession) -> list[RunEvent]:
    """Answer every waiting run whose question is overdue, and queue it; one being answered this moment is left."""
    question = RunEvent.data["question"]
    asked = (
        select(Run, question["otherwise"])
        .join(RunEvent, (RunEvent.run_id == Run.id) & (RunEvent.seq == Run.last_seq))
        .where(Run.status == "waiting", RunEvent.type == "run.waiting")
        .where(question["otherwise"].is_not(None), _is_overdue(question["seconds"]))
        .with_for_update(of=Run, skip_locked=True)
    )
    told = []
    for run, otherwise in (await session.execute(asked)).all():
        run.status = "queued"
        told += append_to(session, run, NewEvent(type="run.resumed", data={"input": otherwise, "by": "timeout"}))
    return told


def _is_overdue(seconds: ColumnElement[object]) -> ColumnElement[bool]:
    allowed = cast(seconds.as_string(), Float)
    return RunEvent.at + func.make_interval(0, 0, 0, 0, 0, 0, allowed) < func.now()
