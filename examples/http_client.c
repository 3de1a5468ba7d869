/* http_client URL KEY-FILE BODY [UNIX-TIME] — signs an MCP request with X-MCP-Signature and sends it over libcurl. The
 * key file holds a private key in any form. Prints the two headers and the answer; ends with 1 unless it is 200. */
#include <aim/aim.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static aim_status load_key(aim_ctx *ctx, const char *path, aim_key **out)
{
	aim_buf *bytes = NULL;
	aim_status rc = aim_buf_new(ctx, &bytes);
	if (rc == AIM_OK)
		rc = aim_keyfile_read(ctx, aim_str_from(path), 0, bytes, &err);
	if (rc == AIM_OK)
		rc = aim_keyform_parse_private(ctx, AIM_KEY_AGENT, aim_buf_bytes(bytes), out, NULL, &err);
	aim_buf_free(bytes);
	return rc;
}

static struct curl_slist *headers_of(const aim_mcpsig_values *values)
{
	char signature[160], timestamp[64];
	snprintf(signature, sizeof signature, "%s: %s", AIM_MCPSIG_SIGNATURE, values->signature);
	snprintf(timestamp, sizeof timestamp, "%s: %s", AIM_MCPSIG_TIMESTAMP, values->timestamp);
	printf("%s\n%s\n", signature, timestamp);
	struct curl_slist *list = curl_slist_append(NULL, signature);
	list = curl_slist_append(list, timestamp);
	return curl_slist_append(list, "Content-Type: application/json");
}

static int send_request(const char *url, const char *body, const aim_mcpsig_values *values)
{
	long status = 0;
	CURL *curl = curl_easy_init();
	if (!curl)
		return 1;
	struct curl_slist *headers = headers_of(values);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	CURLcode code = curl_easy_perform(curl); /* the answer's body goes to stdout */
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		printf("\n%ld\n", status);
	else
		fprintf(stderr, "%s\n", curl_easy_strerror(code));
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return code != CURLE_OK || status != 200;
}

int main(int argc, char **argv)
{
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	int64_t now_us = 0;
	aim_mcpsig_values values;
	if (argc < 4 || argc > 5)
		return fprintf(stderr, "usage: http_client URL KEY-FILE BODY [UNIX-TIME]\n"), 2;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = load_key(ctx, argv[2], &key);
	if (rc == AIM_OK)
		rc = aim_ctx_now_us(ctx, &now_us);
	if (rc == AIM_OK && argc == 5)
		now_us = strtoll(argv[4], NULL, 10) * 1000000;
	if (rc == AIM_OK)
		rc = aim_mcpsig_sign(key, aim_bytes_from_str(aim_str_from(argv[3])), now_us, &values, &err);
	int code = rc == AIM_OK ? send_request(argv[1], argv[3], &values)
	                        : (fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message), 1);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return code;
}
