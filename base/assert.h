/* assert.h: the stop of a program that is wrong about itself. On in every build, production included.
 *
 * ASSERT is for our own mistakes only. The world's failures are `enum err`; a stranger's bytes are `enum verdict`. No ASSERT may be
 * reachable by bytes that codec and signature check have not passed, and none by the content of a committed block. */
#ifndef WARD_BASE_ASSERT_H
#define WARD_BASE_ASSERT_H

/* assert_fail prints "file:line: expression" to standard error and aborts.
 * Cost: never returns. It is the only symbol of base that the core may reach outside itself. */
_Noreturn void assert_fail(const char *file, int line, const char *expression);

/* One condition each: ASSERT(a); ASSERT(b); not ASSERT(a && b). */
#ifndef WARD_ASSERTS_OFF
#define ASSERT(condition) ((condition) ? (void)0 : assert_fail(__FILE__, __LINE__, #condition))
#else /* In mutants of production alone (tools/mutants), so that the simulator must see what is wrong. */
#define ASSERT(condition) ((void)(condition))
#endif

#endif
