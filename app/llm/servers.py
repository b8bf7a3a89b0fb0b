"""The model servers of one process: shared connections, one chat client a model, what was learnt about each."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from openai import AsyncAzureOpenAI, AsyncOpenAI
from opentelemetry.trace import NoOpTracer, Tracer
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis

from app.db import Sessions
from app.errors import Invalid
from app.llm.budget import Caps
from app.llm.failures import Asked
from app.llm.ledger import Ledger
from app.llm.limits import RateLimit, Rates
from app.llm.prices import load_prices
from app.llm.slots import Slots
from app.llm.traits import Traits
from app.settings import ModelServer, Settings

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = SecretStr("none")
CONNECT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where requests go. `shown` is its host, without credentials."""

    name: str
    base_url: str
    api_key: SecretStr | None = None
    azure_api_version: str | None = None
    rates: Rates = field(default_factory=Rates)

    @property
    def shown(self) -> str:
        """Return host and port."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_openai(self) -> bool:
        """Whether this is OpenAI's own API or Azure's, which want `max_completion_tokens`."""
        return self.azure_api_version is not None or self.shown.endswith(("openai.com", "azure.com"))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model on a server."""

    server: Server
    model: str

    @property
    def name(self) -> str:
        """Return the model's name, with its server's unless that is the default one."""
        return f"{self.model}@{self.server.name}" if self.server.name else self.model


class ModelServers:
    """Opened once a process, closed at its end; everything that calls share."""

    def __init__(
        self, settings: Settings, sessions: Sessions, redis: Redis | None = None, *, tracer: Tracer | None = None
    ) -> None:
        self._settings = settings
        self._redis = redis
        self.ledger = Ledger(sessions)
        self.tracer = tracer or NoOpTracer()
        self.prices = load_prices(settings.prices_file)
        self.default_caps = _read_caps(settings)
        self._servers = _list_servers(settings)
        self._chats: dict[tuple[Choice, bool], BaseChatOpenAI] = {}
        self._traits: dict[Choice, Traits] = {}
        self._line = asyncio.Lock()
        self._slots: dict[Server, Slots] = {}
        self._limits: dict[Server, RateLimit] = {}
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=settings.model_concurrency)
        self.http = httpx2.AsyncClient(limits=limits, timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS))

    async def aclose(self) -> None:
        """Write what the ledger still holds and close all connections."""
        await self.ledger.aclose()
        await self.http.aclose()

    async def stand_in_line(self) -> None:
        """Let one request at a time be built: many at once would hold the event loop for all that time."""
        async with self._line:
            await asyncio.sleep(0)

    def choose(self, role: str) -> Choice:
        """Return the model for a role: its own, else that of the part before its dot, else the default."""
        models = self._settings.models
        return self.choose_model(models.get(role) or models.get(role.partition(".")[0]) or self._settings.model)

    def choose_model(self, named: str) -> Choice:
        """Return the model of a name as settings write it, "model" or "model@server"."""
        model, _, server = named.rpartition("@")
        if model and server in self._servers:
            return Choice(server=self._servers[server], model=model)
        return Choice(server=self._servers[""], model=named)

    def seconds_for(self, role: str) -> float:
        """Return the timeout of one request of a role."""
        return self._settings.model_timeouts.get(role, self._settings.model_timeout_seconds)

    def slots(self, server: Server) -> Slots:
        """Return what bounds this process's requests at a server at one time."""
        if server not in self._slots:
            self._slots[server] = Slots(self._settings.model_concurrency)
        return self._slots[server]

    def limit(self, server: Server) -> RateLimit:
        """Return what bounds all processes' requests and tokens a minute at a server."""
        if server not in self._limits:
            self._limits[server] = RateLimit(server.name or "default", server.rates, self._redis)
        return self._limits[server]

    def traits(self, choice: Choice) -> Traits:
        """Return what is known about a model, shared by all calls to it."""
        if choice not in self._traits:
            forced = None if self._settings.structured == "auto" else self._settings.structured
            field = "max_completion_tokens" if choice.server.is_openai else "max_tokens"
            self._traits[choice] = Traits(forced=forced, tokens_field=field)
        return self._traits[choice]

    def chat(self, choice: Choice, *, responses: bool = False) -> BaseChatOpenAI:
        """Return the one chat client of a model; it neither retries nor times out, which is done around it.

        With `responses` it speaks the Responses API, which is where servers search the web.
        """
        key = (choice, responses)
        if key not in self._chats:
            self._chats[key] = self._build_chat(choice, responses=responses)
        return self._chats[key]

    def client(self, server: Server) -> AsyncOpenAI:
        """Return an SDK client on the shared connections, for what is no chat."""
        key = (server.api_key or NO_KEY).get_secret_value()
        if server.azure_api_version:
            return AsyncAzureOpenAI(
                azure_endpoint=server.base_url,
                api_version=server.azure_api_version,
                api_key=key,
                http_client=self.http,
                max_retries=0,
            )
        return AsyncOpenAI(base_url=server.base_url, api_key=key, http_client=self.http, max_retries=0, timeout=None)

    def is_set_up(self, server: Server) -> bool:
        """Whether the settings say anything of a server: its address, or a key."""
        return server.api_key is not None or server.base_url != OPENAI_URL

    def asked(self, choice: Choice, *, web: bool = False) -> Asked:
        """Return who is asked, and whether for a search of the web, with all keys kept out of what is quoted."""
        return Asked(server=choice.server.shown, model=choice.model, redact=self.redact, web=web)

    def redact(self, text: str) -> str:
        """Return the text without any server's key."""
        for server in self._servers.values():
            if server.api_key and (secret := server.api_key.get_secret_value()):
                text = text.replace(secret, "***")
        return text

    def _build_chat(self, choice: Choice, *, responses: bool) -> BaseChatOpenAI:
        server = choice.server
        common: dict[str, Any] = {
            "api_key": server.api_key or NO_KEY,
            "http_async_client": self.http,
            "max_retries": 0,
            "stream_chunk_timeout": None,
            "use_responses_api": responses,
        }
        if server.azure_api_version:
            return AzureChatOpenAI(
                azure_endpoint=server.base_url,
                azure_deployment=choice.model,
                api_version=server.azure_api_version,
                **common,
            )
        return ChatOpenAI(model=choice.model, base_url=server.base_url, **common)


def _read_caps(settings: Settings) -> Caps:
    try:
        return Caps.model_validate(settings.budget)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Invalid(f"SYMPOSIUM_BUDGET can't be read: {wrong}.") from error


def _list_servers(settings: Settings) -> Mapping[str, Server]:
    default = Server(
        name="",
        base_url=settings.openai_base_url or OPENAI_URL,
        api_key=_read_key("OPENAI_API_KEY_FILE", settings.openai_api_key_file) or settings.openai_api_key,
        rates=Rates(requests=settings.requests_per_minute, tokens=settings.tokens_per_minute),
    )
    named = {name: _read_server(name, given) for name, given in settings.model_servers.items()}
    return {"": default, **named}


def _read_server(name: str, given: ModelServer) -> Server:
    key = _read_key(f"of model server {name}", given.api_key_file) or given.api_key
    rates = Rates(requests=given.requests_per_minute, tokens=given.tokens_per_minute)
    return Server(
        name=name, base_url=given.base_url, api_key=key, azure_api_version=given.azure_api_version, rates=rates
    )


def _read_key(whose: str, file: Path | None) -> SecretStr | None:
    if file is None:
        return None
    try:
        return SecretStr(file.expanduser().read_text().strip())
    except OSError as error:
        raise Invalid(f"The key file {whose} can't be read: {error.strerror}.") from error
