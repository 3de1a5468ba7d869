/* base/time.c — RFC 3339 §5.6 in the proleptic Gregorian calendar. Layer base. */
#include "base/time.h"

#define US_PER_S 1000000
#define S_PER_DAY 86400
#define FIRST_S (-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_S 253402300799    /* 9999-12-31T23:59:59Z */

/* Days since 1970-01-01 of a civil date; years shifted so that March is the first month. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp + (mp < 10 ? 3 : -9);
	*year = yoe + era * 400 + (*month <= 2);
}

static char *digits(char *p, int64_t value, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		p[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return p + count;
}

static char *civil_text(char *p, int64_t unix_s)
{
	int64_t days = unix_s / S_PER_DAY;
	int64_t rest = unix_s % S_PER_DAY;
	if (rest < 0) {
		rest += S_PER_DAY;
		days--;
	}
	int64_t year, month, day;
	civil_from_days(days, &year, &month, &day);
	p = digits(p, year, 4);
	*p++ = '-';
	p = digits(p, month, 2);
	*p++ = '-';
	p = digits(p, day, 2);
	*p++ = 'T';
	p = digits(p, rest / 3600, 2);
	*p++ = ':';
	p = digits(p, rest / 60 % 60, 2);
	*p++ = ':';
	return digits(p, rest % 60, 2);
}

aim_status aim__time_format_s(char out[AIM__TIME_TEXT_SIZE], int64_t unix_s)
{
	if (unix_s < FIRST_S || unix_s > LAST_S)
		return AIM_E_INVALID;
	char *p = civil_text(out, unix_s);
	*p++ = 'Z';
	*p = '\0';
	return AIM_OK;
}

aim_status aim__time_format_us(char out[AIM__TIME_TEXT_SIZE], int64_t unix_us)
{
	int64_t seconds = unix_us / US_PER_S;
	int64_t micros = unix_us % US_PER_S;
	if (micros < 0) {
		micros += US_PER_S;
		seconds--;
	}
	if (seconds < FIRST_S || seconds > LAST_S)
		return AIM_E_INVALID;
	char *p = civil_text(out, seconds);
	*p++ = '.';
	p = digits(p, micros, 6);
	*p++ = 'Z';
	*p = '\0';
	return AIM_OK;
}

typedef struct reader {
	const char *p;
	const char *end;
	int bad;
} reader;

static int64_t take_digits(reader *r, int count)
{
	int64_t value = 0;
	if (r->end - r->p < count) {
		r->bad = 1;
		return 0;
	}
	for (int i = 0; i < count; i++, r->p++) {
		if (*r->p < '0' || *r->p > '9')
			r->bad = 1;
		value = value * 10 + (*r->p - '0');
	}
	return value;
}

static void take_char(reader *r, char upper, char lower)
{
	if (r->p == r->end || (*r->p != upper && *r->p != lower))
		r->bad = 1;
	else
		r->p++;
}

static int64_t take_fraction_us(reader *r)
{
	if (r->p == r->end || *r->p != '.')
		return 0;
	r->p++;
	int64_t value = 0;
	int count = 0;
	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9' && count < 6; r->p++, count++)
		value = value * 10 + (*r->p - '0');
	if (count == 0)
		r->bad = 1;
	for (; count < 6; count++)
		value *= 10;
	return value;
}

/* Seconds east of UTC. */
static int64_t take_offset(reader *r)
{
	if (r->p < r->end && (*r->p == 'Z' || *r->p == 'z')) {
		r->p++;
		return 0;
	}
	if (r->p == r->end || (*r->p != '+' && *r->p != '-')) {
		r->bad = 1;
		return 0;
	}
	int64_t sign = *r->p++ == '-' ? -1 : 1;
	int64_t hours = take_digits(r, 2);
	take_char(r, ':', ':');
	int64_t minutes = take_digits(r, 2);
	if (hours > 23 || minutes > 59)
		r->bad = 1;
	return sign * (hours * 3600 + minutes * 60);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const int8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return lengths[month - 1] + (month == 2 && leap);
}

aim_status aim__time_parse_us(aim_str text, int64_t *out_us)
{
	reader r = {text.ptr, text.ptr ? text.ptr + text.len : text.ptr, 0};
	int64_t year = take_digits(&r, 4);
	take_char(&r, '-', '-');
	int64_t month = take_digits(&r, 2);
	take_char(&r, '-', '-');
	int64_t day = take_digits(&r, 2);
	take_char(&r, 'T', 't');
	int64_t hour = take_digits(&r, 2);
	take_char(&r, ':', ':');
	int64_t minute = take_digits(&r, 2);
	take_char(&r, ':', ':');
	int64_t second = take_digits(&r, 2);
	int64_t micros = take_fraction_us(&r);
	int64_t offset = take_offset(&r);
	if (r.bad || r.p != r.end || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
		return AIM_E_INVALID;
	int64_t s = days_from_civil(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second;
	s -= offset;
	if (s < FIRST_S || s > LAST_S)
		return AIM_E_INVALID;
	*out_us = s * US_PER_S + micros;
	return AIM_OK;
}
