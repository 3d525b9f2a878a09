# What doxygen reads in place of a source, line for line: awk -f source.awk MAP FILE. In MAP, which pages.py writes, are
# lines "group PATTERN-LESS PATH NAME" and "page PATH ID".
#
# - The file, and all that a header declares, belongs to the group of its subsystem.
# - A page named in a comment, docs/design.md, becomes a link.
# - A comment behind several members is one for each.
# - Of assembly only comments and includes are left; doxygen does not read more.
NR == FNR {
    if ($1 == "group") group[$2] = $3
    if ($1 == "page") page[$2] = $3
    next
}
FNR == 1 {
    path = FILENAME
    sub(/^.*build\/docs\/source\//, "", path)
    header = path ~ /\.h$/
    assembly = path ~ /(\.S|_macros\.h)$/
}
assembly && !/^ *\/\/\// && !/^#include/ {
    print ""
    next
}
/^\/\/\/ @file$/ {
    print "/// @infile{" group[path] "}"
    next
}
# The line behind it is empty.
opening {
    print "/** @begin{" group[path] "} */"
    opening = 0
    opened = 1
    next
}
header && /^#pragma once$/ { opening = 1 }
/\/\// && /docs\/[a-z\/-]*\.md/ {
    for (p in page) if ((at = index($0, p)) != 0) $0 = substr($0, 1, at - 1) "@ref " page[p] substr($0, at + length(p))
}
/^ +[a-z0-9_]+ [^(){}\/]*,[^(){}\/]*; +\/\/\/< / {
    at = index($0, "///< ")
    text = " /**< " substr($0, at + 5) " */"
    code = substr($0, 1, at - 1)
    sub(/; *$/, "", code)
    match(code, /^ +[a-z0-9_]+ /)
    type = substr(code, 1, RLENGTH)
    gsub(/, /, ";" text type, code)
    $0 = code ";" text
}
# What doxygen would take for a reference: #GP.
/\/\// { gsub(/#[A-Z][A-Z]/, "\\\\&") }
{ print }
END { if (opened) print "/** @} */" }
