"""What a deploy would bring to a host: the commit, what leads to it, and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import host as commands
from dbops.commands.shell import by_kind
from dbops.environments.frozen import Frozen
from dbops.errors import Problem, Refused

if TYPE_CHECKING:
    from dbops.state import HostFacts
    from dbops.target import Target


class Upstream(Frozen):
    """The commit a deploy ends at.

    Attributes:
        commit: its full hash; the checkout's own when nothing is pulled.
        log: one line a commit that is new to the host, newest first.
        files: the files that differ from the checkout's commit.
        archive: its migrations and SQL, a compressed tar in base64.
    """

    commit: str
    log: tuple[str, ...]
    files: tuple[str, ...]
    archive: str


def ask(target: Target, host: HostFacts, *, pull: bool) -> Upstream:
    """Return what TARGET's remote has for its branch, or what its checkout has when not PULLing.

    Raises:
        Problem: the remote does not answer, or lacks the branch (exit 1).
        Refused: it and the checkout have diverged (exit 3).
    """
    asked = commands.upstream(target.environment, pull=pull)
    said = by_kind(target.ask(asked).out)
    _check_answer(target, said)
    _check_forward(target, host, said)
    return Upstream(
        commit=said["planned"][0],
        log=tuple(said.get("log", ())),
        files=tuple(said.get("file", ())),
        archive="".join(said.get("tar", ())),
    )


def _check_answer(target: Target, said: dict[str, list[str]]) -> None:
    git = target.environment.git
    if "failed" in said or "planned" not in said:
        raise Problem(
            f"{target.name}: git cannot read {git.branch} of {git.remote} from the host",
            where=str(target.environment.project_directory),
            why="; ".join(each for each in said.get("failed", []) if each) or "git said nothing",
            next_command="correct the remote or its access on the host, or deploy with --no-pull",
        )


def _check_forward(target: Target, host: HostFacts, said: dict[str, list[str]]) -> None:
    if "forward" in said:
        return
    git = target.environment.git
    ahead = "contained" in said
    raise Refused(
        f"{target.name}: the checkout on the host "
        + ("has commits that were never pushed" if ahead else "has diverged"),
        where=f"{host.commit[:12]} there, {said['planned'][0][:12]} at {git.remote}/{git.branch}",
        why="a deploy only goes forwards, to what is at the remote",
        next_command=f"push or remove those commits on the host, then {target.command('deploy')}",
    )
