"""Servers in containers, through testcontainers."""

from __future__ import annotations

import atexit
import contextlib
import os
import time
from collections.abc import Sequence
from typing import Any

from . import account, mysqld, redisd, releases
from .base import DATABASE, READY_SECONDS, Log, Server, ServerError, Unavailable, free_port
from .url import version_at

IMAGES = {
    "mysql": "mysql:8.4",
    "mariadb": "mariadb:11.4",
    "redis": "redis:7.4",
    "oracle": "gvenzl/oracle-free:slim",
}
PORTS = {"mysql": 3306, "mariadb": 3306, "redis": 6379, "oracle": 1521}
URLS = {
    "mysql": f"mysql://root:{{}}@{{}}/{DATABASE}",
    "mariadb": f"mysql://root:{{}}@{{}}/{DATABASE}",
    "redis": "redis://:{}@{}/0",
    "oracle": f"oracle+oracledb://{DATABASE}:{{}}@{{}}/?service_name=FREEPDB1",
}
# In the container: files, for command lines and environments are for others to see.
PASSWORD, CONFIGURATION = "/password", "/redis.conf"
LOOPBACK = ("localhost", "127.0.0.1")

_missing_images: dict[str, str] = {}


def image_name(engine: str) -> str:
    return os.environ.get(f"QTASK_{engine.upper()}_IMAGE") or IMAGES[engine]


def required() -> bool:
    """Whether only containers will do, so that a test must fail rather than skip."""
    return releases.way() == "docker"


def start(engine: str, options: Sequence[str], log: Log) -> Server:
    image = image_name(engine)
    _require_image(image, log)
    password = account.new_password()
    container = _container(engine, image, password, options)
    _publish(container, PORTS[engine])
    try:
        container.start()
        place = f"{container.get_container_host_ip()}:{container.get_exposed_port(PORTS[engine])}"
    except Exception as error:
        end = _last_lines(container)
        with contextlib.suppress(Exception):
            container.stop()
        raise Unavailable(f"image {image} does not start: {error}{end}") from error
    place = place.replace("localhost", "127.0.0.1")  # which might mean ::1 first
    source = f"a Docker daemon answers; image {image}"
    server = DockerServer(engine, URLS[engine].format(password, place), source, container)
    if engine == "oracle":
        _empower(server.url)
    return server


def _empower(url: str) -> None:
    """Lets the account of the tests create others."""
    from qtask_db import Database

    system = url.replace(f"//{DATABASE}:", "//system:")
    with Database(system).connect() as connection, connection.raw.cursor() as cursor:
        cursor.execute(f"GRANT dba TO {DATABASE}")


def _publish(container: Any, inner: int) -> None:
    """Choose the outer port, because one that Docker picks changes at every restart."""
    client = container.get_docker_client()
    container.with_bind_ports(inner, free_port())
    mode = client.get_connection_mode().value
    # By its own address it is reached without any port of this machine.
    if mode == "bridge_ip" or (mode == "docker_host" and client.host() in LOOPBACK):
        container.ports[str(inner)] = ("127.0.0.1", container.ports[str(inner)])


def _last_lines(container: Any) -> str:
    with contextlib.suppress(Exception):
        logs: bytes = container.get_wrapped_container().logs(tail=15)
        return "\n" + logs.decode(errors="replace")
    return ""


class DockerServer(Server):
    """A container; `container` is the testcontainers object."""

    def __init__(self, engine: str, url: str, source: str, container: Any) -> None:
        super().__init__(engine, url, "", source)
        self.container = container
        self._stopped = False
        atexit.register(self.stop)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def kill(self) -> None:
        wrapped = self.container.get_wrapped_container()
        wrapped.reload()
        if wrapped.status == "running":
            wrapped.kill()
            wrapped.wait()

    def restart(self) -> None:
        if self._stopped:
            raise ServerError(f"this {self.engine} container was stopped and removed")
        wrapped = self.container.get_wrapped_container()
        wrapped.reload()
        if wrapped.status == "running":
            wrapped.stop(timeout=int(READY_SECONDS))
        wrapped.start()
        self._wait_until_ready()

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            atexit.unregister(self.stop)
            self.container.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.version = version_at(self.engine, self.url)
            except ServerError as error:
                if time.monotonic() > deadline:
                    end = _last_lines(self.container)
                    raise ServerError(f"{error}; the end of its log:{end}") from error
                time.sleep(0.05)
            else:
                return


def _require_image(image: str, log: Log) -> None:
    """Pull the image if it is not there; a failure is remembered, for it can take a minute."""
    if image in _missing_images:
        raise Unavailable(_missing_images[image])
    client = _client()
    try:
        client.images.get(image)
    except Exception:  # not there: docker's own exception types are not importable everywhere
        log(f"docker: pulling {image}")
        try:
            client.images.pull(image)
        except Exception as error:
            _missing_images[image] = f"image {image} cannot be pulled: {error}"
            raise Unavailable(_missing_images[image]) from error
    finally:
        client.close()


def _client() -> Any:
    # testcontainers reads these when it is imported; its own defaults add 2 s to each start.
    os.environ.setdefault("TC_POOLING_INTERVAL", "0.1")
    os.environ.setdefault("TC_MAX_TRIES", "1200")
    try:
        import docker
        import testcontainers.core.container  # noqa: F401
    except ImportError as error:
        raise Unavailable(f"Python's testcontainers is not installed ({error})") from error
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except Exception as error:
        raise Unavailable("no Docker daemon answers") from error
    return client


def _container(engine: str, image: str, password: str, options: Sequence[str]) -> Any:
    if engine == "oracle":
        from testcontainers.community.oracle import OracleDbContainer

        return OracleDbContainer(
            image, oracle_password=password, username=DATABASE, password=password
        )
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(image)
    if engine == "redis":
        text = redisd.LOGIN.format(password).encode()
        container.with_copy_into_container(text, CONFIGURATION, 0o644)
        return container.with_command(["redis-server", CONFIGURATION, *redisd.OPTIONS, *options])
    container.with_copy_into_container(password.encode(), PASSWORD, 0o644)
    container.with_envs(MYSQL_ROOT_PASSWORD_FILE=PASSWORD, MYSQL_DATABASE=DATABASE)
    return container.with_command([*mysqld.settings(engine), *options])
