"""Every old make target in all its spellings, with the command line of inv that it has to run."""

from __future__ import annotations

from typing import NamedTuple


class Old(NamedTuple):
    """Targets that mean the same command."""

    targets: str
    variables: dict[str, str]
    command: str

    @property
    def words(self) -> list[str]:
        """Return the words given to inv; an old variable stands for its own value."""
        return [_filled(word, self.variables) for word in self.command.split()]


def _filled(word: str, variables: dict[str, str]) -> str:
    option, equals, name = word.partition("=")
    return f"{option}={variables[name]}" if equals else word


PROD = {"ENV": "vm_prod"}
SURE = {**PROD, "FORCE": "1", "CONFIRM": "vm_prod"}
DEV = {"ENV": "local_dev"}
MSG = {"MSG": "add the stock table"}
DUMP = {"DUMP": "backups/vm_prod of today.dump"}
SQL = {"SQL": "/srv/old/sanbou.sql"}
BASELINE = {"REV": "0001_baseline"}

OLD = (
    Old("up up-env up-v2 up-v2-env", DEV, "up --env=ENV"),
    Old("up", {**DEV, "PLAN": "1"}, "up --env=ENV --plan"),
    Old("down down-env down-v2 down-v2-env", DEV, "down --env=ENV"),
    Old("restart restart-env restart-v2 restart-v2-env", DEV, "restart --env=ENV"),
    Old("ps ps-env ps-v2 ps-v2-env", PROD, "ps --env=ENV"),
    Old("logs logs-env logs-v2 logs-v2-env", PROD, "logs --env=ENV"),
    Old("logs logs-env", {**PROD, "S": "db"}, "logs --env=ENV --service=S"),
    Old("health health-env health-v2 health-v2-env", PROD, "health --env=ENV"),
    Old("config config-env config-v2 config-v2-env", PROD, "config --env=ENV"),
    Old("backup backup-env backup-v2 backup-v2-env", DEV, "backup --env=ENV"),
    Old("backup", {"ENV": "dev"}, "backup --env=ENV"),
    Old("backup", {**PROD, "PLAN": "1"}, "backup --env=ENV --plan"),
    Old(
        "restore-from-dump restore-from-dump-env restore-from-dump-v2 restore-from-dump-v2-env",
        {**SURE, **DUMP},
        "restore --env=ENV --dump=DUMP --confirm=CONFIRM --force",
    ),
    Old(
        "restore-from-sql restore-from-sql-env restore-from-sql-v2 restore-from-sql-v2-env",
        {**DEV, **SQL},
        "restore --env=ENV --sql=SQL",
    ),
    Old(
        "db-apply-snapshot db-apply-snapshot-env db-apply-snapshot-v2 db-apply-snapshot-v2-env",
        {**PROD, "FORCE": "1"},
        "db-apply-snapshot --env=ENV --force",
    ),
    Old(
        "db-bootstrap-roles db-bootstrap-roles-env db-bootstrap-roles-v2 db-bootstrap-roles-v2-env",
        PROD,
        "db-bootstrap-roles --env=ENV",
    ),
    Old(
        "db-reset-volume db-reset-volume-env db-reset-volume-v2 db-reset-volume-v2-env",
        SURE,
        "db-reset-volume --env=ENV --confirm=CONFIRM --force",
    ),
    Old("db-reset-volume-v2-env", {**PROD, "FORCE": "0"}, "db-reset-volume --env=ENV"),
    Old(
        "db-init-from-snapshot db-init-from-snapshot-env"
        " db-init-from-snapshot-v2 db-init-from-snapshot-v2-env",
        {**SURE, "PLAN": "1"},
        "db-init-from-snapshot --env=ENV --confirm=CONFIRM --force --plan",
    ),
    Old("al-up al-up-env al-up-v2 al-up-v2-env", DEV, "al-up --env=ENV"),
    Old("al-up", {**PROD, "PLAN": "1"}, "al-up --env=ENV --plan"),
    Old("al-up", {**PROD, "PLAN": "0"}, "al-up --env=ENV"),
    Old(
        "al-down al-down-env al-down-v2 al-down-v2-env",
        SURE,
        "al-down --env=ENV --confirm=CONFIRM --force",
    ),
    Old("al-cur al-cur-env al-cur-v2 al-cur-v2-env", DEV, "al-cur --env=ENV"),
    Old("al-hist al-hist-env al-hist-v2 al-hist-v2-env", DEV, "al-hist --env=ENV"),
    Old("al-heads al-heads-env al-heads-v2 al-heads-v2-env", DEV, "al-heads --env=ENV"),
    Old(
        "al-stamp al-stamp-env al-stamp-v2 al-stamp-v2-env",
        {**DEV, **BASELINE},
        "al-stamp --env=ENV --rev=REV",
    ),
    Old("al-rev al-rev-env al-rev-v2 al-rev-v2-env", MSG, "al-rev --message=MSG"),
    Old("al-rev", {**MSG, "ENV": "local_demo"}, "al-rev --env=ENV --message=MSG"),
    Old(
        "al-rev-auto al-rev-auto-env al-rev-auto-v2 al-rev-auto-v2-env",
        MSG,
        "al-rev-auto --message=MSG",
    ),
    Old("al-cur-legacy al-cur-env-legacy", DEV, "al-cur-legacy --env=ENV"),
    Old("al-up-legacy al-up-env-legacy", DEV, "al-up-legacy --env=ENV"),
    Old("al-down-legacy al-down-env-legacy", DEV, "al-down-legacy --env=ENV"),
    Old(
        "al-dump-schema-current al-dump-schema-current-env"
        " al-dump-schema-current-v2 al-dump-schema-current-v2-env",
        {},
        "baseline-export",
    ),
    Old("al-dump-schema-current", DEV, "baseline-export --env=ENV"),
)
