from __future__ import annotations

import json
import re

from dbops.environments import schema

WRITTEN = schema.schema()
SETTINGS = WRITTEN["$defs"]["Settings"]


def _properties():
    for name, section in {"": WRITTEN, **WRITTEN["$defs"]}.items():
        for key, value in section["properties"].items():
            yield f"{name}.{key}", value


def test_the_committed_schema_is_current():
    assert schema.FILE.read_text(encoding="utf-8") == schema.text()


def test_the_committed_file_names_the_schema():
    first = schema.FILE.with_name("environments.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./environments.schema.json"


def test_every_key_is_described():
    assert [key for key, value in _properties() if not value.get("description")] == []


def test_no_section_takes_an_unknown_key():
    sections = (WRITTEN, *WRITTEN["$defs"].values())
    assert all(section["additionalProperties"] is False for section in sections)
    assert WRITTEN["properties"]["environments"]["additionalProperties"] is False


def test_an_environment_may_leave_to_the_defaults_what_it_needs():
    assert WRITTEN["properties"]["defaults"]["$ref"] == "#/$defs/Settings"
    assert "required" not in SETTINGS
    assert WRITTEN["$defs"]["Freeze"]["required"] == ["start", "end", "reason"]


def test_every_pattern_is_a_regular_expression():
    patterns = re.findall(r'"pattern": ("[^"]+")', json.dumps(WRITTEN))
    assert len(patterns) > 20
    assert all(re.compile(json.loads(pattern)) for pattern in patterns)


def test_the_committed_file_explains_every_key_it_may_hold():
    manual = schema.FILE.with_name("environments.yaml").read_text(encoding="utf-8")
    keys = {key.rpartition(".")[2] for key, _ in _properties()}
    assert {key for key in keys if not re.search(rf"\b{key}:", manual)} == set()
