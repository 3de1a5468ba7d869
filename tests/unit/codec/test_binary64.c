/* Decimal to binary64 and back, against the C library (which only tests may use) on many random
 * numbers and on the hard ones. */
#include "support.h"

#include "codec/binary64.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 88172645463325252u;

/* xorshift64 (Marsaglia 2003): the same numbers on every run. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits;
}

static double double_of(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static uint64_t read_bits(const char *text)
{
	aim__number number;
	aim__number_read(aim_str_from(text), &number);
	return aim__number_to_bits(&number) | (uint64_t)number.negative << 63;
}

/* Both ways of reading: the usual one, and big integers alone. */
static void check_reading(const char *text)
{
	aim__number number;
	aim__number_read(aim_str_from(text), &number);
	if (number.n_digits != 0 && number.exponent > -327 && number.exponent < 310)
		assert_true(aim__binary64_read_exact(&number) == aim__number_to_bits(&number));
	uint64_t expected = bits_of(strtod(text, NULL));
	uint64_t actual = read_bits(text);
	if (actual != expected)
		fail_msg("%s reads as %016llx, expected %016llx", text, (unsigned long long)actual,
		         (unsigned long long)expected);
}

static uint64_t random_finite(void)
{
	uint64_t bits;
	do {
		bits = next_random() & ~((uint64_t)1 << 63);
	} while ((bits >> 52) == 0x7FF);
	return bits;
}

static void test_reading_random_decimals(void **state)
{
	char text[64];
	(void)state;
	for (int i = 0; i < 15000; i++) {
		double value = double_of(random_finite());
		snprintf(text, sizeof text, "%.*e", (int)(next_random() % 25), value);
		check_reading(text);
		snprintf(text, sizeof text, "%llu.%llue%d",
		         (unsigned long long)next_random() >> (next_random() % 60),
		         (unsigned long long)next_random(), (int)(next_random() % 700) - 350);
		check_reading(text);
	}
}

/* Exactly halfway between two neighbours, and just beside: up to 770 digits. */
static void test_reading_midpoints(void **state)
{
	static char text[1200];
	(void)state;
	for (int i = 0; i < 400; i++) {
		uint64_t bits = random_finite();
		if (i < 40)
			bits &= 0x001FFFFFFFFFFFFFu >> (i % 20); /* subnormal or nearly so */
		long double low = double_of(bits);
		long double high = double_of(bits + 1);
		if (bits + 1 == (uint64_t)0x7FF << 52)
			continue;
		/* 64 bits of mantissa hold the midpoint exactly, also of subnormals. */
		long double middle = low + (high - low) / 2;
		snprintf(text, sizeof text, "%.1100Lf", middle);
		check_reading(text);
		size_t len = strlen(text);
		text[len - 1] = '1'; /* a little above */
		check_reading(text);
	}
}

static void test_reading_edges(void **state)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"0.0",
		"0e999999999999",
		"5e-324",
		"4.9406564584124654e-324",
		"2.4703282292062327e-324",
		"2.4703282292062328e-324",
		"2.47032822920623272088284396434110686182e-324",
		"1e-400",
		"1e-999999999999",
		"2.2250738585072011e-308",
		"2.2250738585072012e-308",
		"2.2250738585072014e-308",
		"1.7976931348623157e308",
		"1.7976931348623158e308",
		"1.7976931348623159e308",
		"1e309",
		"1e400",
		"1e999999999999999999999999",
		"179769313486231570814527423731704356798070567525844996598917476803157260780"
		"02853876058955863276687817154045895351438246423432132688946418276846754670353751698604"
		"991057655128207624"
		"54900903893289440758685084551339423045832369032229481658085593321233477479378490814152"
		"131212497587",
		"9007199254740993",
		"9007199254740992.999999999999999999999999999999999999",
		"9007199254740993.0000000001",
		"6.929001713869936e+236",
		"8.5e-1",
		"3e0",
		"100000000000000000000000",
		"123456789012345678",
		"0.000000000000000000000000000000000000000000000000000000000000000000001e69",
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_reading(texts[i]);
	/* 2000 digits: the tail beyond the 768th still decides a tie. */
	static char text[2100];
	memset(text, '0', 2000);
	memcpy(text, "9007199254740993.", 17);
	check_reading(text);
	text[1999] = '1';
	check_reading(text);
}

static void check_both_ways(uint64_t bits, const aim__shortest *fast)
{
	aim__shortest exact = {.exponent = 0};
	uint64_t mantissa = bits & (AIM__BINARY64_HIDDEN_BIT - 1);
	int32_t biased = (int32_t)(bits >> 52 & 0x7FF);
	if (biased != 0)
		mantissa |= AIM__BINARY64_HIDDEN_BIT;
	aim__binary64_shortest_exact(
	    mantissa, AIM__BINARY64_MIN_EXPONENT + (biased ? biased - 1 : 0), &exact);
	assert_int_equal(exact.n_digits, fast->n_digits);
	assert_int_equal(exact.exponent, fast->exponent);
	assert_memory_equal(exact.digits, fast->digits, exact.n_digits);
}

