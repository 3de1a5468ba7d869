/* Whatever is read as a chain is written as the same chain, and no chain but the seed's own and its beginnings is
 * valid: the keys that signed it are gone. */
#include <aim/delegation.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* did:key of the sponsor of the seeds "valid" and "longer", and what they delegate. */
static const char sponsor[] = "did:key:z6MkiFfqMnN1Rap2apwd4otBYNqg7H7Y8UUb9dEXCDDWPdvy";
#define NOW INT64_C(1800000000)

static void check_round(aim_ctx *ctx, const aim_delegation *chain)
{
	aim_buf *once = NULL, *twice = NULL;
	aim_delegation *again = NULL;
	if (aim_buf_new(ctx, &once) != AIM_OK || aim_buf_new(ctx, &twice) != AIM_OK ||
	    aim_delegation_export(chain, once) != AIM_OK ||
	    aim_delegation_import(ctx, aim_buf_bytes(once), &again, NULL) != AIM_OK ||
	    aim_delegation_export(again, twice) != AIM_OK || !aim_str_equal(aim_buf_str(once), aim_buf_str(twice)))
		abort();
	aim_delegation_free(again);
	aim_buf_free(twice);
	aim_buf_free(once);
}

static void check_valid(const aim_delegation *chain)
{
	aim_delegation_check c = {.struct_size = sizeof c, .now_s = NOW};
	aim_delegation_result r = {.struct_size = sizeof r};
	aim_delegation_link l = {.struct_size = sizeof l};
	c.sponsor = aim_str_from(sponsor);
	aim_status rc = aim_delegation_verify(chain, &c, &r, NULL);
	if ((rc == AIM_OK) != (r.rule == AIM_DELEGATION_VALID) || r.link >= aim_delegation_count(chain))
		abort();
	if (rc == AIM_OK && (aim_delegation_at(chain, 0, &l) != AIM_OK || l.n_capabilities != 1 ||
	                     !aim_str_equal(l.capabilities[0], aim_str_from("read:*"))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	aim_delegation *chain = NULL;
	if (!ctx && aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		abort();
	if (aim_delegation_import(ctx, aim_bytes_from(data, size), &chain, NULL) != AIM_OK)
		return 0;
	check_round(ctx, chain);
	check_valid(chain);
	aim_delegation_free(chain);
	return 0;
}
