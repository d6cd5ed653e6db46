from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbops.environments import cache, syntax
from dbops.environments.model import EnvironmentsFile
from dbops.environments.validation import validate
from dbops.errors import UsageProblem

COMMITTED = Path(__file__).parents[2] / "environments.yaml"
BYTES = COMMITTED.read_bytes()
DATA = yaml.safe_load(BYTES)
WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["compose", "server", "embedded", "vm_prod", "0123", "no", "../x", "$(x)"]),
)
VALUES = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _paths(data, path=()):
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _paths(value, (*path, key))


def _replaced(data, path, value):
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy


def _validated(content):
    """Return what CONTENT says, or the problem; anything else that is raised fails the test."""
    try:
        return validate(COMMITTED, content)
    except UsageProblem as problem:
        return problem


@RELAXED
@given(st.sampled_from([path for path in _paths(DATA) if path]), VALUES)
def test_any_value_anywhere_is_right_or_told_with_its_place(path, value):
    content = yaml.safe_dump(_replaced(DATA, path, value), allow_unicode=True).encode()
    result = _validated(content)
    if isinstance(result, UsageProblem):
        assert ".yaml:" in result.where
    else:
        assert isinstance(result, EnvironmentsFile)


@RELAXED
@given(st.integers(0, len(BYTES)), st.integers(0, 12), st.binary(max_size=12))
def test_any_damage_to_the_bytes_is_right_or_told(start, length, inserted):
    result = _validated(BYTES[:start] + inserted + BYTES[start + length :])
    assert isinstance(result, EnvironmentsFile | UsageProblem)


@settings(RELAXED, max_examples=300)
@given(st.text(alphabet=" \t\n-:?[]{}#&*!|>'\"%@`,<=~\\xuU0189abno\u3042", max_size=40))
def test_any_text_is_read_or_told(text):
    document = syntax.parse(text.encode())
    assert bool(document.marks) or bool(document.findings)


@RELAXED
@given(
    st.sampled_from([path for path in _paths(DATA) if len(path) > 2]),
    st.sampled_from(["x", "a_b", 5, 5433, True, None, [], ["x"], {}, {"name": "x"}]),
)
def test_what_the_cache_gives_back_equals_what_was_validated(tmp_path_factory, path, value):
    content = yaml.safe_dump(_replaced(DATA, path, value)).encode()
    result = _validated(content)
    file = tmp_path_factory.mktemp("cache") / "environments.yaml"
    if isinstance(result, EnvironmentsFile):
        cache.write(file, content, result)
        assert cache.read(file, content) == result
    else:
        assert result.code == 4
