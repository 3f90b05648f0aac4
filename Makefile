# Ward. `make help` lists the targets; MODE is release (default), debug (ASan + UBSan) or cover.

MODE ?= release
B := build/$(MODE)
VERSION := 0.1.0
PREFIX ?= /usr/local

# --- Compiler -----------------------------------------------------------------------------------------------------

CC := gcc
WARN := -std=c17 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2 -Wundef -Werror
CFLAGS_COMMON := $(WARN) -I. -D_GNU_SOURCE -DWARD_VERSION='"$(VERSION)"' -g -fno-common -fno-strict-aliasing -fPIE -MMD -MP
CFLAGS_release := -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS_debug := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DWARD_DEBUG=1
CFLAGS_cover := -O0 --coverage
LDFLAGS_release := -pie -Wl,-z,relro -Wl,-z,now
LDFLAGS_debug := -pie -fsanitize=address,undefined
LDFLAGS_cover := -pie --coverage
CFLAGS := $(CFLAGS_COMMON) $(CFLAGS_$(MODE)) $(EXTRA_CFLAGS)
LDFLAGS := $(LDFLAGS_$(MODE)) -Wl,--as-needed
LIBS := -luring -lsodium -lxxhash -lcyaml -ljansson -lpthread -lm

# --- Sources: every folder is a layer, every .c but the mains goes into one archive -------------------------------

LAYERS := base crypto wire storage net consensus ledger node cli sim bench
SRC := $(filter-out %/main.c,$(sort $(foreach d,$(LAYERS),$(wildcard $(d)/*.c $(d)/*/*.c $(d)/*/*/*.c))))
OBJ := $(SRC:%.c=$(B)/obj/%.o)
LIB := $(B)/libward.a

PROGRAM_wardd := node/main.c
PROGRAM_ward := cli/main.c
PROGRAM_ward-sim := sim/main.c
PROGRAM_ward-bench := bench/main.c
PROGRAMS := $(foreach p,wardd ward ward-sim ward-bench,$(if $(wildcard $(PROGRAM_$(p))),$(B)/$(p)))

TEST_SRC := $(sort $(wildcard tests/*/*_test.c tests/*/*_kit.c))
TEST_OBJ := $(TEST_SRC:%.c=$(B)/obj/%.o)
TESTS := $(B)/ward-tests

.PHONY: all help check check-all tidy core-check install clean
.SECONDARY:

all: $(PROGRAMS) $(if $(PROGRAMS),,$(LIB)) ## build the programs into build/$(MODE)/

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

# The vector paths need their instruction sets; nothing outside these folders may use them.
$(B)/obj/crypto/ed25519/avx2/%.o: CFLAGS += -mavx2
$(B)/obj/crypto/ed25519/ifma/%.o: CFLAGS += -mavx512f -mavx512ifma -mavx512vl -mavx512dq

$(LIB): $(OBJ)
	@rm -f $@
	ar rcsD $@ $^

define program
$(B)/$(1): $(B)/obj/$(PROGRAM_$(1):.c=.o) $(LIB)
	$(CC) $(LDFLAGS) $$< $(LIB) $(LIBS) -o $$@
endef
$(foreach p,$(notdir $(PROGRAMS)),$(eval $(call program,$(p))))

# --- Checks -------------------------------------------------------------------------------------------------------

$(TESTS): $(TEST_OBJ) $(LIB)
	$(CC) $(LDFLAGS) $(TEST_OBJ) $(LIB) $(LIBS) -lcriterion -o $@

FILTER ?= *
check: $(PROGRAMS) $(TESTS) ## run the unit tests of this MODE (FILTER='wire*/*' picks some)
	@mkdir -p $(B)/tap && rm -f $(B)/tap/*
	@tools/run-tests $(B)/tap/unit-$(MODE).tap $(TESTS) --filter '$(FILTER)'
	@tools/tally $(B)/tap

check-all: ## everything: release and debug unit tests, the core's proof, tidy, end to end; last line is the tally
	@tools/check-all

tidy: ## our own linter: includes, sizes, style, tests, rule numbers, the map; silent when clean
	@tools/tidy

core-check: $(OBJ) ## prove that the core does no IO: undefined symbols of its objects against tools/core.allow
	@tools/core-check $(B)

install: all ## install the programs under $(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin

clean: ## remove build/
	rm -rf build

-include $(OBJ:.o=.d) $(TEST_OBJ:.o=.d) $(patsubst %.c,$(B)/obj/%.d,$(foreach p,$(notdir $(PROGRAMS)),$(PROGRAM_$(p))))
