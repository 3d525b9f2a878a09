#!/bin/bash
# Writes doxygen's own header and layout with the site's changes: templates.sh OUT. Made from what the installed
# doxygen brings, so that they fit its version. There $relpath^ is the way from a page to the site's root.
# shellcheck disable=SC2016
set -euo pipefail

cd "$1"
doxygen -w html header.html footer.html default.css
rm footer.html default.css
scripts=$(for name in darkmode-toggle fragment-copy-button interactive-toc paragraph-link; do
    echo "<script src=\"\$relpath^doxygen-awesome-$name.js\"></script>"
done; echo '<script src="$relpath^site.js"></script>')
# The search is our own (search.py, site.js); its box has the names that the theme knows.
box='<div id="site-search"><div id="MSearchBox"><input type="search" id="MSearchField" placeholder="Search ( / )"
    aria-label="Search" autocomplete="off" data-root="$relpath^"/></div></div>
<div id="site-results" hidden="hidden"></div>'
awk -v scripts="$scripts" -v box="$box" '
    /^<\/head>/ { print scripts }
    { print }
    /^<\/table>/ { print box }' header.html >header.part
mv header.part header.html

doxygen -l layout.xml
sed -i -e '/<tab type="modules"/s/title=""/title="Subsystems"/; /<tab type="pages"/s/title=""/title="All pages"/' \
    -e '/<tab type="\(concepts\|namespacemembers\|hierarchy\|classindex\|classmembers\|globals\)"/s/visible="[^"]*"/visible="no"/' layout.xml
