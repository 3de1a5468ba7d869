/* assess/unicode_data.h — the tables of unicode_data.c, which tools/generate-unicode writes. Immutable. */
#ifndef AIM_ASSESS_UNICODE_DATA_H
#define AIM_ASSESS_UNICODE_DATA_H

#include <stdint.h>

/* Neighbouring code points that become neighbours. from: the first one in bits 0 … 20, the length of the image in
 * bits 21 … 25, bit 26 set when only every second one is meant. to: bits 0 … 20 the image of the first one when its
 * length is 1, else an index into the pool; bits 21 … 31 how many. Length 0: dropped. */
typedef struct aim__unicode_row {
	uint32_t from;
	uint32_t to;
} aim__unicode_row;

typedef struct aim__unicode_range {
	uint32_t first;
	uint32_t last;
	uint32_t flags; /* AIM__UNICODE_* */
} aim__unicode_range;

/* Cf, Cc, Co, Default_Ignorable_Code_Point, and blanks that Unicode does not call so. */
#define AIM__UNICODE_INVISIBLE 0x001u
#define AIM__UNICODE_LETTER 0x002u /* or a digit */
#define AIM__UNICODE_RUN_ON 0x004u /* of a script without spaces between words */
#define AIM__UNICODE_SPACE 0x008u
#define AIM__UNICODE_EMOJI 0x010u
#define AIM__UNICODE_PICTOGRAPH 0x020u /* Extended_Pictographic */
#define AIM__UNICODE_VIRAMA 0x040u     /* combining class 9 */
#define AIM__UNICODE_JOIN_LEFT 0x080u  /* Joining_Type L or D */
#define AIM__UNICODE_JOIN_RIGHT 0x100u /* Joining_Type R or D */
#define AIM__UNICODE_TRANSPARENT 0x200u
#define AIM__UNICODE_MODIFIER 0x400u /* Emoji_Modifier */
#define AIM__UNICODE_STOP 0x800u     /* ends a sentence */

#define AIM__UNICODE_IMAGE_MAX 18 /* code points of one image */
#define AIM__UNICODE_PAGES 0xE10u /* pages of 256 code points that the tables cover */

extern const aim__unicode_row aim__unicode_fold[];
extern const uint16_t aim__unicode_fold_pages[];
extern const aim__unicode_row aim__unicode_look[];
extern const uint16_t aim__unicode_look_pages[];
extern const aim__unicode_range aim__unicode_props[];
extern const uint16_t aim__unicode_props_pages[];
extern const uint32_t aim__unicode_pool[];

#endif
