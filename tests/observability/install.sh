#!/usr/bin/env bash
# Prometheus and Alertmanager out of Debian's packages, unpacked into .tools/prometheus: nothing is installed for others
# but templates, which Debian's Alertmanager reads in one place only; nothing is started. Where they are already, or where
# there is no apt, nothing is done.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=.tools/prometheus
export PATH="$PWD/$folder/usr/bin:$PATH"
missing=
for tool in promtool amtool prometheus prometheus-alertmanager; do command -v "$tool" >/dev/null || missing=yes; done
templates=usr/share/prometheus/alertmanager
put_templates() {
  [ -e "/$templates/default.tmpl" ] || [ ! -e "$folder/$templates" ] ||
    { mkdir -p "/$templates" && cp "$folder/$templates"/*.tmpl "/$templates"; } 2>/dev/null ||
    echo "Alertmanager will not start: as root, copy $PWD/$folder/$templates/*.tmpl to /$templates"
}
[ -n "$missing" ] || { put_templates; exit 0; }
command -v apt-get >/dev/null || { echo "no apt-get here: Prometheus and Alertmanager are not fetched"; exit 0; }
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
chmod 755 "$packages"
[ "$(id -u)" != 0 ] || apt-get update -qq || true
(cd "$packages" && apt-get download -qq prometheus prometheus-alertmanager) \
  || { echo "apt has no prometheus and prometheus-alertmanager for us: their checks are skipped"; exit 0; }
mkdir -p "$folder"
for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$folder"; done
promtool --version | head -1
put_templates
