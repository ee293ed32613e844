"""The address of a registry: `zk://host/platform` or `fs://folder/platform`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from qtask_db import urls
from qtask_db.errors import ConfigurationError
from qtask_db.log import mask

TIMEOUT = 5.0

_OPTIONS: dict[str, dict[str, type]] = {"zk": {"timeout": float}, "fs": {"db": str, "queue": str}}
_FORMS = {
    "zk": "zk://user:password@host:2181/PLATFORM/DB/QUEUE",
    "fs": "fs:///folder/PLATFORM?db=DB&queue=QUEUE",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A registry, and the nodes in it that are meant. Shows itself without the password."""

    url: str
    scheme: str
    place: str
    """The hosts, or the folder."""
    login: str | None
    """`user:password`, for the digest scheme of ZooKeeper."""
    timeout: float
    platform: str
    db: str
    queue: str

    def __str__(self) -> str:
        return mask(self.url)


def read(url: str) -> Address:
    """The URL in parts. Raises ConfigurationError, without its secrets."""
    parts = urls.split(url)
    options = urls.options(parts, _OPTIONS[parts.scheme])
    login, at, place = parts.netloc.rpartition("@")
    if parts.scheme == "zk":
        names = parts.path.strip("/").split("/")
    else:
        folder, _, platform = parts.path.rstrip("/").rpartition("/")
        place = unquote(place + folder) or "/"
        names = [platform, str(options.get("db", "")), str(options.get("queue", ""))]
    platform, db, queue, *more = [*map(unquote, names), "", ""]
    if not (place and platform) or any(more) or not (platform + db + queue).isprintable():
        raise ConfigurationError(
            f"the registry URL {mask(url)} must be like {_FORMS[parts.scheme]}, where "
            "DB and QUEUE may be left out"
        )
    timeout = float(options.get("timeout", TIMEOUT))
    if not 0 < timeout <= 3600:
        raise ConfigurationError(
            f"timeout in the registry URL must be more than 0 and at most 3,600 s, not {timeout:g}"
        )
    return Address(
        url,
        parts.scheme,
        place,
        ":".join(map(unquote, login.partition(":")[::2])) if at else None,
        timeout,
        platform,
        db or "db",
        queue or "queue",
    )


def join(url: str, platform: str, db: str | None) -> str:
    """The address that `zk://host`, a platform and the name of a database make together. Raises
    ConfigurationError if the URL is not a registry's.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in _FORMS:
        raise ConfigurationError(
            f"only a registry has a platform, zk:// or fs://: leave out {platform!r}"
        )
    named = f"{url.rstrip('/')}/{quote(platform, safe='')}"
    if db is None:
        return named
    return f"{named}{'/' if scheme == 'zk' else '?db='}{quote(db, safe='')}"
