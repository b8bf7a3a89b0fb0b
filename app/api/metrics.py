"""What Prometheus scrapes."""

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.api.deps import ResourcesDep, SessionDep
from app.metrics import Readings
from app.runs.dispatch import QUEUES
from app.runs.figures import read_figures

router = APIRouter(tags=["operations"])


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="This process's measurements and the figures of all, for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(resources: ResourcesDep, session: SessionDep) -> Response:
    shared = CollectorRegistry()
    shared.register(Readings(await read_figures(session, queues=QUEUES)))
    text = generate_latest(resources.metrics.registry) + generate_latest(shared)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
