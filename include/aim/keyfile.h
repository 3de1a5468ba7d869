/** aim/keyfile.h — keys in files: sealed keystores, and any other secret bytes. Immutable.
 *
 *      rc = aim_keyfile_load(ctx, path, 0, passphrase, agent_id, NULL, &key, &err);
 *      if (rc == AIM_E_NOT_FOUND) {                       // and only then: whatever is there is kept
 *          rc = aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err);
 *          if (rc == AIM_OK)
 *              rc = aim_keyfile_save(key, path, 0, passphrase, agent_id, NULL, &err);
 *      }
 *
 *  A file is written next to its place with mode 0600 from its creation, synced, moved there in one step, and the folder
 *  is synced: after a crash there is the old file or the new one. Symbolic links are not followed. Without
 *  AIM_KEYFILE_REPLACE nothing that exists is touched; with it, only a keystore of the same agent that can be read.
 */
#ifndef AIM_KEYFILE_H
#define AIM_KEYFILE_H

#include <aim/keystore.h>

AIM_BEGIN_DECLS

/** Most bytes of a key file. @since 0.1 */
#define AIM_KEYFILE_MAX_BYTES 16384u

/** When writing: an existing file may be replaced. @since 0.1 */
#define AIM_KEYFILE_REPLACE 1u
/** When reading: the file may be readable by others, owned by another user, or behind a symbolic link, as secrets
 *  that an orchestrator mounts are. @since 0.1 */
#define AIM_KEYFILE_LENIENT 2u

/** Writes secret bytes to a file of mode 0600. With AIM_KEYFILE_REPLACE a regular file there is replaced, whatever it
 *  holds; aim_keyfile_save() is the careful one.
 *  @param path   in, borrowed; the folder must exist      @param flags  in, 0 or AIM_KEYFILE_REPLACE
 *  @param bytes  in, borrowed, at most AIM_KEYFILE_MAX_BYTES
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_EXISTS (left as it is), AIM_E_NOT_FOUND (the folder), AIM_E_LIMIT,
 *          AIM_E_KEYFILE_ACCESS (no regular file is there), AIM_E_RANDOM, AIM_E_IO with errno as native_code
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyfile_write(aim_ctx *ctx, aim_str path, uint32_t flags,
                                                      aim_bytes bytes, aim_error *err);

/** Appends the bytes of a file that only its owner, this user or root, can read.
 *  @param flags  in, 0 or AIM_KEYFILE_LENIENT      @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_KEYFILE_ACCESS (mode, owner, a link, no regular file),
 *          AIM_E_LIMIT (longer than AIM_KEYFILE_MAX_BYTES), AIM_E_NOMEM, AIM_E_IO with errno as native_code
 *  Threads: confined (out).  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyfile_read(aim_ctx *ctx, aim_str path, uint32_t flags,
                                                     aim_buf *out, aim_error *err);

/** Seals a key into a file. With AIM_KEYFILE_REPLACE, what is there must be a whole keystore of the same agent: anything
 *  else, also one of a newer version, is an error and stays.
 *  @param passphrase, agent_id, options  as for aim_keystore_seal()
 *  @return AIM_OK, AIM_E_KEYSTORE_AGENT (another agent's keystore is there), else as aim_keystore_seal(),
 *          aim_keyfile_write() and, with AIM_KEYFILE_REPLACE, aim_keyfile_read() and aim_keystore_inspect()
 *  Threads: any; two writers of one path leave one of their files.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyfile_save(const aim_key *key, aim_str path, uint32_t flags,
                                                     aim_bytes passphrase, aim_str agent_id,
                                                     const aim_keystore_options *options, aim_error *err);

/** Opens the keystore in a file.
 *  @param flags  in, 0 or AIM_KEYFILE_LENIENT
 *  @param passphrase, agent_id, options, out  as for aim_keystore_open()
 *  @return AIM_OK, AIM_E_NOT_FOUND (only when nothing is at path), else as aim_keyfile_read() and
 *          aim_keystore_open()
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyfile_load(aim_ctx *ctx, aim_str path, uint32_t flags,
                                                     aim_bytes passphrase, aim_str agent_id,
                                                     const aim_keystore_options *options, aim_key **out,
                                                     aim_error *err);

AIM_END_DECLS

#endif
