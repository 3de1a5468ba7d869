/* assess/sanitise.c — walks a document and hands its texts to the detector. Layer assess. */
#include "assess/sanitise.h"

#define TEXT_MOST (UINT32_MAX / 4)
#define SHORT_TEXT 3u

typedef struct walk {
	aim__sanitise_hit hit;
	aim__sanitise_visitor visit;
	void *user;
	int stopped;
} walk;

static int forward(void *user, const aim__detect_hit *found)
{
	walk *w = user;
	w->hit.what = *found;
	w->stopped = w->visit(w->user, &w->hit);
	return w->stopped;
}

/* 1 when the whole string is a secret because of the name it has. */
static int see_member(walk *w, const aim_json *doc, uint32_t i, aim_str text)
{
	aim__detect_rule_id rule;
	if (!(doc->nodes[i].info & AIM__JSON_MEMBER))
		return 0;
	aim_str key = aim__json_key(doc, i);
	if (key.len > 256 || !aim__detect_member((const uint8_t *)key.ptr, (uint32_t)key.len, (const uint8_t *)text.ptr,
	                                         (uint32_t)text.len, &rule))
		return 0;
	aim__detect_hit hit = {rule, AIM__DETECT_CREDENTIAL, aim__detect_rules[rule].id, 0, (uint32_t)text.len};
	forward(w, &hit);
	return 1;
}

aim_status aim__sanitise_node(const aim_json *doc, uint32_t i, uint32_t classes, aim__sanitise_visitor visit,
                              void *user, int *out_stopped)
{
	const aim__json_node *node = &doc->nodes[i];
	uint32_t is_key = (node->info & AIM__JSON_KEY) != 0, type = node->info & AIM__JSON_TYPE;
	walk w = {.visit = visit, .user = user};
	*out_stopped = 0;
	if (!is_key && type != AIM_JSON_STRING && type != AIM_JSON_NUMBER)
		return AIM_OK;
	aim_str number = {(const char *)doc->source + node->start, node->end - node->start};
	aim_str text = type == AIM_JSON_NUMBER && !is_key ? number : aim__json_node_text(doc, node);
	if (text.len > TEXT_MOST)
		return AIM_E_LIMIT;
	w.hit.value = is_key ? i + 1 : i;
	w.hit.is_key = is_key;
	if (classes & AIM__SANITISE_MEMBERS && !is_key && type == AIM_JSON_STRING && see_member(&w, doc, i, text)) {
		*out_stopped = w.stopped;
		return AIM_OK;
	}
	if (text.len >= SHORT_TEXT || (text.len == 2 && text.ptr[0] == '.'))
		aim__detect_text((const uint8_t *)text.ptr, (uint32_t)text.len, classes, forward, &w);
	*out_stopped = w.stopped;
	return AIM_OK;
}

aim_status aim__sanitise_scan(const aim_json *doc, aim_json_value value, uint32_t classes, aim__sanitise_visitor visit,
                              void *user)
{
	int stopped = 0;
	if (aim__json_type(doc, value) == AIM_JSON_ABSENT)
		return AIM_OK;
	uint32_t end = aim__json_skip(doc, value);
	for (uint32_t i = value; i < end && !stopped; i++) {
		aim_status rc = aim__sanitise_node(doc, i, classes, visit, user, &stopped);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}
