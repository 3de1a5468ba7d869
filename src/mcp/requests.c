/* mcp/requests.c — the table of open requests. Layer mcp. Knows no JSON. */
#include "mcp/requests.h"

#include "base/mem.h"

#include <string.h>

#define NO_ENTRY UINT32_MAX
#define TEXT_FIRST 64u
#define ITEMS_FIRST 16u

void aim__requests_init(aim__requests *table, const aim_ctx *ctx, uint32_t max)
{
	memset(table, 0, sizeof *table);
	table->ctx = ctx;
	table->max = max;
	table->free_first = NO_ENTRY;
	aim__map_init(&table->by_id, ctx, 0);
}

void aim__requests_dispose(aim__requests *table)
{
	for (size_t i = 0; i < table->n_items; i++) {
		aim__free(table->ctx, table->items[i]->text, table->items[i]->cap);
		aim__free(table->ctx, table->items[i], sizeof **table->items);
	}
	aim__free(table->ctx, table->items, table->cap * sizeof *table->items);
	aim__map_dispose(&table->by_id);
	memset(table, 0, sizeof *table);
}

/* Another unused entry at the head of the free list. */
static aim_status make_entry(aim__requests *table)
{
	void *items = table->items;
	aim_status rc = aim__grow(table->ctx, &items, &table->cap, table->n_items + 1, sizeof *table->items,
	                          ITEMS_FIRST, table->max);
	table->items = items;
	if (rc != AIM_OK)
		return rc;
	aim__request *request = aim__alloc_zeroed(table->ctx, sizeof *request);
	if (!request)
		return AIM_E_NOMEM;
	request->next = table->free_first;
	table->free_first = (uint32_t)table->n_items;
	table->items[table->n_items++] = request;
	return AIM_OK;
}

/* The map's values: the entry's index. */
static uint32_t index_of(const aim__requests *table, const aim__request *request)
{
	uintptr_t *value = aim__map_find(&table->by_id, aim__request_id_key(request));
	return value ? (uint32_t)*value : NO_ENTRY;
}

void aim__requests_remove(aim__requests *table, aim__request *request)
{
	uint32_t index = index_of(table, request);
	if (index == NO_ENTRY)
		return;
	aim__map_remove(&table->by_id, aim__request_id_key(request), NULL);
	request->next = table->free_first;
	table->free_first = index;
}

/* A cancelled request is only kept so that a late reply is recognised: it makes room for a live one. */
static void evict_cancelled(aim__requests *table)
{
	size_t cursor = 0;
	for (const aim__map_entry *e; (e = aim__map_next(&table->by_id, &cursor));)
		if (table->items[e->value]->cancelled) {
			aim__requests_remove(table, table->items[e->value]);
			return;
		}
}

static aim_status set_text(aim__requests *table, aim__request *request, aim_bytes id_key, aim_str subject)
{
	void *text = request->text;
	aim_status rc = aim__grow(table->ctx, &text, &request->cap, id_key.len + subject.len + 1, 1, TEXT_FIRST, 0);
	request->text = text;
	if (rc != AIM_OK)
		return rc;
	memcpy(request->text, id_key.ptr, id_key.len);
	if (subject.len)
		memcpy(request->text + id_key.len, subject.ptr, subject.len);
	request->id_len = (uint32_t)id_key.len;
	request->subject_len = (uint32_t)subject.len;
	return AIM_OK;
}

static void reset(aim__request *request)
{
	request->method = NULL;
	request->started_us = 0;
	request->binding = 0;
	request->gated = request->first_page = request->modern = request->cancelled = 0;
	request->decision_id[0] = 0;
}

aim_status aim__requests_add(aim__requests *table, aim_bytes id_key, aim_str subject, aim__request **out)
{
	if (aim__map_find(&table->by_id, id_key))
		return AIM_E_EXISTS;
	if (table->by_id.count >= table->max)
		evict_cancelled(table);
	if (table->by_id.count >= table->max)
		return AIM_E_LIMIT;
	if (table->free_first == NO_ENTRY) {
		aim_status rc = make_entry(table);
		if (rc != AIM_OK)
			return rc;
	}
	uint32_t index = table->free_first;
	aim__request *request = table->items[index];
	aim_status rc = set_text(table, request, id_key, subject);
	if (rc == AIM_OK)
		rc = aim__map_add(&table->by_id, aim__request_id_key(request), index);
	if (rc != AIM_OK)
		return rc;
	table->free_first = request->next;
	reset(request);
	*out = request;
	return AIM_OK;
}

aim__request *aim__requests_find(const aim__requests *table, aim_bytes id_key)
{
	uintptr_t *value = id_key.len ? aim__map_find(&table->by_id, id_key) : NULL;
	return value ? table->items[*value] : NULL;
}

size_t aim__requests_count(const aim__requests *table)
{
	return table->by_id.count;
}

aim__request *aim__requests_any(const aim__requests *table)
{
	size_t cursor = 0;
	const aim__map_entry *e = aim__map_next(&table->by_id, &cursor);
	return e ? table->items[e->value] : NULL;
}
