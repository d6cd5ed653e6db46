"""Shell text that moves the baseline of a checkout: its new files, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands.shell import lines, words
from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class Facts(Frozen):
    """What a new baseline revision says about itself.

    Attributes:
        revision: its id, that of the last revision it stands for.
        snapshot: the file it stands for, as environments.yaml has it.
        replaces: the other revisions it stands for, by the last commit that upgrades from them.
    """

    revision: str
    snapshot: str
    replaces: tuple[tuple[str, tuple[str, ...]], ...]


_HEAD = '''\
"""Baseline: the snapshot is here.

Stands for {snapshot}, and with it for the revisions that `replaces` names and for the
one whose id it has; their files lie in archive/. A database at this id or past it goes on from
here. One behind it is upgraded by the commit that is named there first.

Revision ID: {revision}
Revises:
"""

from __future__ import annotations

from dbops_migrator import baseline

revision = "{revision}"
down_revision = None

# by the last commit that can upgrade from them
replaces = {{
{replaces}
}}

# the tables, views and materialized views of the snapshot, without partitions
RELATIONS = (
'''
_TAIL = """\
)


def upgrade() -> None:
    baseline.require(RELATIONS)


def downgrade() -> None:
    baseline.refuse(revision)
"""


def baseline_file(facts: Facts, relations: str, path: Path) -> str:
    """Return what writes the revision file PATH, with the lines of the file RELATIONS in it."""
    replaced = [
        line
        for commit, revisions in facts.replaces
        for line in (f'    "{commit}": (', *(f'        "{each}",' for each in revisions), "    ),")
    ]
    head = _HEAD.format(
        snapshot=facts.snapshot, revision=facts.revision, replaces="\n".join(replaced)
    )
    printed = (words("printf", "%s", head), f"cat {relations}", words("printf", "%s", _TAIL))
    return f"{{ {'; '.join(printed)}; }} >{words(path)}"


def file(path: Path, text: str) -> str:
    """Return what writes TEXT to PATH."""
    return f"{words('printf', '%s', text)} >{words(path)}"


def no_rows(answer: str, accepted: Iterable[str], accepting: str) -> str:
    """Return a test that the file ANSWER names nothing but what is ACCEPTED.

    Args:
        answer: the output of sql/queries/rows.sql, as a shell word.
        accepted: names of tables and sequences.
        accepting: the command that accepts them, less the names, for the message.
    """
    names = words("printf", r"%s\n", *accepted)
    told = "a snapshot holds no rows, and the archived revisions fill these in an empty database:"
    return f"""\
cut -f 1 {answer} >{answer}.names
lost=$({names} | grep -v -x -F -f - {answer}.names) || true
if [ -n "$lost" ]; then
    {words("echo", told)}
    cat {answer}
    echo {words("next:", accepting)} "$(paste -s -d , {answer}.names)"
    exit 1
fi"""


def undo(directory: Path, written: Sequence[Path], folders: Sequence[Path], mark: Path) -> str:
    """Return what brings WRITTEN back to what is committed, and removes what is new in FOLDERS.

    Args:
        directory: the checkout.
        written: files and folders that git knows; they had no changes before.
        folders: where new files were written.
        mark: the file that says that this is to be done.
    """
    git = ("git", "-C", directory)
    return lines(
        words(*git, "restore", "--source=HEAD", "--staged", "--worktree", "--", *written),
        words(*git, "clean", "--quiet", "--force", "-d", "--", *folders),
        words("rm", "-f", "--", mark),
    )


def check_own(directory: Path, written: Sequence[Path], mark: Path) -> str:
    """Return a test that all that differs in WRITTEN is what the killed move that left MARK wrote.

    What a person did since then would be lost by taking it back.
    """
    git = ("git", "-c", "core.quotePath=off", "-C", directory)
    place = words(directory)
    why = "the checkout has changes that the interrupted move did not make; commit or move them:"
    return f"""\
others=$({{
    {words(*git, "diff", "--name-only", "--relative", "HEAD", "--", *written)}
    {words(*git, "ls-files", "--others", "--exclude-standard", "--", *written)}
}} | while IFS= read -r each; do
    [ ! -e {place}/"$each" ] ||
        printf '%s  %s\\n' "$(sha256sum <{place}/"$each" | cut -d ' ' -f 1)" {place}/"$each" |
            grep -v -x -F -f {words(mark)} | cut -d ' ' -f 3-
done)
[ -z "$others" ] || {{ {words("echo", why)}; echo "$others"; exit 1; }}"""


def write(
    directory: Path,
    *,
    commit: str,
    unchanged: Sequence[Path],
    undo: str,
    mark: Path,
    moves: Sequence[tuple[str, Path]],
    texts: Sequence[tuple[Path, str]],
) -> str:
    """Return what writes into the checkout, all or nothing.

    Args:
        directory: the checkout.
        commit: what it has to be at.
        unchanged: what must not differ from it.
        undo: what takes it back when a command fails or is interrupted.
        mark: the file that is there meanwhile; a kill leaves it for the next run.
        moves: source, as a shell word, and target of each file, in order.
        texts: files written last, with their contents.
    """
    git = ("git", "-C", directory)
    status = words(*git, "status", "--porcelain", "--", *unchanged)
    changed = words("echo", "the checkout changed after the plan was made")
    ready = [mark.parent / path.name for path, _ in texts]
    return lines(
        f'[ "$({words(*git, "rev-parse", "HEAD")})" = {commit} ] && [ -z "$({status})" ] || '
        f"{{ {changed}; exit 1; }}",
        *(file(new, text) for new, (_, text) in zip(ready, texts, strict=True)),
        f"take_back() {{\n{undo}\n}}",
        "trap 'code=$?; [ $code -eq 0 ] || take_back' EXIT",
        "trap 'exit 130' INT TERM HUP",
        *(_noted(source, target, mark) for source, target in moves),
        *(_noted(words(new), path, mark) for new, (path, _) in zip(ready, texts, strict=True)),
        *dict.fromkeys(words("mkdir", "-p", "--", target.parent) for _, target in moves),
        *(f"mv -- {source} {words(target)}" for source, target in moves),
        *(words("mv", "--", new, path) for new, (path, _) in zip(ready, texts, strict=True)),
        words("rm", "-f", "--", mark),
        words("rm", "-rf", "--", mark.parent),
    )


def _noted(source: str, target: Path, mark: Path) -> str:
    """Return what notes in MARK that TARGET will be what the shell word SOURCE names now."""
    return (
        f"printf '%s  %s\\n' \"$(sha256sum <{source} | cut -d ' ' -f 1)\" {words(target)}"
        f" >>{words(mark)}"
    )
