#!/bin/bash
# What a host does with the installed library: pkg-config, shared and static, C and C++, and libaim as
# a meson subproject. Usage: test.sh SOURCE_ROOT BUILD_DIR. Output is TAP.
set -euo pipefail

source_root=$1
build=$2
CC=${CC:-cc}
CXX=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0

# try NAME COMMAND…: one TAP line; what the command said, when it failed. The command runs in a subshell
# outside any condition, so that set -e holds inside it.
try() {
	local name=$1 rc
	shift
	n=$((n + 1))
	set +e
	(set -e; "$@") >"$work/out" 2>&1
	rc=$?
	set -e
	if [ "$rc" -eq 0 ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$work/out"
		failed=1
	fi
}

write_programs() {
	cat >"$work/t.c" <<-'END'
		#include <aim/aim.h>
		#include <stdio.h>
		int main(void)
		{
			aim_ctx *ctx = NULL;
			aim_error err = {0};
			if (aim_ctx_new(NULL, &ctx, &err) != AIM_OK || aim_version() != AIM_VERSION)
				return 1;
			puts(aim_version_text());
			aim_ctx_free(ctx);
			return 0;
		}
	END
	sed 's/NULL/nullptr/g; s/{0}/{}/; s/main(void)/main()/' "$work/t.c" >"$work/t.cc"
}

# The programs below use the pkg-config of one installation: PKG_CONFIG_PATH and pc_options.
pc_options=()
pc() {
	pkg-config "${pc_options[@]}" "$@" libaim
}

libdir() {
	pc --variable=libdir
}

shared() {
	local needed
	# shellcheck disable=SC2046
	$1 "$work/$2" -o "$work/shared" $(pc --cflags --libs)
	LD_LIBRARY_PATH=$(libdir) "$work/shared"
	needed=$(readelf -d "$work/shared")
	grep -q 'NEEDED.*libaim\.so\.0' <<<"$needed"
}

# Only libaim itself static, as a host that ships one file of it.
archive() {
	local libs
	libs=$(pc --static --libs)
	# shellcheck disable=SC2046,SC2086
	$1 "$work/$2" -o "$work/archive" $(pc --static --cflags) ${libs/-laim/$(libdir)/libaim.a}
	"$work/archive"
	! readelf -d "$work/archive" | grep -q libaim
}

# Everything static. Linkers warn about getaddrinfo of libcrypto, which libaim never calls.
all_static() {
	# shellcheck disable=SC2046
	$CC -static "$work/t.c" -o "$work/static" $(pc --static --cflags --libs)
	"$work/static"
	! readelf -d "$work/static" | grep -q NEEDED
}

version_is_the_headers() {
	local header
	header=$(sed -n 's/#define AIM_VERSION_TEXT "\(.*\)"/\1/p' "$source_root/include/aim/version.h")
	[ "$(pc --modversion)" = "$header" ]
}

# The header of the companion is there where its engine is.
layout() {
	diff <(cd "$source_root/include" && find aim -name '*.h' | sort) \
		<(cd "$(pc --variable=includedir)" && find aim -name '*.h' ! -name vectorscan.h | sort)
	[ -L "$(libdir)/libaim.so" ] && [ -L "$(libdir)/libaim.so.0" ] && [ -f "$(libdir)/libaim.a" ]
	readelf -d "$(libdir)/libaim.so" | grep -q 'SONAME.*\[libaim\.so\.0\]'
}

man_pages() {
	local page
	for page in "$source_root"/docs/man/*.[1-8] "$source_root"/docs/*.[1-8]; do
		[ -f "$page" ] || continue
		find "$1" -path "*/man${page##*.}/$(basename "$page")*" | grep -q . || return 1
	done
	find "$1" -path '*/man3/libaim.3*' | grep -q .
}

private_names_stay_private() {
	! nm -D --defined-only "$(libdir)/libaim.so" | grep ' [A-Z] aim__'
}

use_installed() {
	try "$1: headers, libraries and links are in place" layout
	try "$1: the version is that of the headers" version_is_the_headers
	try "$1: C, shared" shared "$CC -std=c11 -Wall -Wextra -Wpedantic -Werror" t.c
	try "$1: C++, shared" shared "$CXX -std=c++11 -Wall -Wextra -Wpedantic -Werror" t.cc
	try "$1: C, libaim.a" archive "$CC" t.c
	try "$1: C++, libaim.a" archive "$CXX" t.cc
	try "$1: C, all static" all_static
	try "$1: private names are not exported" private_names_stay_private
}

# Staged, as distribution packages are built.
staged() {
	local pkgconfig
	try 'staged: meson install' meson install -C "$build" --no-rebuild --destdir "$work/stage"
	pkgconfig=$(dirname "$(find "$work/stage" -name libaim.pc)")
	export PKG_CONFIG_PATH=$pkgconfig
	pc_options=("--define-variable=prefix=$work/stage$(pkg-config --variable=prefix libaim)")
	use_installed staged
	try 'staged: man pages' man_pages "$work/stage"
}

# As a subproject of a project that has its own prefix; then installed there.
write_superproject() {
	mkdir -p "$work/super/subprojects/libaim"
	# A copy without builds and history; a link would let builds write into the source.
	(cd "$source_root" && tar --exclude='./build*' --exclude=./.git --exclude=node_modules -cf - .) |
		tar -xf - -C "$work/super/subprojects/libaim"
	cp "$work/t.c" "$work/super/t.c"
	cat >"$work/super/meson.build" <<-'END'
		project('super', 'c', default_options: ['c_std=c11', 'warning_level=3', 'werror=true'])
		libaim = dependency('libaim', fallback: 'libaim', default_options: ['tests=disabled',
		  'examples=disabled', 'programs=disabled', 'docs=disabled'])
		test('t', executable('t', 't.c', dependencies: libaim))
	END
}

subproject() {
	write_superproject
	unset PKG_CONFIG_PATH
	pc_options=()
	try 'subproject: setup' meson setup "$work/super/build" "$work/super" --prefix "$work/prefix" \
		--libdir lib --force-fallback-for=libaim
	try 'subproject: build' meson compile -C "$work/super/build"
	try 'subproject: test' meson test -C "$work/super/build" --no-suite libaim
	try 'subproject: install' meson install -C "$work/super/build" --no-rebuild
	export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
	use_installed prefix
}

write_programs
staged
subproject
echo "1..$n"
exit "$failed"
