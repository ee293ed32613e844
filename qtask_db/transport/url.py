"""Redis clients from URLs: one server, a socket, behind Sentinel, or a Cluster."""

# mypy: allow-untyped-calls
from __future__ import annotations

import inspect
import re
from typing import Any, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from redis.backoff import EqualJitterBackoff, NoBackoff
from redis.client import Pipeline
from redis.cluster import ClusterNode, ClusterPipeline, RedisCluster
from redis.connection import Connection, parse_url
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from qtask_db.errors import ConfigurationError, QueueUnavailable
from qtask_db.process.sockets import KEEPALIVE
from qtask_db.urls import check_login

RedisClient: TypeAlias = "redis.Redis | RedisCluster"

_PLAIN = ("redis", "rediss", "unix")
_SENTINEL = ("redis+sentinel", "rediss+sentinel")
_CLUSTER = ("redis+cluster", "rediss+cluster")
_NO_PORT = "Redis URL: a port is not a number from 0 to 65535"
SCHEMES = (*_PLAIN, *_SENTINEL, *_CLUSTER)

_CERTIFICATES = ("none", "optional", "required")
_SWITCH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SWITCHES = ("decode_responses", "ssl_validate_ocsp", "ssl_validate_ocsp_stapled")
_POSITIVE = ("socket_timeout", "socket_connect_timeout", "max_connections")
_OBJECT = re.compile(
    "^(retry|retry_on_error|socket_type)$|_(class|config|dispatcher|func|options|packer|provider)$"
)
_OF_POOLS = {"connection_class", "max_connections"}
_OF_SENTINELS = {"sentinel_username", "sentinel_password"}

TROUBLE = (redis.RedisError, redis.exceptions.RedisClusterException, OSError)
"""The errors of a client if Redis is away; the second one is not a RedisError."""

_RETRIES = 2
_TIMEOUTS = {
    # Longer than any blocking pop of this package (1 s), so that a healthy pop never times out, and
    # short enough that a server which vanished without a word is noticed.
    "socket_timeout": 5.0,
    "socket_connect_timeout": 3.0,
    "socket_keepalive": True,
    "socket_keepalive_options": KEEPALIVE,
}


def connect(url: str) -> RedisClient:
    """A client for `url`. Raises ConfigurationError for a wrong URL.

    * `redis://[user:password@]host:port/db`, `rediss://…` (TLS), `unix:///path?db=0`
    * `redis+sentinel://[user:password@]host:port,host:port/service/db`, `rediss+sentinel://…`; the
      Sentinels' own login is `?sentinel_username=…&sentinel_password=…`
    * `redis+cluster://[user:password@]host:port,host:port`, `rediss+cluster://…`

    redis-py's own query arguments are understood too (`?socket_timeout=5`, `?ssl_ca_certs=…`), and
    Celery's `?ssl_cert_reqs=CERT_NONE`. A plain or Sentinel client connects at its first command; a
    Cluster client asks for the slots at once and raises QueueUnavailable if it cannot.
    """
    parts = check_url(url)
    if parts.scheme in _PLAIN:
        options = _options(parts, url)
        pool = redis.ConnectionPool(**_settings(options), **options)
        return redis.Redis.from_pool(pool)
    if parts.scheme in _SENTINEL:
        return _sentinel(parts)
    return _cluster(parts)


def check_url(url: str) -> SplitResult:
    """The URL in parts. Raises ConfigurationError, without the URL: it may hold a password."""
    check_login(url, "the Redis URL")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigurationError("Redis URL: a [ of an address has no ]") from None
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise ConfigurationError(f"Redis URL: unknown scheme {parts.scheme!r}; use one of {known}")
    if not url.lower().startswith(f"{parts.scheme}://"):
        # The rest may be a login.
        raise ConfigurationError(f"Redis URL: {parts.scheme} must be followed by ://")
    if parts.scheme in _PLAIN:
        _options(parts, url)
    elif parts.scheme in _SENTINEL:
        _hosts(parts)
        _options(parts, _single(parts, _service(parts)[1]))
    else:
        _hosts(parts)
        if _options(parts, _single(parts, parts.path.strip("/"))).get("db"):
            raise ConfigurationError("Redis URL: a Cluster has only database 0")
    return parts


def check_client(client: Any) -> RedisClient:
    """The client. Raises ConfigurationError for what is none, or whose commands would not run."""
    name = f"{type(client).__module__}.{type(client).__qualname__}"
    run = getattr(client, "execute_command", None)
    if run is None:
        raise ConfigurationError(f"{name} is neither a Redis URL nor a client of redis-py")
    if isinstance(client, Pipeline | ClusterPipeline):
        raise ConfigurationError(f"{name} sends nothing by itself: give the client it was made of")
    if inspect.iscoroutinefunction(run) or name.startswith("redis.asyncio."):
        raise ConfigurationError(
            f"{name} is asynchronous: give a redis.Redis, and call in a thread (asyncio.to_thread)"
        )
    encoding = client.get_encoder().encoding if isinstance(client, redis.Redis) else "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        raise ConfigurationError(
            f"{name} must have the encoding utf-8, which messages are, not {encoding}"
        )
    return client  # type: ignore[no-any-return]


def _sentinel(parts: SplitResult) -> RedisClient:
    service, database = _service(parts)
    options = _options(parts, _single(parts, database))
    login = {key: options.pop(f"sentinel_{key}", None) for key in ("username", "password")}
    shared: dict[str, Any] = {**_TIMEOUTS, "ssl": parts.scheme.startswith("rediss")}
    # The next Sentinel is asked at once: by itself redis-py would try one that is away ten times.
    shared["retry"] = Retry(NoBackoff(), 0)
    shared |= {key: value for key, value in options.items() if key.startswith("ssl_")}
    settings = {**_settings(options), **options, "ssl": shared["ssl"]}
    sentinels = _Sentinels(
        _hosts(parts), sentinel_kwargs={**shared, **{k: v for k, v in login.items() if v}}
    )
    client: redis.Redis = sentinels.master_for(service, **settings)
    return client