/* The fewest digits that read back, by trying every precision. */
static void check_shortest(uint64_t bits)
{
	char text[40];
	aim__shortest shortest;
	double value = double_of(bits);
	int digits = 0;
	do {
		snprintf(text, sizeof text, "%.*e", digits++, value);
	} while (strtod(text, NULL) != value);
	aim__shortest_from_bits(bits, &shortest);
	check_both_ways(bits, &shortest);
	char es[AIM__NUMBER_TEXT_SIZE];
	size_t n =
	    aim__number_write_es(es, 0, shortest.digits, shortest.n_digits, shortest.exponent);
	es[n] = '\0';
	if (strtod(es, NULL) != value)
		fail_msg("%016llx is written %s, which is another number", (unsigned long long)bits,
		         es);
	if ((int)shortest.n_digits > digits)
		fail_msg("%016llx is written %s, but %s is shorter", (unsigned long long)bits, es,
		         text);
	/* Of equally long ones the closest, which is what printf gives. */
	if ((int)shortest.n_digits == digits) {
		char mantissa[40];
		snprintf(mantissa, sizeof mantissa, "%c%s%.*s", shortest.digits[0],
		         digits > 1 ? "." : "", digits - 1, shortest.digits + 1);
		if (strncmp(mantissa, text, strlen(mantissa)) != 0)
			fail_msg("%016llx is written %s, but %s is closer",
			         (unsigned long long)bits, es, text);
	}
}

static void test_shortest_random(void **state)
{
	(void)state;
	for (int i = 0; i < 15000; i++) {
		check_shortest(random_finite());
		check_shortest(bits_of((double)(next_random() >> (next_random() % 64))) | 1);
		check_shortest(bits_of((double)(next_random() % 100000000) / 1000));
	}
}

static void test_shortest_edges(void **state)
{
	(void)state;
	for (uint64_t exponent = 0; exponent < 0x7FF; exponent++) {
		uint64_t bits = exponent << 52;
		if (bits)
			check_shortest(bits);
		check_shortest(bits + 1);
		check_shortest(bits | (((uint64_t)1 << 52) - 1));
	}
}

static void test_int64(void **state)
{
	static const struct {
		const char *text;
		int ok;
		int64_t value;
	} cases[] = {
		{"0", 1, 0},
		{"-0", 1, 0},
		{"0.000", 1, 0},
		{"0e99999999999999999999", 1, 0},
		{"1", 1, 1},
		{"-1", 1, -1},
		{"10", 1, 10},
		{"1e1", 1, 10},
		{"10.0", 1, 10},
		{"100e-1", 1, 10},
		{"0.1e2", 1, 10},
		{"1.5", 0, 0},
		{"15e-1", 0, 0},
		{"9223372036854775807", 1, INT64_MAX},
		{"9223372036854775808", 0, 0},
		{"-9223372036854775808", 1, INT64_MIN},
		{"-9223372036854775809", 0, 0},
		{"922337203685477580.7e1", 1, INT64_MAX},
		{"9999999999999999999", 0, 0},
		{"1e18", 1, 1000000000000000000},
		{"1e19", 0, 0},
		{"1e-1", 0, 0},
		{"1e999999999999999999999999", 0, 0},
		{"1e-999999999999999999999", 0, 0},
		{"9007199254740993", 1, 9007199254740993},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t value = 77;
		assert_int_equal(aim__number_int64(aim_str_from(cases[i].text), &value),
		                 cases[i].ok);
		assert_true(value == (cases[i].ok ? cases[i].value : 77));
	}
}

static void test_compare(void **state)
{
	/* In order; texts that share a line are equal. */
	static const char *const rows[][3] = {
		{"-1e400", "-10e399", "-1.0e+400"},
		{"-2", "-2.0", "-20e-1"},
		{"-1.5", "-15e-1", "-0.15e1"},
		{"-1e-400", "-0.1e-399", "-1e-400"},
		{"0", "-0", "0e5"},
		{"1e-400", "10e-401", "0.01e-398"},
		{"0.1", "1e-1", "0.100"},
		{"0.10000000000000001", "0.100000000000000010", "1.0000000000000001e-1"},
		{"9007199254740992", "9007199254740992.0", "9.007199254740992e15"},
		{"9007199254740993", "9007199254740993.00", "9007199254740993e0"},
		{"1e16", "10000000000000000", "1E+16"},
		{"1e400", "1.0e400", "0.1e401"},
	};
	enum { N = sizeof rows / sizeof *rows };
	(void)state;
	for (int i = 0; i < N * 3; i++)
		for (int k = 0; k < N * 3; k++)
			assert_int_equal(aim__number_compare(aim_str_from(rows[i / 3][i % 3]),
			                                     aim_str_from(rows[k / 3][k % 3])),
			                 (i / 3 > k / 3) - (i / 3 < k / 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_edges),
		cmocka_unit_test(test_reading_random_decimals),
		cmocka_unit_test(test_reading_midpoints),
		cmocka_unit_test(test_shortest_edges),
		cmocka_unit_test(test_shortest_random),
		cmocka_unit_test(test_int64),
		cmocka_unit_test(test_compare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
