#!/bin/bash
# Writes doxygen's own header and layout with the site's changes: templates.sh OUT. Made from what the installed
# doxygen brings, so that they fit its version.
set -euo pipefail

cd "$1"
doxygen -w html header.html footer.html default.css
rm footer.html default.css
scripts=$(for name in darkmode-toggle fragment-copy-button interactive-toc paragraph-link; do
    echo "<script src=\"\$relpath^doxygen-awesome-$name.js\"></script>"
done; echo '<script src="$relpath^site.js"></script>')
awk -v scripts="$scripts" '/^<\/head>/ { print scripts } { print }' header.html >header.part
mv header.part header.html

doxygen -l layout.xml
sed -i -e '/<tab type="modules"/s/title=""/title="Subsystems"/' \
    -e '/<tab type="\(namespaces\|concepts\|pages\)"/s/visible="yes"/visible="no"/' layout.xml
