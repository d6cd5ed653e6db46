#!/bin/sh
# The old name of `inv baseline-export`, which people's runbooks know.
exec "$(dirname -- "$0")/../../inv" baseline-export --env local_dev "$@"
