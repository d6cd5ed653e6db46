"""What repeats an environment's refresh: a systemd service and timer, or a line for cron.

Both run scripts/scheduled.sh, which keeps runs apart, bounds and logs them, and sends the pings.
"""

from __future__ import annotations

import re
from pathlib import Path

from dbops.commands.shell import RUN, equals, lines, words
from dbops.environments.frozen import Frozen

SYSTEM_UNITS = Path("/etc/systemd/system")
USER_UNITS = Path(".config/systemd/user")
# The wrapper's own pings, and the KILL that follows a TERM, come on top of the command's time.
_SPARE_MINUTES = 5


class Schedule(Frozen):
    """Everything the texts are made from.

    Attributes:
        environment: the name of the environment that is refreshed.
        project: the name of the project.
        calendar: when, as systemd's OnCalendar.
        timeout_minutes: how long one refresh may take, in minutes.
        checkout: the directory of this tool, absolute.
        account: the login the refresh runs as.
        home: its home directory.
        is_system: whether the units are root's, or of the account's own systemd.
        file: the environments file, when it is not the one in the checkout.
        ping_url_file: the file with the ping URL, absolute.
    """

    environment: str
    project: str
    calendar: str
    timeout_minutes: int
    checkout: Path
    account: str
    home: Path
    is_system: bool
    file: Path | None = None
    ping_url_file: Path | None = None

    @property
    def service(self) -> str:
        """Return the name of the service."""
        return f"dbops-{self.project}-{self.environment}-refresh.service"

    @property
    def timer(self) -> str:
        """Return the name of the timer."""
        return f"dbops-{self.project}-{self.environment}-refresh.timer"

    @property
    def units(self) -> Path:
        """Return the directory of the units."""
        return SYSTEM_UNITS if self.is_system else self.home / USER_UNITS

    @property
    def state(self) -> Path:
        """Return where the lock, the logs and the time of the last success are."""
        return self.home / ".local/state/dbops" / self.project / self.environment / "refresh"

    @property
    def texts(self) -> dict[str, str]:
        """Return both units by their names."""
        return {self.service: service(self), self.timer: timer(self)}


def wrapped(schedule: Schedule) -> tuple[str, ...]:
    """Return the words that refresh once, with all that surrounds it."""
    ping = ("--ping-url-file", schedule.ping_url_file) if schedule.ping_url_file else ()
    other = ("env", f"DBOPS_ENVIRONMENTS={schedule.file}") if schedule.file else ()
    parts = (
        *("/bin/sh", schedule.checkout / "scripts/scheduled.sh", "--state", schedule.state),
        *("--timeout", 60 * schedule.timeout_minutes, *ping, "--", *other),
        *(schedule.checkout / "fab", "-H", schedule.environment, "refresh"),
    )
    return tuple(map(str, parts))


def service(schedule: Schedule) -> str:
    """Return the service unit."""
    return "\n".join(
        [
            "[Unit]",
            f"Description=Refresh of {schedule.environment} ({schedule.project})",
            *(_WITH_NETWORK if schedule.is_system else ()),
            "",
            "[Service]",
            "Type=oneshot",
            *([f"User={schedule.account}"] if schedule.is_system else ()),
            # The only path that systemd neither unquotes nor looks for variables in.
            f"WorkingDirectory={_percent(schedule.checkout)}",
            f"Environment={_word(f'HOME={schedule.home}', dollar='$')}",
            f"ExecStart={' '.join(map(_word, wrapped(schedule)))}",
            f"TimeoutStartSec={schedule.timeout_minutes + _SPARE_MINUTES}min",
            *_SERVICE,
            *(_PROTECTED if schedule.is_system else ()),
            "",
        ]
    )


_WITH_NETWORK = ("Wants=network-online.target", "After=network-online.target")
_SERVICE = (
    "TimeoutStopSec=3min",
    # TERM goes to the wrapper alone, which passes it on and still sends its last ping.
    "KillMode=mixed",
    # Somebody else was changing the environment: skipped, not failed.
    "SuccessExitStatus=75",
    "StandardInput=null",
    "UMask=0077",
    "NoNewPrivileges=true",
    "LockPersonality=true",
    "RestrictRealtime=true",
    "RestrictSUIDSGID=true",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
)
# A user's systemd has not the privileges these take.
_PROTECTED = (
    "ProtectSystem=full",
    "ProtectControlGroups=true",
    "ProtectKernelModules=true",
    "ProtectKernelTunables=true",
)


