/* Signs with a key that never leaves a PKCS#11 token: key_sign_pkcs11 MODULE TOKEN KEY, the PIN in AIM_PIN.
 *
 * The token makes the Ed25519 key pair when it has none called KEY. libaim sees the public half and calls back
 * for each signature, which it verifies before it gives it out. */
#include <aim/aim.h>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SLOTS 16

typedef struct token {
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE private_key;
	aim_public_key public_key;
} token;

static int complain(const char *what, unsigned long code)
{
	(void)fprintf(stderr, "%s failed: 0x%lx\n", what, code);
	return 1;
}

static CK_FUNCTION_LIST *load(const char *module)
{
	CK_FUNCTION_LIST *list = NULL;
	CK_C_GetFunctionList entry = NULL;
	void *library = dlopen(module, RTLD_NOW);
	void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
	memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from data to function */
	return entry && entry(&list) == CKR_OK ? list : NULL;
}

/* The slot of the token with this label, which PKCS#11 pads with blanks to 32 bytes. */
static CK_RV find_slot(token *t, const char *label, CK_SLOT_ID *out)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG n = MAX_SLOTS;
	char padded[33];
	(void)snprintf(padded, sizeof padded, "%-32s", label);
	CK_RV rv = t->p11->C_GetSlotList(CK_TRUE, slots, &n);
	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
		CK_TOKEN_INFO info;
		*out = slots[i];
		if (t->p11->C_GetTokenInfo(slots[i], &info) == CKR_OK && memcmp(info.label, padded, 32) == 0)
			return CKR_OK;
	}
	return rv == CKR_OK ? CKR_TOKEN_NOT_PRESENT : rv;
}

static CK_RV log_in(token *t, const char *label, char *pin)
{
	CK_SLOT_ID slot = 0;
	CK_RV rv = find_slot(t, label, &slot);
	if (rv == CKR_OK)
		rv = t->p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &t->session);
	if (rv == CKR_OK)
		rv = t->p11->C_Login(t->session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
	return rv;
}

static CK_RV find(token *t, CK_OBJECT_CLASS class, char *label, CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, strlen(label)}};
	CK_ULONG n = 0;
	CK_RV rv = t->p11->C_FindObjectsInit(t->session, wanted, 2);
	if (rv != CKR_OK)
		return rv;
	rv = t->p11->C_FindObjects(t->session, out, 1, &n);
	(void)t->p11->C_FindObjectsFinal(t->session);
	return rv == CKR_OK && n == 0 ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static CK_RV generate(token *t, char *label)
{
	static CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70}; /* the curve's OID, RFC 8410 */
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_HANDLE public_key;
	CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE of_public[] = {{CKA_TOKEN, &yes, sizeof yes},
	                            {CKA_VERIFY, &yes, sizeof yes},
	                            {CKA_EC_PARAMS, ed25519, sizeof ed25519},
	                            {CKA_LABEL, label, strlen(label)}};
	CK_ATTRIBUTE of_private[] = {{CKA_TOKEN, &yes, sizeof yes},
	                             {CKA_PRIVATE, &yes, sizeof yes},
	                             {CKA_SENSITIVE, &yes, sizeof yes},
	                             {CKA_SIGN, &yes, sizeof yes},
	                             {CKA_LABEL, label, strlen(label)}};
	return t->p11->C_GenerateKeyPair(t->session, &mechanism, of_public, 4, of_private, 5, &public_key,
	                                 &t->private_key);
}

/* CKA_EC_POINT is the 32 bytes in a DER OCTET STRING. */
static CK_RV read_public(token *t, char *label)
{
	CK_BYTE point[64];
	CK_OBJECT_HANDLE object = 0;
	CK_ATTRIBUTE wanted = {CKA_EC_POINT, point, sizeof point};
	CK_RV rv = find(t, CKO_PUBLIC_KEY, label, &object);
	if (rv == CKR_OK)
		rv = t->p11->C_GetAttributeValue(t->session, object, &wanted, 1);
	if (rv == CKR_OK && (wanted.ulValueLen != 34 || point[0] != 0x04 || point[1] != 32))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		memcpy(t->public_key.bytes, point + 2, 32);
	return rv;
}

static CK_RV open_key(token *t, char *label)
{
	CK_RV rv = find(t, CKO_PRIVATE_KEY, label, &t->private_key);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		rv = generate(t, label);
	return rv == CKR_OK ? read_public(t, label) : rv;
}

/* libaim's callback. A session signs one message at a time: a program with threads locks here. */
static aim_status sign(void *user, aim_bytes message, uint8_t out_signature[64])
{
	token *t = user;
	CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
	CK_ULONG len = 64;
	CK_RV rv = t->p11->C_SignInit(t->session, &mechanism, t->private_key);
	if (rv == CKR_OK)
		rv = t->p11->C_Sign(t->session, (CK_BYTE *)(uintptr_t)message.ptr, message.len, out_signature, &len);
	return rv == CKR_OK && len == 64 ? AIM_OK : AIM_E_IO;
}

static aim_status sign_and_verify(aim_ctx *ctx, token *t, aim_error *err)
{
	const aim_key_signer signer = {.struct_size = sizeof signer, .sign = sign, .user = t};
	const aim_bytes payload = aim_bytes_from_str(aim_str_from("a message of an agent"));
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];
	aim_key *key = NULL;
	aim_status rc = aim_key_external(ctx, AIM_KEY_AGENT, &t->public_key, &signer, &key, err);
	if (rc == AIM_OK)
		rc = aim_message_sign(key, payload, signature, err);
	if (rc == AIM_OK)
		rc = aim_message_verify(ctx, &t->public_key, payload, aim_bytes_from(signature, sizeof signature), err);
	if (rc == AIM_OK)
		rc = aim_key_public_text(&t->public_key, text);
	if (rc == AIM_OK)
		(void)printf("signed in the token and verified: %s\n", text);
	aim_key_unref(key);
	return rc;
}

int main(int argc, char **argv)
{
	token t = {0};
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	char *pin = getenv("AIM_PIN");
	if (argc != 4 || !pin) {
		(void)fprintf(stderr, "usage: AIM_PIN=… key_sign_pkcs11 MODULE TOKEN KEY\n");
		return 2;
	}
	t.p11 = load(argv[1]);
	CK_RV rv = t.p11 ? t.p11->C_Initialize(NULL) : CKR_GENERAL_ERROR;
	if (rv == CKR_OK)
		rv = log_in(&t, argv[2], pin);
	if (rv == CKR_OK)
		rv = open_key(&t, argv[3]);
	if (rv != CKR_OK)
		return complain("PKCS#11", rv);
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = sign_and_verify(ctx, &t, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_ctx_free(ctx);
	(void)t.p11->C_Finalize(NULL);
	return rc == AIM_OK ? 0 : 1;
}
