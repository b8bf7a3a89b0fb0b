"""All settings, read from the environment (prefix `SYMPOSIUM_`) or `.env`, and handed down from the top."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelServer(BaseModel):
    """A further OpenAI-compatible server. With `azure_api_version` it is an Azure resource, its models deployments."""

    base_url: str
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    azure_api_version: str | None = None
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)


class Settings(BaseSettings):
    """Settings of one process. Unset `database_url` / `redis_url` mean the embedded servers under `data_dir`."""

    model_config = SettingsConfigDict(
        env_prefix="SYMPOSIUM_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    # Where things are
    data_dir: Path = Path("~/.symposium")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    database_url: str | None = Field(None, validation_alias=AliasChoices("SYMPOSIUM_DATABASE_URL", "DATABASE_URL"))
    redis_url: str | None = Field(None, validation_alias=AliasChoices("SYMPOSIUM_REDIS_URL", "REDIS_URL"))
    worker_metrics_port: int | None = Field(None, ge=1, le=65535, description="where a worker answers Prometheus")
    stop_seconds: float = Field(
        5, gt=0, description="for requests under way when an API process is told to stop; then they get 503"
    )
    database_pool_size: int = Field(8, ge=1)
    database_pooler: bool = Field(False, description="DATABASE_URL is a pooler in transaction mode, e.g. PgBouncer")
    log_format: Literal["json", "console"] = "console"
    otlp_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("SYMPOSIUM_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="where spans go over OTLP/HTTP, e.g. http://localhost:4318",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # Access
    key_requests_per_minute: int = Field(6000, ge=1, description="of each API key that has no limit of its own")
    max_body_mb: int = Field(4, ge=1, description="of a request that is no upload")
    cors_origins: list[str] = Field(
        default_factory=list, description='origins whose pages may call the API, e.g. ["https://app.example.com"]'
    )

    # Models. No base URL and no key: the offline engine.
    openai_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("SYMPOSIUM_OPENAI_API_KEY", "OPENAI_API_KEY")
    )
    openai_api_key_file: Path | None = Field(
        None,
        validation_alias=AliasChoices("SYMPOSIUM_OPENAI_API_KEY_FILE", "OPENAI_API_KEY_FILE"),
        description="a file with the key, in place of the key",
    )
    openai_base_url: str | None = Field(
        None, validation_alias=AliasChoices("SYMPOSIUM_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )
    engine: Literal["auto", "openai", "offline"] = "auto"
    model: str = "gpt-4.1-mini"
    models: dict[str, str] = Field(default_factory=dict, description='model per role, e.g. {"judge": "gpt-4.1"}')
    model_servers: dict[str, ModelServer] = Field(
        default_factory=dict, description='more servers by name; a model there is written "model@name"'
    )
    structured: Literal["auto", "json_schema", "tools", "json_object", "prompt"] = "auto"
    model_seed: int | None = None
    model_timeout_seconds: float = Field(120, gt=0)
    model_timeouts: dict[str, float] = Field(default_factory=dict, description="seconds per role")
    model_silence_seconds: float = Field(60, gt=0, description="a stream that says nothing for so long is broken off")
    model_tries: int = Field(5, ge=1)
    model_retry_seconds: float = Field(0.5, gt=0, description="first pause between tries; it doubles")
    requests_per_minute: int | None = Field(None, ge=1, description="to the default server, all workers together")
    tokens_per_minute: int | None = Field(None, ge=1)
    model_concurrency: int = Field(32, ge=1)
    web_search: bool = Field(False, description="the server has the Responses API with its web_search tool")
    store_prompts: bool = True
    model_cache: bool = Field(False, description="give the same answer to the same request again, per project")
    model_cache_mb: int = Field(256, ge=1, description="of answers kept per project")
    prices_file: Path | None = Field(None, description="TOML of US dollars a million tokens, by model")
    budget: dict[str, float] = Field(
        default_factory=dict,
        description="default caps of a run: calls, searches, tokens, input_tokens, output_tokens, cost_usd, seconds",
    )
    embedder: Literal["local", "openai"] = "local"
    embedding_model: str = "text-embedding-3-small"
    embedding_dimension: int = Field(1536, ge=1, le=4000)

    # Runs
    interactive_concurrency: int = Field(8, ge=1)
    bulk_concurrency: int = Field(4, ge=1)
    worker_niceness: int = Field(
        5, ge=0, le=19, description="of workers and their readers of files: requests go first where they share cores"
    )
    max_attempts: int = Field(3, ge=1)
    heartbeat_seconds: float = Field(2, gt=0)
    redelivery_seconds: float = Field(30, gt=0)
    upkeep_seconds: float = Field(15, gt=0)
    drain_seconds: float = Field(20, gt=0)
    event_retention_days: int = Field(30, ge=1)
    run_retention_days: int | None = Field(None, ge=1, description="ended runs and all of theirs; unset: for ever")
    prompt_retention_days: int | None = Field(None, ge=1, description="prompts and answers of calls; unset: for ever")

    # Search
    search_lexical_weight: float = Field(1.0, ge=0)
    search_vector_weight: float = Field(1.0, ge=0)
    search_level_weights: dict[str, float] = Field(default_factory=dict, description='e.g. {"page": 0.5}; others 1')
    search_k1: float = Field(1.5, ge=0, description="BM25: how slowly a repeated word stops counting")
    search_b: float = Field(0.75, ge=0, le=1, description="BM25: how much a long text is discounted")
    search_hnsw_m: int = Field(24, ge=2, le=100, description="HNSW: neighbours a vector keeps; used by `reindex`")
    search_hnsw_build: int = Field(128, ge=4, le=1000, description="HNSW: candidates while building; by `reindex`")
    search_ef: int = Field(120, ge=10, le=1000, description="HNSW: candidates kept while searching")
    search_sample_share: float = Field(
        0.01, ge=0, le=1, description="share of searches kept for `symposium recall`, the newest 500 a project; 0: none"
    )
    search_side_by_side: int = Field(
        1, ge=0, description="run both legs at once while a process uses no more database connections; 0: never"
    )
    search_exact_below: int = Field(5_000, ge=0, description="compare all entries when so few match")

    # Conversion
    max_upload_mb: int = Field(64, ge=1)
    convert_processes: int = Field(2, ge=1)
    convert_seconds: float = Field(120, gt=0)
    convert_memory_mb: int = Field(1024, ge=128)
    max_pages: int = Field(3000, ge=1)
    window_segments: int = Field(1, ge=1, description="parts of a document whose windows are read side by side")

    # Addresses named by others, and webhooks
    fetch_seconds: float = Field(60, gt=0, description="for a document given by its URL")
    fetch_private_networks: list[IPv4Network | IPv6Network] = Field(
        default_factory=list, description='networks that are reached although they are not public, e.g. ["10.1.0.0/16"]'
    )
    webhook_seconds: float = Field(15, gt=0, description="for one try to deliver an event")
    webhook_poll_seconds: float = Field(1, gt=0)
    webhook_concurrency: int = Field(16, ge=1)
    webhook_retention_days: int = Field(30, ge=1, description="ended deliveries, and what tells a replay")
    hook_max_mb: int = Field(8, ge=1, description="of an incoming call")

    @property
    def uses_model_server(self) -> bool:
        """Whether tasks go to a model server rather than the offline engine."""
        if self.engine != "auto":
            return self.engine == "openai"
        return bool(self.openai_api_key or self.openai_api_key_file or self.openai_base_url)
