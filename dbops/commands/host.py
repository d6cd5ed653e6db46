"""Questions to a host, and the steps on its checkout. Pure: shell text, all quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import psql, sql
from dbops.commands.remote import question
from dbops.commands.shell import equals, lines, words
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.commands.backend import Backend
    from dbops.commands.shell import Question
    from dbops.environments.model import Environment
    from dbops.state import Database

FETCH_SECONDS = 120
JOURNAL_LINES = 300


def facts(environment: Environment, home: Path) -> Question:
    """Return the question who the host is, what its checkout is at, and who works on it."""
    place, state = words(environment.project_directory), words(home)
    return question(f"""\
cd {place} 2>/dev/null || {{ echo missing; exit; }}
printf 'name %s\\nuser %s\\n' "$(uname -n)" "$(id -un)"
cat .dbops/environment 2>/dev/null | sed 's/^/marker /'; echo
git rev-parse HEAD 2>&1 | sed 's/^/commit /'
git symbolic-ref --quiet --short HEAD | sed 's/^/branch /'
git --no-optional-locks status --porcelain 2>&1 | sed 's/^/changed /'
cd {state} 2>/dev/null || exit 0
cat hold.json 2>/dev/null | sed 's/^/hold /'; echo
[ ! -e lock ] || flock --shared --nonblock lock true || {{ sed 's/^/holder /' lock; echo; }}
tail -n {JOURNAL_LINES} journal.jsonl 2>/dev/null | sed 's/^/journal /'
""")


def upstream(environment: Environment, *, pull: bool) -> Question:
    """Return the question what a deploy would bring: the commit, its log and its files.

    Nothing is written into the repository: what has to be fetched to be read goes into a directory
    of its own, which git takes as one more place of objects, and is removed.

    Args:
        environment: names the checkout, the remote and the branch.
        pull: ask the remote; otherwise the present commit stays.
    """
    git, migrations = environment.git, environment.migrations
    ini = migrations.ini.rpartition("/")[0] or "."
    files = [ini, migrations.snapshot, *([migrations.roles] if migrations.roles else [])]
    there = words(git.remote, f"refs/heads/{git.branch}")
    ask = f"""\
ask() {{
    said=$(GIT_TERMINAL_PROMPT=0 timeout {FETCH_SECONDS} git "$@" 2>&1) && return
    echo "$said" | sed 's/^/failed /'
    exit
}}
ask ls-remote --exit-code {there}
# ssh may warn in other lines, and does so about an old server.
planned=$(echo "$said" | sed -n 's/^\\([0-9a-f]\\{{40,\\}}\\)[[:space:]].*/\\1/p')
if ! git cat-file -e "$planned^{{commit}}" 2>/dev/null; then
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$(cd "$(git rev-parse --git-path objects)" && pwd -P)
    GIT_OBJECT_DIRECTORY=$(mktemp -d)
    trap 'rm -rf "$GIT_OBJECT_DIRECTORY"' EXIT
    export GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_OBJECT_DIRECTORY
    ask -c gc.auto=0 -c maintenance.auto=false fetch --quiet --no-tags --no-write-fetch-head \\
        --refmap= {there}
fi
"""
    return question(f"""\
cd {words(environment.project_directory)} || exit 0
{ask if pull else "planned=$(git rev-parse HEAD)"}
git cat-file -e "$planned^{{commit}}" || {{ echo "failed $planned is not there"; exit; }}
echo "planned $planned"
git merge-base --is-ancestor HEAD "$planned" && echo forward
git merge-base --is-ancestor "$planned" HEAD && echo contained
git log --format='log %h %an: %s' "HEAD..$planned"
git diff --name-only "HEAD" "$planned" | sed 's/^/file /'
set --
for each in {words(*files)}; do git cat-file -e "$planned:./$each" && set -- "$@" "$each"; done
[ $# -eq 0 ] ||
    git --literal-pathspecs archive --format=tar.gz "$planned" -- "$@" | base64 | sed 's/^/tar /'
""")


def unchanged(
    beside: Backend,
    environment: Environment,
    *,
    marker: str,
    commit: str,
    changed: tuple[str, ...],
    found: Database | None,
) -> Step:
    """Return the step that sees that host, checkout and database are what was planned with."""
    place = environment.project_directory
    status = ("git", "--no-optional-locks", "-C", place, "status", "--porcelain")
    said = f"cat {words(place / '.dbops' / 'environment')} 2>/dev/null || :"
    checks = [
        equals(said, marker),
        equals(words("git", "-C", place, "rev-parse", "HEAD"), commit),
        equals(f"{words(*status)} 2>&1 | cut -c 4-", "\n".join(changed)),
    ]
    if found is not None and found.exists and found.is_open:
        says = "SELECT coalesce(current_setting('dbops.environment', true), '')"
        checks.append(equals(psql.ask(beside, says), found.environment))
        if found.versions:
            checks.append(equals(psql.ask(beside, sql.VERSIONS), ",".join(found.versions)))
    return Step(title="see that nothing has changed since the plan", command=lines(*checks))


def fast_forward(environment: Environment, commit: str) -> Step:
    """Return the step that brings the checkout to COMMIT, forwards only."""
    settings = environment.git
    # A git that cleans up in the background would inherit the run's lock, and keep it.
    attached = ("-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false")
    git = ("git", *attached, "-C", str(environment.project_directory))
    fetch = ("timeout", str(FETCH_SECONDS), *git, "fetch", "--quiet", "--no-tags")
    return Step(
        title=f"fast-forward the checkout to {commit[:12]}",
        command=lines(
            "export GIT_TERMINAL_PROMPT=0",
            # So would the cache of a credential helper.
            "exec 9>&-",
            words(*fetch, settings.remote, f"refs/heads/{settings.branch}"),
            words(*git, "merge", "--quiet", "--ff-only", commit),
        ),
        verify=equals(words(*git, "rev-parse", "HEAD"), commit),
    )
