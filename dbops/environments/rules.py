"""What one value cannot say alone: rules between the keys of environments.yaml.

They look at the data as it was written, whatever it is, so that all errors are told at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dbops.environments import beside
from dbops.environments.document import Finding, Keys


def broken(data: Any) -> Iterator[Finding]:  # nothing is validated yet
    """Yield every rule that DATA, with its defaults merged, does not keep."""
    environments = _mapping(data, "environments")
    for name, settings in environments.items():
        for rule in (_backend, _database, _compose_files, _server, _legacy, _freezes, _host):
            for path, what in rule(settings):
                yield Finding(("environments", name, *path), what)
    yield from _names(environments, _mapping(data, "retired"))
    yield from _shared(environments)
    if isinstance(data, dict) and data.get("environments") == {}:
        yield Finding(("environments",), "needs at least one environment")


_Broken = Iterator[tuple[Keys, str]]


def _backend(settings: Any) -> _Broken:
    backend = _get(settings, "backend")
    if backend in ("compose", "server") and _get(settings, str(backend)) is None:
        yield ("backend",), f"{backend} needs a section `{backend}:` beside it"
    if backend == "embedded" and _get(settings, "host") is not None:
        yield ("backend",), "embedded runs on this machine; it takes no `host:`"


def _database(settings: Any) -> _Broken:
    name = _get(settings, "database", "name")
    if isinstance(name, str) and (what := beside.wrong(name)):
        yield ("database", "name"), what


def _compose_files(settings: Any) -> _Broken:
    if _get(settings, "compose", "files") == []:
        yield ("compose", "files"), "needs at least one file"


def _server(settings: Any) -> _Broken:
    server = _get(settings, "server")
    if isinstance(server, dict) and not (server.get("service") or server.get("host")):
        yield ("server",), "needs a service or a host"


def _legacy(settings: Any) -> _Broken:
    baseline = _get(settings, "migrations", "baseline") or "0001_baseline"
    for at, head in enumerate(_items(settings, "migrations", "legacy_heads")):
        if head == baseline:
            yield ("migrations", "legacy_heads", at), "the baseline is not of the old history"


def _freezes(settings: Any) -> _Broken:
    for at, freeze in enumerate(_items(settings, "guard", "freezes")):
        start, end = _moment(_get(freeze, "start")), _moment(_get(freeze, "end"))
        if start and end and start >= end:
            yield ("guard", "freezes", at, "end"), "needs a time after its start"


def _host(settings: Any) -> _Broken:
    """Yield the paths on a host that begin with ~, which is another folder on each machine."""
    folder = _get(settings, "host", "directory")
    if isinstance(folder, str) and not folder.startswith("/"):
        yield ("host", "directory"), "needs the whole path on the host, from / on"
    backups = _get(settings, "backup", "directory")
    if folder and isinstance(backups, str) and backups.startswith("~"):
        yield ("backup", "directory"), "is on the host: needs the whole path there, without ~"


def _names(environments: dict[str, Any], retired: dict[str, Any]) -> Iterator[Finding]:
    owners = {name: name for name in environments}
    for name, settings in environments.items():
        for at, alias in enumerate(_items(settings, "aliases")):
            if str(alias) in owners:
                what = f"{alias!r} already names {owners[str(alias)]}"
                yield Finding(("environments", name, "aliases", at), what)
            owners.setdefault(str(alias), name)
    for name, successor in retired.items():
        if name in owners:
            yield Finding(("retired", name), f"still names {owners[name]}")
        elif isinstance(successor, str) and successor not in environments:
            yield Finding(("retired", name), f"{successor!r} is not an environment")


def _shared(environments: dict[str, Any]) -> Iterator[Finding]:
    """Yield environments that would run in one another's containers or data directory."""
    owners: dict[tuple[object, ...], str] = {}
    for name, settings in environments.items():
        for keys in (("compose", "project"), ("embedded", "data")):
            value = _get(settings, *keys)
            place = (keys, str(_get(settings, "host", "address")), str(value))
            if value and owners.setdefault(place, name) != name:
                what = f"{value!r} is already used by {owners[place]} on the same host"
                yield Finding(("environments", name, *keys), what)


def _get(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _mapping(data: Any, key: str) -> dict[str, Any]:
    found = _get(data, key)
    return found if isinstance(found, dict) else {}


def _items(data: Any, *keys: str) -> list[Any]:
    found = _get(data, *keys)
    return found if isinstance(found, list) else []


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
