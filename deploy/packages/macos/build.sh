#!/bin/sh
# Builds keuring-agent-VERSION.pkg from the one-folder build. Usage: build.sh FOLDER OUTPUT VERSION
set -eu
[ $# -eq 3 ] || { echo "usage: $0 FOLDER OUTPUT VERSION" >&2; exit 2; }
folder=$1 output=$2 version=$3
here=$(cd "$(dirname "$0")" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/usr/local/lib" "$stage/usr/local/bin" "$stage/Library/LaunchAgents" "$output"
cp -R "$folder" "$stage/usr/local/lib/keuring-agent"
ln -s ../lib/keuring-agent/keuring-agent "$stage/usr/local/bin/keuring-agent"
# Shows notices in each colleague's session, from the next time they sign in.
install -m 644 "$here/../../session/keuring.notices.plist" "$stage/Library/LaunchAgents/"
pkgbuild --root "$stage" --identifier keuring.agent --version "$version" --ownership recommended \
  --scripts "$here/scripts" "$output/component.pkg"
set -- --distribution "$here/distribution.xml" --package-path "$output"
[ -z "${INSTALLER_IDENTITY:-}" ] || set -- "$@" --sign "$INSTALLER_IDENTITY"
productbuild "$@" "$output/keuring-agent-$version.pkg"
rm "$output/component.pkg"
