# The rows of each table in a dump's text, as JSON lines, and whether the text came to its end.
# A row of COPY is one line: a line end inside a value is written as \n.
# Text of a JSON string; what gsub makes of several backslashes differs between awks.
function quoted(text,    at, each, made) {
    for (at = 1; at <= length(text); at++) {
        each = substr(text, at, 1)
        made = made (each == "\\" || each == "\"" ? "\\" : "") each
    }
    return made
}
!inside && /^COPY / && / FROM stdin;$/ {
    table = substr($0, 6)
    match(table, /^("([^"]|"")+"|[^" .]+)\.("([^"]|"")+"|[^" .]+)/)
    table = substr(table, 1, RLENGTH)
    inside = 1
    rows = 0
    first = ""
    next
}
inside && $0 == "\\." {
    printf "table\t\"%s\": %d\n", quoted(table), rows
    if (table == "public.alembic_version") print "revision\t" first
    inside = 0
    next
}
inside {
    if (rows == 0) first = $0
    else if (table == "public.alembic_version") first = first "," $0
    rows++
    next
}
/^dbops: pg_restore ended with / { code = $NF; ended = 1 }
END { exit (ended && code == 0 && !inside) ? 0 : 1 }
