# Ward. `make help` lists the targets; MODE is release (default), debug (ASan + UBSan), thread (TSan), cover (gcov) or fuzz (clang, libFuzzer).

MODE ?= release
MODES := release debug thread cover fuzz
ifneq ($(words $(filter $(MODES),$(MODE))),1) # else a word that is mistyped builds without what it was meant to ask for, and passes
$(error MODE=$(MODE): it is one of $(MODES))
endif
CC := $(if $(filter fuzz,$(MODE)),clang,gcc)
# make CC=clang builds beside, not over.
B := build/$(MODE)$(if $(filter-out fuzz,$(MODE)),$(if $(findstring clang,$(CC)),-clang))
VERSION := 0.1.0
PREFIX ?= /usr/local

comma := ,

# --- Compiler -----------------------------------------------------------------------------------------------------

WARN := -std=c17 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2 -Wundef -Werror
WARN_CLANG := -Wno-gnu-variable-sized-type-not-at-end -Wno-format-nonliteral # opinions that gcc does not share
CFLAGS_COMMON := $(WARN) $(if $(findstring clang,$(CC)),$(WARN_CLANG)) -I. -D_GNU_SOURCE -DWARD_VERSION='"$(VERSION)"' $(DEBUG_INFO) -fno-common -fno-strict-aliasing -fPIE -MMD -MP
DEBUG_INFO ?= -g # check-all takes -g1: lines and functions alone, for what nobody steps through
# What is longer than a few words is copied and zeroed by libc, which uses vectors; gcc's own `rep` needs some thirty cycles before it begins.
STRINGS := $(if $(findstring clang,$(CC)),,$(if $(filter x86_64,$(shell uname -m)),$(foreach f,memcpy memset,-m$(f)-strategy=unrolled_loop:64:noalign$(comma)libcall:-1:noalign)))
# Much of what a command costs outside its signatures is small functions of other files. Objects of what a replica does carry their code twice, as it is and as gcc
# needs it to optimise a whole program: wardd is linked from the latter, all else (tests, the simulator, whose calls the linker redirects) from the former.
WHOLE := $(if $(filter release,$(MODE)),$(if $(findstring clang,$(CC)),,-flto -ffat-lto-objects))
WHOLE_LINK := $(if $(WHOLE),-flto=2 -O2)
WHOLE_PROGRAMS ?= wardd # ward-bench too where the instructions of `ward-bench replica` are to be those of wardd: ten seconds more on two processors
CFLAGS_release := -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 $(STRINGS)
CFLAGS_debug := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DWARD_DEBUG=1
CFLAGS_thread := -O1 -fsanitize=thread -fno-omit-frame-pointer -DWARD_DEBUG=1
CFLAGS_cover := -O0 --coverage
CFLAGS_fuzz := -O1 -gline-tables-only -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fprofile-instr-generate -fcoverage-mapping -DWARD_DEBUG=1
LDFLAGS_release := -pie -Wl,-z,relro -Wl,-z,now $(if $(WHOLE),-fno-lto)
LDFLAGS_debug := -pie -fsanitize=address,undefined
LDFLAGS_thread := -pie -fsanitize=thread
LDFLAGS_cover := -pie --coverage
LDFLAGS_fuzz := -pie -fsanitize=address,undefined -fprofile-instr-generate
CFLAGS := $(CFLAGS_COMMON) $(CFLAGS_$(MODE)) $(EXTRA_CFLAGS)
LDFLAGS := $(LDFLAGS_$(MODE)) -Wl,--as-needed
LIBS := -luring -lsodium -lxxhash -lcyaml -ljansson -lpthread -lm

# The daemon's allocator; sanitizer builds bring their own.
ALLOC_wardd_release := -Wl,--no-as-needed -ljemalloc -Wl,--as-needed # the weak reference in base/thread.c alone would not keep it

# In a simulated world the linker sends these calls to sim/world/stamp.c and sim/world/quick_hash.c, which may answer them by a keyed hash, and to sim/world/heap.c, which counts them; no object changes.
STAMPED := sign_digest ed25519_verify \
  $(addprefix hash_,init plain_init update update_u8 update_u16 update_u32 update_u64 final one salted plain many many_after plain_many) \
  malloc calloc realloc aligned_alloc mmap