def timer(schedule: Schedule) -> str:
    """Return the timer unit: it catches up after a downtime, and spreads its start by 2 minutes."""
    return "\n".join(
        [
            "[Unit]",
            f"Description=When {schedule.environment} ({schedule.project}) is refreshed",
            "",
            "[Timer]",
            f"OnCalendar={_percent(schedule.calendar)}",
            "Persistent=true",
            "RandomizedDelaySec=2min",
            "AccuracySec=1min",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )


def _percent(text: str | Path) -> str:
    return str(text).replace("%", "%%")


def _word(text: str, *, dollar: str = "$$") -> str:
    """Return TEXT as one word of a unit; a $ is doubled for ExecStart, not for Environment."""
    escaped = _percent(text).replace("$", dollar)
    if re.fullmatch(r"[\w@%+=:,./$-]+", escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def checked(schedule: Schedule) -> str:
    """Return what writes the units into the directory of the run and has systemd judge them."""
    written = (f"printf %s {words(text)} >{RUN}/{name}" for name, text in schedule.texts.items())
    # A user's systemd-analyze looks for its own directory, which only a login session has.
    analyze = "systemd-analyze" if schedule.is_system else f"XDG_RUNTIME_DIR={RUN} {_USER_ANALYZE}"
    return lines(
        *written,
        f"{analyze} verify {_in_run(schedule)}",
        words("systemd-analyze", "calendar", "--", schedule.calendar),
    )


_USER_ANALYZE = "systemd-analyze --user"


def _in_run(schedule: Schedule) -> str:
    return " ".join(f"{RUN}/{name}" for name in schedule.texts)


def written(schedule: Schedule) -> str:
    """Return what copies the checked units to where systemd looks for them."""
    install = words("install", "-m", "0644", "-t", schedule.units)
    return lines(words("mkdir", "-p", "--", schedule.units), f"{install} {_in_run(schedule)}")


def same(schedule: Schedule) -> str:
    """Return a test that the units lie there as they were checked."""
    return lines(*(f"cmp {RUN}/{name} {words(schedule.units / name)}" for name in schedule.texts))


def systemctl(schedule: Schedule, *arguments: str) -> tuple[str, ...]:
    """Return the words of systemctl for the systemd that owns the units."""
    return ("systemctl", *(() if schedule.is_system else ("--user",)), *arguments)


def started(schedule: Schedule) -> str:
    """Return what makes systemd read the units and starts the timer, now and after each boot."""
    return lines(
        words(*systemctl(schedule, "daemon-reload")),
        words(*systemctl(schedule, "enable", "--now", schedule.timer)),
    )


def is_started(schedule: Schedule) -> str:
    """Return a test that the timer is enabled and waiting."""
    asked = ("is-enabled", "is-active")
    return lines(*(words(*systemctl(schedule, each, schedule.timer)) for each in asked))


def lingering(schedule: Schedule) -> tuple[str, ...]:
    """Return the words that ask whether the account's systemd goes on after a logout: yes or no."""
    return ("loginctl", "show-user", schedule.account, "--property=Linger", "--value")


def linger(schedule: Schedule) -> str:
    """Return what keeps the account's systemd going after a logout."""
    return words("loginctl", "enable-linger", schedule.account)


def let_linger(schedule: Schedule) -> str:
    """Return the same, which tells who can where the account itself may not."""
    told = words("echo", f"root has to allow it once: {linger(schedule)}")
    # Without polkit, as on a small server, logind lets nobody but root decide.
    return f"{linger(schedule)} || {{ {told}; exit 1; }}"


def is_lingering(schedule: Schedule) -> str:
    """Return a test that the account's systemd goes on after a logout."""
    return equals(words(*lingering(schedule)), "yes")


def given_back(project_directory: Path, environment: str) -> str:
    """Return what gives all that root wrote to the owner of the project."""
    own = project_directory / ".dbops"
    owner = f"--reference={project_directory}"
    cache = words("find", own, "-maxdepth", "1", "-name", "cache")
    return lines(
        words("chown", "-h", owner, "--", own),
        words("chown", "-hR", owner, "--", own / environment),
        # An owner who cannot write there has environments.yaml checked anew by every command.
        f"{cache} {words('-exec', 'chown', '-hR', owner, '--', '{}', '+')}",
    )
