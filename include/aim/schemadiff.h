/** aim/schemadiff.h — what a change of a JSON Schema means: whether a caller may, or must, say more than before.
 *  An aim_schemadiff is immutable; nothing here keeps state.
 *
 *      aim_schemadiff *diff = NULL;
 *      rc = aim_schemadiff_new(ctx, old_schema, new_schema, NULL, &diff, &err);
 *      if (rc == AIM_OK && aim_schemadiff_class(diff) >= AIM_SCHEMADIFF_WIDENING)
 *          for (size_t i = 0; i < aim_schemadiff_count(diff); i++)
 *              report(aim_schemadiff_at(diff, i));     // pointer, property, old and new text
 *      aim_schemadiff_free(diff);
 *
 *  Compared is the surface that a schema declares, as closed world: what a model can be talked into saying is what
 *  the schema names. So a new property widens even where additionalProperties would have let it through, and so does
 *  a property that must now be given; a property that is gone, or need not be given any more, narrows. Everything
 *  else is about sets of values: the new set inside the old one narrows, around it widens, neither is incompatible.
 *
 *  Decided are type, enum, const, the bounds of numbers, texts, arrays and objects, multipleOf, uniqueItems, pattern
 *  (the same or not), properties, required, additionalProperties, items, allOf, anyOf, oneOf and references into the
 *  same schema (JSON Schema 2020-12). title, description and examples are cosmetic. Anything else that changes, and
 *  whatever is past the bounds of depth and work, is unknown, and weighs like incompatible.
 *
 *  For an output schema (AIM_SCHEMADIFF_OUTPUT) the direction is reversed: it is what the server promises.
 */
#ifndef AIM_SCHEMADIFF_H
#define AIM_SCHEMADIFF_H

#include <aim/json.h>

AIM_BEGIN_DECLS

typedef struct aim_schemadiff aim_schemadiff;

/** Classes of change, the gravest last. @since 0.1 */
#define AIM_SCHEMADIFF_SAME 0u         /**< nothing changed */
#define AIM_SCHEMADIFF_COSMETIC 1u     /**< title, description, examples, or the order of things */
#define AIM_SCHEMADIFF_NARROWING 2u    /**< a caller may, or must, say less */
#define AIM_SCHEMADIFF_WIDENING 3u     /**< a caller may, or must, say more */
#define AIM_SCHEMADIFF_INCOMPATIBLE 4u /**< some of both, at one place */
#define AIM_SCHEMADIFF_UNKNOWN 5u      /**< not decided */

/** Flag: the schemas describe what a tool answers. @since 0.1 */
#define AIM_SCHEMADIFF_OUTPUT 1u

/** So many changes are listed; more are only classed and counted. @since 0.1 */
#define AIM_SCHEMADIFF_MAX_CHANGES 256u

/** @since 0.1 */
typedef struct aim_schemadiff_options {
	uint32_t struct_size;
	uint32_t flags;         /**< AIM_SCHEMADIFF_OUTPUT */
	uint32_t max_depth;     /**< schemas inside schemas; 0: 64, which is also the most */
	uint32_t max_work;      /**< steps, each about one member of a schema; 0: 200 000 */
	uint32_t severities[6]; /**< by class, AIM_ALERT_INFO … AIM_ALERT_CRITICAL; 0: cosmetic low, narrowing medium,
	                         *   all others high. [0] is not used */
} aim_schemadiff_options;

/** One change. Spans live as long as the handle; old_fragment and new_fragment lie in the texts that were compared.
 *  @since 0.1 */
typedef struct aim_schemadiff_change {
	uint32_t struct_size;
	uint32_t flags;         /**< 0 */
	uint32_t change_class;  /**< AIM_SCHEMADIFF_COSMETIC … UNKNOWN */
	uint32_t severity;      /**< AIM_ALERT_* */
	aim_str pointer;        /**< JSON Pointer in the new document; in the old one for what is gone */
	aim_str property;       /**< the property that is new, gone, needed now or not needed any more; else empty */
	aim_bytes old_fragment; /**< JSON; empty when there was none */
	aim_bytes new_fragment; /**< JSON; empty when there is none */
} aim_schemadiff_change;

/** Compares two schemas.
 *  @param old_schema, new_schema  in, borrowed as long as the result lives: JSON texts
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_schemadiff_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT, or those of aim_json_parse()
 *  Threads: any.  Allocates: yes.  Source: JSON Schema 2020-12.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_schemadiff_new(aim_ctx *ctx, aim_bytes old_schema, aim_bytes new_schema,
                                                       const aim_schemadiff_options *options, aim_schemadiff **out,
                                                       aim_error *err);

/** The same for values of documents that are parsed already: pointers are those of the documents, references start
 *  at the schema. AIM_JSON_NONE is a schema that is not there, which accepts everything and names nothing.
 *  @param before, after  in, borrowed as long as the result lives
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_schemadiff_values(aim_ctx *ctx, const aim_json *before,
                                                          aim_json_value old_schema, const aim_json *after,
                                                          aim_json_value new_schema,
                                                          const aim_schemadiff_options *options,
                                                          aim_schemadiff **out, aim_error *err);

/** Frees the result. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_schemadiff_free(aim_schemadiff *diff);

/** The gravest class of all changes; AIM_SCHEMADIFF_UNKNOWN for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_schemadiff_class(const aim_schemadiff *diff);
/** The worst severity of all changes; 0 without a change, AIM_ALERT_HIGH for NULL.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_schemadiff_severity(const aim_schemadiff *diff);
/** How many changes are listed, and how many there are.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_schemadiff_count(const aim_schemadiff *diff);
AIM_API uint64_t aim_schemadiff_total(const aim_schemadiff *diff);
/** NULL past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_schemadiff_change *aim_schemadiff_at(const aim_schemadiff *diff, size_t index);

/** "same", "cosmetic", "narrowing", "widening", "incompatible", "unknown"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_schemadiff_class_name(uint32_t change_class);

AIM_END_DECLS

#endif