STAMPS := $(STAMPED:%=-Wl,--wrap=%)
LIBS_ward-sim := $(STAMPS)
LIBS_ward-bench := -lcrypto # OpenSSL, as a yardstick for signature checks; no other program links it

# --- Sources: every folder is a layer, every .c but the mains goes into one archive -------------------------------

LAYERS := $(if $(filter fuzz,$(MODE)),base crypto wire storage net consensus ledger node,base crypto wire storage net consensus ledger node cli sim bench)
FUZZ_ALSO := $(if $(filter fuzz,$(MODE)),$(wildcard cli/fhir*.c cli/proof*.c cli/file.c cli/sha1.c cli/describe.c cli/output.c cli/words.c cli/status_text.c)) # what a stranger's file or answer reaches in the tools; nothing else of them is fuzzed
SRC := $(filter-out %/main.c,$(sort $(foreach d,$(LAYERS),$(wildcard $(d)/*.c $(d)/*/*.c $(d)/*/*/*.c)) $(FUZZ_ALSO)))
MODEL_SRC := $(wildcard crypto/ed25519/ifma/*.c) crypto/hash_avx512.c
OBJ := $(SRC:%.c=$(B)/obj/%.o) $(MODEL_SRC:%.c=$(B)/obj/%.model.o)
LIB := $(B)/libward.a

PROGRAM_wardd := node/main.c
PROGRAM_ward := cli/main.c
PROGRAM_ward-sim := sim/main.c
PROGRAM_ward-bench := bench/main.c
PROGRAMS := $(foreach p,wardd ward ward-sim ward-bench,$(if $(wildcard $(PROGRAM_$(p))),$(B)/$(p)))

CONFIGS := $(wildcard configs/*.yaml)

# With ThreadSanitizer the unit tests are those of what has threads.
THREAD_TESTS := $(if $(filter thread,$(MODE)),$(shell sed -n 's/^\(tests[^ ]*\).*/\1/p' tools/thread.tests))
TEST_SRC := $(sort $(or $(THREAD_TESTS),$(wildcard tests/*/*_test.c)) $(wildcard tests/*/*_kit.c))
TEST_OBJ := $(TEST_SRC:%.c=$(B)/obj/%.o) $(B)/obj/tests/crypto/ifma_kernel_kit.model.o
TESTS := $(B)/ward-tests

.PHONY: all help check check-all nightly counts mutants selftest selftest-programs fuzz fuzz-programs fuzz-cover fuzz-corpus fuzz-seeds cover tidy core-check hardened-check lint install clean
.SECONDARY:

all: $(PROGRAMS) $(if $(PROGRAMS),,$(LIB)) ## build the programs into build/$(MODE)/

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ISA) -c $< -o $@

# The same source with the instructions of ifma in plain C, so that its kernels are tested on any machine.
$(B)/obj/%.model.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ISA) -c $< -o $@

# The slow model judges others; optimised and without sanitizers it judges many times as often.
$(B)/obj/tests/crypto/zip215_model_kit.o: ISA := -O2 $(if $(filter debug thread fuzz,$(MODE)),-fno-sanitize=all)
$(B)/obj/tests/crypto/lanes_toy_test.o: ISA := -O2

# Field arithmetic gains a fifth from being inlined and unrolled.
FAST := $(if $(filter release,$(MODE)),-O3)

# The vector paths need their instruction sets; nothing outside these files may use them.
$(B)/obj/crypto/ed25519/avx2/%.o: ISA := -mavx2 -mfma $(FAST)
$(B)/obj/crypto/ed25519/ref/%.o: ISA := $(FAST) $(if $(filter debug thread,$(MODE)),-O2) # quickly compiled, and tests judge with it all the time
$(B)/obj/tests/crypto/lanes_avx2_test.o $(B)/obj/tests/fuzz/field_avx2_fuzz.o: ISA := -mavx2 -mfma
$(B)/obj/crypto/ed25519/ifma/%.o: ISA := -mavx512f -mavx512ifma -mavx512vl -mavx512dq $(FAST) $(if $(filter fuzz,$(MODE)),-fno-sanitize=all) # fuzzed as it is; sanitizers watch the same lines in ref and avx2
$(B)/obj/crypto/hash_avx2.o: ISA := -mavx2
$(B)/obj/storage/sum_avx2.o: ISA := -mavx2
$(B)/obj/crypto/hash_avx512.o: ISA := -mavx512f -mavx512vl
$(B)/obj/tests/crypto/ifma_kernel_kit.o: ISA := -O2 -mavx512f -mavx512ifma -mavx512vl -mavx512dq
$(B)/obj/crypto/hash_avx512.model.o $(B)/obj/crypto/ed25519/ifma/%.model.o: ISA := -O2 -DIFMA_MODEL=1 -Wno-psabi $(if $(filter debug thread fuzz,$(MODE)),-fno-sanitize=all) # sanitizers watch the same lines in ref and avx2
$(B)/obj/tests/crypto/ifma_kernel_kit.model.o: ISA := -O1 -DIFMA_MODEL=1 -Wno-psabi
$(B)/obj/tests/fuzz/field_ifma_fuzz.o: ISA := -DIFMA_MODEL=1 -Wno-psabi $(if $(filter fuzz,$(MODE)),-fno-sanitize=address,undefined) # eight lanes in plain C under sanitizers take the compiler half a minute; they watch the same lines in ref and avx2

