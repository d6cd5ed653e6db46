from __future__ import annotations

import pytest

from dbops.environments import cache, load, validation
from dbops.environments.model import EnvironmentsFile

SMALL = b"project: shop\nenvironments: {here: {backend: embedded, database: {name: shop}}}\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "environments.yaml"
    path.write_bytes(SMALL)
    return path


@pytest.fixture
def validations(monkeypatch):
    """Every validation from here on, so that a test can see whether the cache answered."""
    seen = []
    validate = validation.validate
    monkeypatch.setattr(
        validation,
        "validate",
        lambda file, content: seen.append(content) or validate(file, content),
    )
    return seen


def _entries(file):
    return sorted(file.parent.joinpath(".dbops/cache").iterdir())


def test_the_second_load_comes_from_the_cache_and_is_the_same(file, validations):
    assert load(file) == load(file)
    assert validations == [SMALL]
    assert _entries(file) == [cache.entry(file, SMALL)]


def test_a_changed_file_is_validated_and_the_old_entry_is_pruned(file, validations):
    load(file)
    changed = SMALL.replace(b"shop}", b"store}")
    file.write_bytes(changed)
    assert load(file).environments["here"].database.name == "store"
    assert validations == [SMALL, changed]
    assert _entries(file) == [cache.entry(file, changed)]


def test_two_files_in_one_folder_keep_their_entries_apart(file, validations):
    other = file.with_name("environments-b.yaml")
    other.write_bytes(SMALL.replace(b"shop", b"other"))
    for path in (file, other, file, other):
        load(path)
    assert len(validations) == 2
    assert load(other).project == "other"


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b"\n{}", b"x" * 64 + b"\n{}"])
def test_a_damaged_entry_is_validated_again_and_replaced(file, validations, damage):
    whole = load(file)
    entry = cache.entry(file, SMALL)
    entry.write_bytes(damage)
    assert load(file) == load(file) == whole
    assert len(validations) == 2


def test_one_changed_letter_of_an_entry_is_noticed(file):
    load(file)
    entry = cache.entry(file, SMALL)
    entry.write_bytes(entry.read_bytes().replace(b'"shop"', b'"prod"'))
    assert load(file).environments["here"].database.name == "shop"


def test_a_folder_that_cannot_be_written_costs_time_but_no_error(file, validations):
    file.parent.joinpath(".dbops").write_text("in the way")
    assert load(file) == load(file)
    assert validations == [SMALL, SMALL]


def test_an_entry_depends_on_the_source_of_the_rules(file, tmp_path, monkeypatch):
    before = cache.entry(file, SMALL)
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "model.py").write_text("changed = True\n")
    monkeypatch.setattr(cache, "_SOURCES", sources)
    assert cache.entry(file, SMALL) != before


def test_an_entry_holds_everything_the_file_says(file):
    content = SMALL + b"retired: {old: here}\n"
    content = content.replace(
        b"{name: shop}",
        b"{name: shop}, guard: {freezes: [{start: 2026-01-01T00:00:00Z,"
        b" end: 2026-01-02T00:00:00+09:00, reason: year end}]}, aliases: [a, b]",
    )
    parsed = validation.validate(file, content)
    cache.write(file, content, parsed)
    again = cache.read(file, content)
    assert isinstance(again, EnvironmentsFile)
    assert again == parsed
    assert again.environments["here"].guard.freezes[0].reason == "year end"


def test_a_wrong_file_leaves_no_entry(file):
    file.write_bytes(b"project: shop\n")
    with pytest.raises(validation.UsageProblem):
        load(file)
    assert not file.parent.joinpath(".dbops").exists()
