# Sourced by the scripts beside it: packages for the rig, from the mirror this machine's apt uses.

suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s: %5ss  %s\n' "${0##*/}" "$(($(date +%s) - started))" "$*" >&2; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

need_root_and_apt() {
    [ "$(id -u)" = 0 ] || fail "$1 is missing, and only root can install it"
    command -v apt-get >/dev/null 2>&1 || fail "$1 is missing, and there is no apt to install it with"
}

# Install the Debian packages that are not installed yet.
install_packages() {
    missing=
    for package in "$@"; do
        dpkg-query --show --showformat='${db:Status-Abbrev}\n' "$package" 2>/dev/null | grep -q '^ii' ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    need_root_and_apt "$missing"
    say "installing$missing"
    # shellcheck disable=SC2086  # a list of words
    apt-get update --quiet --quiet >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends \
            $missing >&2 || fail "apt could not install$missing; the reason is above"
}

# The address of the Debian mirror in this machine's own sources.
debian_mirror() {
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }'
}