# What a replica does for each command. The kernels under crypto/ed25519 are whole by themselves, and what stands in for vectors may not be called with them.
$(patsubst %.c,$(B)/obj/%.o,$(filter-out storage/sum_avx%,$(wildcard $(foreach d,base wire consensus ledger storage node,$(d)/*.c $(d)/*/*.c))) $(filter-out crypto/hash_avx%,$(wildcard crypto/*.c))): CFLAGS += $(WHOLE)

# A test is run once: compiling it quickly is worth more than running it quickly. What it tests is compiled as stated above. Its own accesses are
# checked by calls instead of code in place, its arithmetic not at all.
$(B)/obj/tests/%.o: CFLAGS += $(if $(filter release debug thread,$(MODE)),-O0 -g1 -U_FORTIFY_SOURCE) $(if $(filter debug,$(MODE)),-fno-sanitize=undefined $(if $(findstring gcc,$(CC)),--param asan-instrumentation-with-call-threshold=0))

# What no fuzz target reaches, or a replica alone does; clang compiles it, but there is nothing to instrument. A file of tools/fuzz.cover in this list has no
# lines to count, which is a failure of fuzz-cover.
FUZZ_ASIDE := $(addprefix base/,exit histogram log sysfile) $(addprefix net/,dial loop_uring) \
  $(addprefix node/,backend boot config config_load daemon daemon_net daemon_ports daemon_query daemon_service driver_start identity keeper keyfile machine memory notify) \
  $(addprefix node/,options payloads sandbox secret status store verify_pool wardd) \
  $(addprefix storage/,ballast datadir disk_dir disk_dir_pool disk_queue_posix disk_queue_uring inspect recovery recovery_table segment_scan space superblock)
$(FUZZ_ASIDE:%=build/fuzz/obj/%.o): CFLAGS += -O0 -fno-sanitize=all -fno-profile-instr-generate -fno-coverage-mapping

# A simulated world is one thread. What asks and measures from outside is compiled quickly.
build/thread/obj/sim/%.o: CFLAGS += -O0 -fno-sanitize=all
build/thread/obj/cli/%.o build/thread/obj/bench/%.o: CFLAGS += -O0

# Tables of fields: clang unrolls the walks over each of them, sanitizers included, for half a minute.
$(patsubst %,build/fuzz/obj/ledger/%.o,entity entity_record command): CFLAGS += -O0

# In mutants (tools/mutants) the assertions of production are off; those of the simulator are not.
ifeq ($(ASSERTS),off)
$(foreach d,base crypto wire storage consensus ledger node,$(B)/obj/$(d)/%.o): CFLAGS += -DWARD_ASSERTS_OFF -Wno-unused-variable -Wno-unused-but-set-variable -Wno-error
endif

$(LIB): $(OBJ)
	@rm -f $@
	ar rcsD $@ $^

define program
$(B)/$(1): $(B)/obj/$(PROGRAM_$(1):.c=.o) $(LIB)
	$(CC) $(if $(filter $(WHOLE_PROGRAMS),$(1)),$(filter-out -fno-lto,$(LDFLAGS)) $(WHOLE_LINK),$(LDFLAGS)) $$< $(LIB) $(ALLOC_$(1)_$(MODE)) $(LIBS) $(LIBS_$(1)) -o $$@
endef
$(foreach p,$(notdir $(PROGRAMS)),$(eval $(call program,$(p))))

# --- Checks -------------------------------------------------------------------------------------------------------

# With the sanitizers a program has a hundred thousand addresses to relocate, and each test is a process: at a fixed place it has none. Criterion asks for
# libgit2, which brings seventeen libraries; what stands in for it (tests/base/criterion_kit.c) brings none.
$(TESTS): $(TEST_OBJ) $(LIB)
	@mkdir -p $(B)/stand-in
	$(CC) -shared -fPIC -nostdlib $(filter-out -M%,$(CFLAGS_COMMON)) tests/base/criterion_kit.c -Wl,-soname,$(STANDS_IN) -o $(B)/stand-in/$(STANDS_IN)
	$(CC) $(if $(filter debug,$(MODE)),$(patsubst -pie,-no-pie,$(LDFLAGS)),$(LDFLAGS)) $(TEST_OBJ) $(LIB) $(ALLOC_wardd_$(MODE)) $(STAMPS) $(LIBS) -lcriterion -Wl,--disable-new-dtags,-rpath,'$$ORIGIN/stand-in' -o $@
STANDS_IN = $(or $(shell readelf -d $$($(CC) -print-file-name=libcriterion.so) | sed -n 's/.*NEEDED.*\[\(libgit2[^]]*\)\]/\1/p'),none)

# What needs AVX-512 IFMA, in one static program that an emulator can run as the only process of its machine (docs/crypto.md).
.PHONY: ifma-check
ifma-check: $(B)/ifma-check ## build the static program that tries the kernels of ifma with the processor's own instructions
$(B)/ifma-check: $(B)/obj/tests/ifma/check.o $(B)/obj/tests/crypto/ifma_kernel_kit.o $(LIB)
	$(CC) -static $(filter-out -pie,$(LDFLAGS)) $^ -lsodium -lpthread -o $@

FILTER ?= *
check: $(PROGRAMS) $(TESTS) ## run the unit tests of this MODE (FILTER='wire*/*' picks some)
	@mkdir -p $(B)/tap && rm -f $(B)/tap/*
	@tools/run-tests $(B)/tap/unit-$(MODE).tap $(TESTS) $(if $(filter-out *,$(FILTER)),--filter '$(FILTER)')
	@tools/tally $(B)/tap

check-all: ## everything: both builds, unit tests, proofs, linter, fuzzing, end to end; the last line is the tally (STEPS='fuzz e2e-*' picks some, GO_ON=1 goes on)
	@tools/check-all $(STEPS)

nightly: ## check-all with the long versions: WARD_LONG=1, five minutes for each fuzz target (STEPS and GO_ON as there)
	@WARD_LONG=1 FUZZ_SECONDS=$${FUZZ_SECONDS:-300} TEST_TIMEOUT=$${TEST_TIMEOUT:-7200} tools/check-all $(STEPS)

tidy: ## our own linter: includes, sizes, style, tests, rule numbers, the map; silent when clean
	@tools/tidy

mutants: ## apply each patch of tests/mutants/ to a copy of production: the simulator must see every one; writes docs/mutants.md
	@tools/mutants

core-check: $(OBJ) ## prove that the core does no IO: undefined symbols of its objects against tools/core.allow
	@tools/core-check $(B)

hardened-check: $(PROGRAMS) $(TESTS) ## look at the headers of the release programs: PIE, RELRO, stack guard
	@tools/hardened-check $(PROGRAMS) $(TESTS)

# Each way to check signatures, for callgrind to count.
build/release/verify-counts: tests/counts/verify_counts.c $(LIB)
	$(CC) $(CFLAGS) $< $(LDFLAGS) $(LIB) $(LIBS) -lcrypto -o $@

counts: ## instructions of each way to check signatures against tools/counts.table
	@tools/counts check

# Programs with a planted fault: tests/selftest/selftest.sh shows that the alarms ring.
SELFTEST := $(patsubst tests/selftest/%.c,$(B)/selftest/%,$(wildcard tests/selftest/*.c))
selftest-programs: $(SELFTEST) $(if $(filter debug,$(MODE)),$(B)/selftest/planted/ward) $(if $(filter debug thread,$(MODE)),$(B)/selftest/planted/wardd)
# The programs themselves with a leak in them, or a race: the object loses a block before main, or has two threads that race once the sandbox is entered.
PLANTED := $(if $(filter thread,$(MODE)),race,leak)
$(B)/selftest/planted/ward: $(B)/obj/$(PROGRAM_ward:.c=.o)
$(B)/selftest/planted/wardd: $(B)/obj/$(PROGRAM_wardd:.c=.o)
$(B)/selftest/planted/%: $(B)/obj/tests/selftest/planted/$(PLANTED).o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(LIBS) $(if $(filter race,$(PLANTED)),-Wl$(comma)--wrap=sandbox_enter) -o $@
$(B)/selftest/%: tests/selftest/%.c $(B)/obj/tests/base/criterion_kit.o Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $< $(LDFLAGS) $(if $(filter outcomes,$*),$(B)/obj/tests/base/criterion_kit.o -lcriterion) -o $@

selftest: ## show that the checks can fail: planted faults, planted findings
	@tests/tidy/tidy.sh build/selftest/tidy.tap
	@tests/selftest/selftest.sh build/selftest/release.tap release
	@tests/selftest/selftest.sh build/selftest/debug.tap debug
	@tests/selftest/selftest.sh build/selftest/thread.tap thread
	@tools/tally build/selftest

# One libFuzzer program per tests/fuzz/<name>_fuzz.c, in objects of their own (MODE=fuzz).
FUZZ := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_KIT := $(patsubst %,build/fuzz/obj/tests/%.o,wire/message_kit ledger/stream_kit ledger/stream_true_kit crypto/bent_kit crypto/zip215_model_kit fuzz/answers_kit)
build/fuzz/obj/tests/fuzz/%.o: CFLAGS += -fprofile-instr-generate=build/fuzz/default.profraw # a target run by hand leaves its profile there, not in the tree
fuzz-programs: $(LIB) $(FUZZ)
build/fuzz/%_fuzz: build/fuzz/obj/tests/fuzz/%_fuzz.o $(FUZZ_KIT) build/fuzz/libward.a
	$(CC) $(LDFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@

build/fuzz/seeds: $(patsubst %.c,build/fuzz/obj/%.o,$(wildcard tests/fuzz/seeds*.c)) $(FUZZ_KIT) build/fuzz/libward.a
	$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

fuzz-seeds: ## write legal examples into tests/fuzz/corpus/, for fuzzing to begin with
	@tools/fuzz seeds

fuzz: ## run each fuzz target for FUZZ_SECONDS (5) from tests/fuzz/corpus/
	@tools/fuzz run

fuzz-cover: ## line coverage of the decoders by all fuzz inputs, against tools/fuzz.cover
	@tools/fuzz cover

fuzz-corpus: ## add to tests/fuzz/corpus/ the inputs of build/fuzz/ that reach new code
	@tools/fuzz corpus

cover: ## line coverage of each source by the unit tests (MODE=cover)
	@tools/cover

lint: ## cppcheck and shellcheck; advice, not part of check-all
	@cppcheck --std=c17 -q --inline-suppr --enable=warning,portability,performance -D_GNU_SOURCE -I. $(SRC)
	@shellcheck -x setup.sh tools/tidy tools/tidy.d/* tools/check-all tools/unmoved tools/core-check tools/counts tools/ifma-counts tools/hardened-check tools/run-tests tools/tally tools/fuzz tools/cover tests/tidy/*.sh tests/selftest/*.sh

install: all ## install programs, the example configuration, the units of systemd and the demonstration bundle under $(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	$(if $(CONFIGS),install -d $(DESTDIR)$(PREFIX)/share/ward && install -m 644 $(CONFIGS) $(DESTDIR)$(PREFIX)/share/ward)
	install -d $(DESTDIR)$(PREFIX)/share/ward/systemd/ward.service.d
	install -m 644 configs/systemd/ward.service $(DESTDIR)$(PREFIX)/share/ward/systemd
	install -m 644 configs/systemd/ward.service.d/guest.conf $(DESTDIR)$(PREFIX)/share/ward/systemd/ward.service.d
	install -d $(DESTDIR)$(PREFIX)/share/ward/demo
	install -m 644 configs/demo/bundle.json $(DESTDIR)$(PREFIX)/share/ward/demo

clean: ## remove build/
	rm -rf build

-include $(wildcard build/fuzz/obj/tests/fuzz/*.d) $(OBJ:.o=.d) $(TEST_OBJ:.o=.d) $(patsubst %.c,$(B)/obj/%.d,$(foreach p,$(notdir $(PROGRAMS)),$(PROGRAM_$(p))))
