# The commands people type. Each calls Meson or a script; nothing is built here.
#
#   make demo    set up, build, run the study's evaluation on every platform of this machine, write a report
#   make check   set up, build, run every test; ends with "N passed, N failed"
#   make check-virtualbox    VirtualBox for real, inside an emulated machine: 10 to 25 minutes, a gigabyte of packages
#   make all     build        make deps  install what debian/control names
#   make bench   ours against Postfix and Dovecot, in turn, as ratios
#   make deb     Debian packages in build/deb        make install  [DESTDIR=] [PREFIX=/usr/local]
SHELL := /bin/bash
BUILD ?= build/release
PREFIX ?= /usr/local
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: all deps demo check check-virtualbox bench deb install format clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --buildtype=release -Doptimization=2 -Ddebug=true -Dtests=false --prefix=$(PREFIX)

deps:
	scripts/deps.sh

demo: deps
	$(MAKE) all
	scripts/demo.sh $(BUILD)

check: deps
	scripts/check.sh

check-virtualbox: deps
	$(SUDO) apt-get install -y -q --no-install-recommends mmdebstrap linux-headers-cloud-amd64
	scripts/check.sh virtualbox

bench: all
	bench/run.sh $(BUILD)

deb: deps
	scripts/deb.sh

install: all
	meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

format:
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i

clean:
	rm -rf build
