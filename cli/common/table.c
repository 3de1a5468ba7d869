/* cli/common/table.c — lists. The first rows are held back until their widths are known; the rest stream. */
#include "say.h"
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD 200u
#define CELL_MAX 4096u
#define LEAST 8u /* columns that a cut cell keeps */
#define GAP 2u

typedef struct cell {
	char *text; /* fit for a terminal; NULL: absent */
	unsigned width;
	int style;
} cell;

struct table {
	const column *columns;
	size_t n_columns;
	size_t at; /* next cell of the row */
	size_t n_held;
	int streaming;
	int any;
	unsigned widths[COLUMNS_MAX];
	cell rows[HELD][COLUMNS_MAX];
};

table *table_new(const column *columns, size_t n)
{
	table *t = n <= COLUMNS_MAX ? calloc(1, sizeof *t) : NULL;
	if (!t) {
		say("out of memory");
		return NULL;
	}
	t->columns = columns;
	t->n_columns = n;
	return t;
}

static unsigned width_of(const char *text)
{
	unsigned width = 0;
	aim_str s = aim_str_from(text);
	for (size_t at = 0; at < s.len;)
		width += text_columns(text_next(s, &at));
	return width;
}

/* --- JSON Lines ------------------------------------------------------------------------------------------------ */

static void json_cell(table *t, aim_str text, int absent)
{
	const column *c = &t->columns[t->at++];
	if (absent || !c->member)
		return;
	printf("%s\"%s\":", t->any ? "," : "{", c->member);
	t->any = 1;
	if (c->flags & COLUMN_RAW)
		json_again(text);
	else if (c->flags & COLUMN_NUMBER)
		fwrite(text.ptr, 1, text.len, stdout);
	else
		json_string(text);
}

static void json_row_end(table *t)
{
	puts(t->any ? "}" : "{}");
	t->any = 0;
	t->at = 0;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static int is_shown(const table *t, size_t i)
{
	return !(t->columns[i].flags & (COLUMN_HIDDEN | COLUMN_RAW));
}

/* Takes from the widest cells that may shrink until the line fits. */
static void fit(table *t)
{
	unsigned limit = screen_width(), total = 0;
	for (size_t i = 0; i < t->n_columns; i++)
		total += is_shown(t, i) ? t->widths[i] + GAP : 0;
	while (limit && total > limit + GAP) {
		size_t widest = t->n_columns;
		for (size_t i = 0; i < t->n_columns; i++)
			if (is_shown(t, i) && t->columns[i].flags & COLUMN_SHRINKS && t->widths[i] > LEAST &&
			    (widest == t->n_columns || t->widths[i] > t->widths[widest]))
				widest = i;
		if (widest == t->n_columns)
			return;
		t->widths[widest]--;
		total--;
	}
}

static void find_widths(table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		t->widths[i] = (unsigned)strlen(t->columns[i].title ? t->columns[i].title : "");
		for (size_t row = 0; row < t->n_held; row++)
			if (t->rows[row][i].width > t->widths[i])
				t->widths[i] = t->rows[row][i].width;
	}
	fit(t);
}

static void spaces(unsigned n)
{
	printf("%*s", (int)n, "");
}

/* The text, cut with an ellipsis when it is wider. Returns the columns it took. */
static unsigned put_cut(const char *text, unsigned width, unsigned most)
{
	aim_str s = aim_str_from(text);
	if (!screen_width() || width <= most) {
		fputs(text, stdout);
		return width;
	}
	unsigned used = 0;
	for (size_t at = 0; at < s.len;) {
		size_t from = at;
		unsigned columns = text_columns(text_next(s, &at));
		if (used + columns >= most)
			break;
		fwrite(s.ptr + from, 1, at - from, stdout);
		used += columns;
	}
	fputs("…", stdout);
	return used + 1;
}

static void put_cell(const table *t, size_t i, const char *text, unsigned width, int which, int is_last)
{
	int right = (t->columns[i].flags & COLUMN_NUMBER) != 0;
	if (right && width < t->widths[i])
		spaces(t->widths[i] - width);
	fputs(style(which), stdout);
	unsigned used = put_cut(text, width, t->widths[i]);
	fputs(which ? style(STYLE_NONE) : "", stdout);
	if (!is_last)
		spaces((right || used >= t->widths[i] ? 0 : t->widths[i] - used) + GAP);
}

static size_t last_shown(const table *t)
{
	size_t last = 0;
	for (size_t i = 0; i < t->n_columns; i++)
		last = is_shown(t, i) ? i : last;
	return last;
}

/* Nothing is padded behind the last cell that shows something. */
static void put_row(table *t, cell *row)
{
	size_t last = last_shown(t);
	while (last > 0 && (row[last].width == 0 || !is_shown(t, last)))
		last--;
	for (size_t i = 0; i <= last; i++)
		if (is_shown(t, i))
			put_cell(t, i, row[i].text ? row[i].text : "", row[i].width, row[i].style, i == last);
	putchar('\n');
	for (size_t i = 0; i < t->n_columns; i++) {
		free(row[i].text);
		row[i] = (cell){NULL, 0, STYLE_NONE};
	}
}

static void put_titles(const table *t)
{
	size_t last = last_shown(t);
	for (size_t i = 0; i < t->n_columns; i++)
		if (is_shown(t, i))
			put_cell(t, i, t->columns[i].title, (unsigned)strlen(t->columns[i].title), STYLE_BOLD, i == last);
	putchar('\n');
}

void table_flush(table *t)
{
	if (screen_is_json() || (t->n_held == 0 && !t->streaming))
		return;
	if (!t->streaming) {
		find_widths(t);
		put_titles(t);
	}
	for (size_t row = 0; row < t->n_held; row++)
		put_row(t, t->rows[row]);
	t->n_held = 0;
	t->streaming = 1;
}

/* --- filling ------------------------------------------------------------------------------------------------------ */

void table_styled(table *t, aim_str text, int which)
{
	char shown[CELL_MAX];
	if (screen_is_json()) {
		json_cell(t, text, text.len == 0);
		return;
	}
	cell *c = &t->rows[t->n_held][t->at];
	if (is_shown(t, t->at)) {
		c->text = strdup(printable(text, shown, sizeof shown));
		c->width = c->text ? width_of(c->text) : 0;
		c->style = which;
	}
	t->at++;
}

void table_text(table *t, aim_str text)
{
	table_styled(t, text, STYLE_NONE);
}

void table_number(table *t, uint64_t number)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	table_text(t, aim_str_from(text));
}

void table_none(table *t)
{
	table_text(t, aim_str_from(NULL));
}

void table_row_end(table *t)
{
	if (screen_is_json()) {
		json_row_end(t);
		return;
	}
	t->at = 0;
	t->n_held++;
	if (t->streaming || t->n_held == HELD)
		table_flush(t);
}

void table_free(table *t, const char *nothing)
{
	if (!t)
		return;
	table_flush(t);
	if (!t->streaming && !screen_is_json() && screen_width() && nothing)
		puts(nothing);
	free(t);
}