class _Sentinels(Sentinel):
    """Says why there is no master: redis-py describes its clients instead."""

    def discover_master(self, service_name: str) -> Any:
        reasons = []
        for place, sentinel in enumerate(self.sentinels):
            try:
                masters: Any = sentinel.sentinel_masters()
            except (redis.ConnectionError, redis.TimeoutError) as error:
                reasons.append(str(error))
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                # The next one is asked only where this one is away.
                self.sentinels.insert(0, self.sentinels.pop(place))
                return state["ip"], state["port"]
            known = "takes it to be down" if state else "knows of none"
            reasons.append(f"a Sentinel {known}")
        raise MasterNotFoundError(f"no master of {service_name!r}: {'; '.join(reasons)}")


def _cluster(parts: SplitResult) -> RedisClient:
    options = _options(parts, _single(parts, ""))
    options.pop("db", None)
    settings = {**_TIMEOUTS, **options, "ssl": parts.scheme.startswith("rediss")}
    nodes = [ClusterNode(host, port) for host, port in _hosts(parts)]
    try:
        return RedisCluster(startup_nodes=nodes, retry=_retry(), **settings)
    except TROUBLE as error:
        raise QueueUnavailable(f"Redis Cluster: {error}") from error


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a client unless its URL says otherwise. `from_url` alone would never retry."""
    defaults = {**_TIMEOUTS, "retry": _retry(), "health_check_interval": 30}
    if options.get("path"):
        # A Unix socket connection knows no TCP keepalive and no connect timeout of its own.
        for name in ("socket_keepalive", "socket_keepalive_options", "socket_connect_timeout"):
            del defaults[name]
    return {key: value for key, value in defaults.items() if key not in options}


def _retry() -> Retry:
    # Few and short: the relay and the worker back off by themselves, and a relay that hangs in here
    # could not release its batch.
    return Retry(EqualJitterBackoff(cap=0.5, base=0.05), _RETRIES)


def _single(parts: SplitResult, database: str) -> str:
    """The URL of the first host alone, which redis-py can parse for login and query arguments."""
    login, at, hosts = parts.netloc.rpartition("@")
    scheme = "rediss" if parts.scheme.startswith("rediss") else "redis"
    return f"{scheme}://{login}{at}{hosts.split(',')[0]}/{database}?{parts.query}"


def _options(parts: SplitResult, url: str) -> dict[str, Any]:
    """redis-py's keyword arguments for a URL; those that name the server only for a plain one."""
    database = urlsplit(url).path.strip("/")
    if parts.scheme != "unix" and database and not database.isdecimal():
        raise ConfigurationError(f"Redis URL: the database {database!r} is not a number")
    try:
        _ = urlsplit(url).port
    except ValueError:
        # Not the error: without its @ the password is read as the port.
        raise ConfigurationError(_NO_PORT) from None
    try:
        options: dict[str, Any] = dict(parse_url(url))
        _convert(options)
        kind: Any = options.get("connection_class", Connection)
        # Made, not connected: an option that is not known shows here, not at the first command.
        others = _OF_POOLS | _OF_SENTINELS if parts.scheme in _SENTINEL else _OF_POOLS
        kind(**{key: value for key, value in options.items() if key not in others})
    except (TypeError, ValueError, AttributeError, redis.RedisError) as error:
        raise ConfigurationError(f"Redis URL: {error}") from None
    if parts.scheme not in _PLAIN:
        for key in ("host", "port", "connection_class"):
            options.pop(key, None)
    return options


def _convert(options: dict[str, Any]) -> None:
    """The values that redis-py leaves as texts. Raises ValueError."""
    for name, value in options.items():
        if name in _SWITCHES and isinstance(value, str):
            if value.lower() not in _SWITCH:
                raise ValueError(f"{name} must be true or false, not {value!r}")
            options[name] = _SWITCH[value.lower()]
        elif _OBJECT.search(name) and isinstance(value, str | list):
            raise ValueError(f"{name} cannot be said in a URL")
        elif name in _POSITIVE and not value > 0:
            raise ValueError(f"{name} must be greater than 0, not {value:g}")
        elif name == "encoding" and value.lower().replace("-", "") != "utf8":
            raise ValueError("the encoding must be utf-8, which messages are")
        elif name == "ssl_cert_reqs":
            options[name] = value.lower().removeprefix("ssl.").removeprefix("cert_")
            if options[name] not in _CERTIFICATES:
                raise ValueError(f"ssl_cert_reqs must be one of {_CERTIFICATES}, not {value!r}")


def _hosts(parts: SplitResult) -> list[tuple[str, int]]:
    port = 26379 if parts.scheme in _SENTINEL else 6379
    hosts = []
    for item in parts.netloc.rpartition("@")[2].split(","):
        try:
            one = urlsplit(f"//{item}")
            host, number = one.hostname, one.port or port
        except ValueError:
            raise ConfigurationError(_NO_PORT) from None
        if not host:
            raise ConfigurationError("Redis URL: a host name is empty")
        hosts.append((unquote(host), number))
    return hosts


def _service(parts: SplitResult) -> tuple[str, str]:
    service, _, database = parts.path.removeprefix("/").rstrip("/").partition("/")
    if not service:
        raise ConfigurationError(
            "Redis URL: the Sentinel service is missing; write "
            f"{parts.scheme}://host:port,host:port/service/db"
        )
    return unquote(service), database
