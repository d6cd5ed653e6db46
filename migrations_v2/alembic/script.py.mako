<% quoted = lambda value: repr(value).replace("'", '"') %>\
"""${message.rstrip(".").replace("\\", "\\\\").replace('"', '\\"')}.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

from __future__ import annotations

% if "sa." in (upgrades or "") + (downgrades or ""):
import sqlalchemy as sa
% endif
from alembic import op
${imports if imports else ""}
revision = "${up_revision}"
down_revision = ${quoted(down_revision)}
% if branch_labels:
branch_labels = ${quoted(branch_labels)}
% endif
% if depends_on:
depends_on = ${quoted(depends_on)}
% endif

# A statement waits 2 s for a lock and runs 60 s at most; a revision that loses a lock is rolled
# back and tried again. One that needs more time sets the module attributes lock_timeout or
# statement_timeout here, as strings in PostgreSQL's units: "20min", or "0" for no limit, which
# CREATE INDEX CONCURRENTLY needs for its lock_timeout. What cannot run in a transaction goes into
# a block `with op.get_context().autocommit_block():`, alone in its revision: all before the block
# is committed, so such a revision is never tried again. COPY through the driver is not available.
<% body = lambda text: "\n".join(line for line in text.splitlines() if "# ###" not in line).strip() %>

def upgrade() -> None:
    ${body(upgrades) if upgrades else "pass"}


def downgrade() -> None:
    ${body(downgrades) if downgrades else "pass"}
