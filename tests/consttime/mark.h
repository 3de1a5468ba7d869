/* consttime/mark.h — what valgrind's memcheck is told about secrets. Included in front of the library's own files where they
 * are compiled for this test, so that AIM__DECLASSIFY in them means something. */
#ifndef CONSTTIME_MARK_H
#define CONSTTIME_MARK_H

#include <valgrind/memcheck.h>

/* Secret: to memcheck it is as if it had no value, and a branch or an address made of it is an error. */
#define MARK_SECRET(ptr, len) ((void)VALGRIND_MAKE_MEM_UNDEFINED((ptr), (len)))
#define MARK_PUBLIC(ptr, len) ((void)VALGRIND_MAKE_MEM_DEFINED((ptr), (len)))

#define AIM__DECLASSIFY(ptr, len) MARK_PUBLIC(ptr, len)

#endif
