#!/bin/sh
# Installs Debian's Chromium for the test of the page (test/page.test.ts). Run it as root, or it asks sudo. Does nothing where a Chromium is.
set -eu

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" > /dev/null; then exit 0; fi
done

if ! command -v apt-get > /dev/null; then
  echo 'install-chromium: this system has no apt-get; install Chromium by its own means' >&2
  exit 1
fi

as_root=''
if [ "$(id -u)" -ne 0 ]; then as_root='sudo -n'; fi

$as_root apt-get update
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends chromium
