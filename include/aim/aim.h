/** aim/aim.h — all of libaim. The includes stand in layer order, bottom first: read top to bottom,
 *  they are the architecture. Interfaces for implementers are in aim/plugin/.
 *
 *      #include <aim/aim.h>
 *      aim_ctx *ctx = NULL;
 *      if (aim_ctx_new(NULL, &ctx, NULL) == AIM_OK)
 *          puts(aim_version_text());
 *      aim_ctx_free(ctx);
 */
#ifndef AIM_AIM_H
#define AIM_AIM_H

/* base */
#include <aim/api.h>
#include <aim/status.h>
#include <aim/span.h>
#include <aim/error.h>
#include <aim/version.h>
#include <aim/ctx.h>
#include <aim/buf.h>
#include <aim/diagnostics.h>

/* codec */
#include <aim/json.h>
#include <aim/config.h>
#include <aim/encoding.h>
#include <aim/patterns.h>

/* crypto */
#include <aim/hash.h>
#include <aim/key.h>
#include <aim/keyform.h>
#include <aim/keystore.h>

/* store */
#include <aim/store.h>

/* audit */
#include <aim/audit.h>
#include <aim/checkpoint.h>
#include <aim/proof.h>
#include <aim/receipt.h>
#include <aim/trail.h>
#include <aim/retention.h>
#include <aim/alert.h>

/* identity */
#include <aim/registry.h>
#include <aim/agent.h>
#include <aim/server.h>
#include <aim/keyring.h>
#include <aim/did.h>
#include <aim/link.h>
#include <aim/grant.h>
#include <aim/grantrequest.h>
#include <aim/delegation.h>
#include <aim/session.h>
#include <aim/usage.h>

/* evidence */
#include <aim/verifycache.h>
#include <aim/message.h>
#include <aim/contentdigest.h>
#include <aim/replay.h>
#include <aim/headers.h>
#include <aim/httpsig.h>
#include <aim/mcpsig.h>
#include <aim/agentsig.h>
#include <aim/envelope.h>
#include <aim/dsse.h>
#include <aim/intoto.h>
#include <aim/jws.h>
#include <aim/dataintegrity.h>
#include <aim/challenge.h>
#include <aim/rfc9421.h>
#include <aim/webbotauth.h>
#include <aim/handshake.h>
#include <aim/attestation.h>
#include <aim/attestationinterop.h>

/* assess */
#include <aim/fingerprint.h>
#include <aim/schemadiff.h>
#include <aim/behaviour.h>
#include <aim/baseline.h>
#include <aim/trustscore.h>
#include <aim/trustinterop.h>
#include <aim/trust.h>
#include <aim/trustmesh.h>
#include <aim/drift.h>
#include <aim/rugpull.h>
#include <aim/ledger.h>
#include <aim/confidence.h>
#include <aim/scan.h>
#include <aim/response.h>
#include <aim/advisory.h>

/* enforce */
#include <aim/rates.h>
#include <aim/facts.h>
#include <aim/decision.h>
#include <aim/limit.h>
#include <aim/breaker.h>
#include <aim/approval.h>
#include <aim/policy.h>
#include <aim/authorizer.h>
#include <aim/proxy.h>
#include <aim/gateway.h>
#include <aim/authpolicy.h>
#include <aim/flow.h>
#include <aim/gatedtool.h>
#include <aim/action.h>
#include <aim/pipeline.h>

/* mcp */
#include <aim/guard.h>
#include <aim/guardhttp.h>
#include <aim/discovery.h>
#include <aim/mcpdocument.h>
#include <aim/mcpserver.h>

/* backends */
#include <aim/sqlite.h>
#include <aim/keyfile.h>
#include <aim/discoveryfile.h>

#endif
