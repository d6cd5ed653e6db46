# What differs between two catalogues after an upgrade and does not come from what differed before.
#
#   awk -f new_differences.awk when=before side=rehearsed FILE side=expected FILE \
#       when=after side=rehearsed FILE side=expected FILE
#
# A line of a FILE is a JSON list: kind, identity and definition of an object, then kind and identity
# of its parents. IGNORED, in the environment, has an extended regular expression on each line; what
# one matches, by its identity or by kind and identity, is not compared, nor is what belongs to it.
# Prints how many lines differed before, then each new one, behind a tab when it is an expected one.
function unescaped(text,    at, each, made) {
    if (!index(text, "\\")) return text
    for (at = 1; at <= length(text); at++) {
        each = substr(text, at, 1)
        if (each == "\\" && substr(text, at + 1, 1) ~ /["\\\/]/) each = substr(text, ++at, 1)
        made = made each
    }
    return made
}
function read(text,    count) {
    for (count = 0; count < 5 && match(text, /"([^"\\]|\\.)*"/); text = substr(text, RSTART + RLENGTH))
        part[++count] = unescaped(substr(text, RSTART + 1, RLENGTH - 2))
    return count
}
function is_ignored(where, object,    each) {
    for (; object != ""; object = above[where, object])
        for (each in ignored)
            if (object ~ ignored[each] || identity[object] ~ ignored[each]) return 1
    return 0
}
# An object that differed before may be renamed, or its parent be: the rest of its name is the same.
function is_known(where, object) {
    for (; object != ""; object = above[where, object])
        if (object in before || rest[where, object] in gone) return 1
    return 0
}
function without(text, name,    at) {
    at = index(text, name)
    return at ? substr(text, 1, at - 1) substr(text, at + length(name)) : text
}
BEGIN {
    many = split(ENVIRON["IGNORED"], ignored, "\n")
}
{
    has_parent = read($0) == 5
    object = part[1] " " part[2]
    where = when SUBSEP side
    identity[object] = part[2]
    above[where, object] = has_parent ? part[4] " " part[5] : ""
    rest[where, object] = part[1] " " (has_parent ? without(part[2], part[5]) : part[2])
    seen[where, $0] = 1
    line[NR] = $0; name[NR] = object; moment[NR] = when; from[NR] = side
}
END {
    for (at = 1; at <= NR; at++) {
        other = from[at] == "expected" ? "rehearsed" : "expected"
        where = moment[at] SUBSEP from[at]
        if ((moment[at], other, line[at]) in seen || is_ignored(where, name[at])) continue
        if (moment[at] == "before") {
            drift++
            before[name[at]] = where
        } else {
            after[name[at]] = 1
            found[++count] = at
        }
    }
    for (object in before)
        if (!(object in after)) gone[rest[before[object], object]] = 1
    print drift + 0
    for (each = 1; each <= count; each++) {
        at = found[each]
        if (!is_known(moment[at] SUBSEP from[at], name[at]))
            print (from[at] == "expected" ? "\t" : "") line[at]
    }
}
