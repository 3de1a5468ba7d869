/* backends/yaml.h — YAML through libyaml, for the composition root. */
#ifndef AIM_BACKENDS_YAML_H
#define AIM_BACKENDS_YAML_H

#include "codec/tree.h"

/* Reads tree->source, which is UTF-8 without a byte order mark: one document, plain values by the core schema of YAML
 * 1.2; refused are aliases, tags outside the core schema, keys that are no scalars, further documents. AIM_OK,
 * AIM_E_YAML, AIM_E_JSON_DUPLICATE, AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE, AIM_E_NOMEM, AIM_E_UNSUPPORTED. libyaml takes its
 * memory from malloc. */
aim_status aim__yaml_read(aim__tree *tree, aim_error *err);

#endif
