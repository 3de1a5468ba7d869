/* audit/note.h — signed notes (c2sp.org/signed-note) and their keys: text, a blank line, and one line
 * per signature. Knows nothing of logs or stores. Nothing is trusted before aim__note_verify(). */
#ifndef AIM_AUDIT_NOTE_H
#define AIM_AUDIT_NOTE_H

#include <aim/buf.h>
#include <aim/key.h>

#define AIM__NOTE_MAX_BYTES 65536u
#define AIM__NOTE_MAX_SIGNATURES 64u /* the specification asks for 16 at least */
#define AIM__NOTE_MAX_NAME_BYTES 255u

/* Signature types. */
#define AIM__NOTE_ED25519 0x01u
#define AIM__NOTE_COSIGNATURE 0x04u /* c2sp.org/tlog-cosignature, Ed25519 */

/* A note taken apart; spans are borrowed from its bytes. */
typedef struct aim__note {
	aim_str text;       /* with its last newline: what is signed */
	aim_str signatures; /* whole lines */
	uint32_t n_signatures;
} aim__note;

/* One signature line; spans are borrowed from the note. */
typedef struct aim__note_line {
	aim_str whole; /* with its newline */
	aim_str name;
	aim_str base64;
} aim__note_line;

/* Who signs. name is borrowed. */
typedef struct aim__note_key {
	aim_str name;
	uint32_t type;
	uint8_t id[4];
	aim_public_key public_key;
} aim__note_key;

/* Checks the framing of text and of every signature line. AIM_OK, AIM_E_AUDIT_FORMAT, AIM_E_LIMIT. */
aim_status aim__note_read(aim_str bytes, aim__note *out, aim_error *err);
/* Takes the first line off *rest, lines of a note that was read; 0 at the end. */
int aim__note_next(aim_str *rest, aim__note_line *out);

/* 1 when a key may have the name: not empty, no Unicode space, no plus, no control character. */
int aim__note_is_name(aim_str name);
/* Computes the key id. AIM_OK, AIM_E_INVALID (the name), AIM_E_CALLBACK. */
aim_status aim__note_key_make(const aim_ctx *ctx, aim_str name, uint32_t type,
                              const aim_public_key *public_key, aim__note_key *out, aim_error *err);
/* The text form: name+id+base64(type ‖ key). AIM_OK, AIM_E_AUDIT_FORMAT, AIM_E_UNSUPPORTED (another
 * type), AIM_E_KEY, AIM_E_CALLBACK. */
aim_status aim__note_key_read(const aim_ctx *ctx, aim_str vkey, aim__note_key *out, aim_error *err);
aim_status aim__note_key_write(const aim__note_key *key, aim_buf *out);

/* AIM_OK only when the note has a signature of the key, and each line with the key's name and id is
 * one. out_time_s, may be NULL: the greatest timestamp of cosignatures. AIM_E_AUDIT_UNSIGNED (no such
 * line), AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_NOMEM, AIM_E_CALLBACK. */
aim_status aim__note_verify(aim_ctx *ctx, const aim__note *note, const aim__note_key *key,
                            int64_t *out_time_s, aim_error *err);
/* Appends the signature line over text. time_s counts for cosignatures only. AIM_OK, AIM_E_NOMEM,
 * AIM_E_LIMIT, and what aim__key_sign() returns. */
aim_status aim__note_sign(const aim_key *key, const aim__note_key *as, aim_str text, uint64_t time_s,
                          aim_buf *out, aim_error *err);

#endif
