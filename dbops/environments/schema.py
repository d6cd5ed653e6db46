"""The JSON schema of environments.yaml, for completion and checks in editors.

`python -m dbops.environments.schema` writes it beside environments.yaml.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dbops.environments.validation import adapter

FILE = Path(__file__).parents[2] / "environments.schema.json"
_DEFAULTS = "What every environment says unless it says otherwise; merged key by key."


def schema() -> dict[str, Any]:
    """Return the JSON schema of a file as it is written, before its defaults are merged."""
    written = adapter().json_schema()
    for name, definition in written["$defs"].items():
        if name != "Freeze":  # any key may come from `defaults:`, but for what stands in a list
            definition.pop("required", None)
    written["properties"]["defaults"] = {"$ref": "#/$defs/Settings", "description": _DEFAULTS}
    for key in ("environments", "retired"):
        written["properties"][key]["additionalProperties"] = False
    _describe_sections(written["$defs"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | written


def text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=2) + "\n"


def _describe_sections(definitions: dict[str, Any]) -> None:
    """Give every section of an environment its class's description, for editors to show."""
    for section in definitions["Settings"]["properties"].values():
        reference = section.get("$ref") or section.get("anyOf", [{}])[0].get("$ref")
        if reference:
            section["description"] = definitions[Path(reference).name]["description"]


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
