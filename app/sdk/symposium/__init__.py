"""A client of a Symposium service: `Client` for plain code, `AsyncClient` for asyncio, with the same methods."""

from symposium._async import AsyncClient
from symposium._sync import Client
from symposium._wire import DEFAULT_SERVER, Body, Event, ServiceError

__all__ = ["DEFAULT_SERVER", "AsyncClient", "Body", "Client", "Event", "ServiceError"]
