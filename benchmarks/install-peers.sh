#!/bin/sh
# Installs the system programs that `cambium-bench peers` compares with, by their Debian names. The peers from npm come with the
# workspace. Run it as root, or it asks sudo.
#
#   erlang-base                           Erlang: erl and erlc
#   default-jdk-headless libdisruptor-java  the LMAX Disruptor and a JDK to compile for it
#   gcc libc6-dev                         cc, for the floor in C
set -eu

PACKAGES='erlang-base default-jdk-headless libdisruptor-java gcc libc6-dev'

if ! command -v apt-get > /dev/null; then
  echo "install-peers: this system has no apt-get; install the counterparts of: $PACKAGES" >&2
  exit 1
fi

as_root=''
if [ "$(id -u)" -ne 0 ]; then as_root='sudo'; fi

$as_root apt-get update
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -y --no-install-recommends $PACKAGES
