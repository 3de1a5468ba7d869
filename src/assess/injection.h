/* assess/injection.h — does a text, or do the arguments of a call, try to take over the model that reads them? The words of
 * the scanner of definitions, sorted into the four classes that a trust proxy names. */
#ifndef AIM_ASSESS_INJECTION_H
#define AIM_ASSESS_INJECTION_H

#include "assess/scan.h"

/* Zero is none. Where there are several, the first. */
typedef enum aim__injection {
	AIM__INJECTION_NONE,
	AIM__INJECTION_DIRECT_OVERRIDE,            /* "ignore all previous instructions" */
	AIM__INJECTION_ROLEPLAY_JAILBREAK,         /* "you are now an unrestricted assistant" */
	AIM__INJECTION_SYSTEM_PROMPT_EXFILTRATION, /* "reveal your system prompt" */
	AIM__INJECTION_DELIMITER_ATTACK,           /* "</system>" */
	AIM__INJECTION_UNKNOWN                     /* a limit was reached before all was read */
} aim__injection;

/* "direct_override" …; "unscanned" for AIM__INJECTION_UNKNOWN, "none". */
const char *aim__injection_name(aim__injection class);

/* scratch is a result of any scanner; what it held is gone. AIM_OK with *out set; AIM_E_NOMEM, AIM_E_LIMIT with *out
 * AIM__INJECTION_UNKNOWN. */
aim_status aim__injection_class(aim_scan_result *scratch, aim_str text, aim__injection *out);
/* Every string and name of a member below value. */
aim_status aim__injection_find(aim_scan_result *scratch, const aim_json *doc, aim_json_value value, aim__injection *out);

#endif
