/* backends/yaml_none.c — stands for yaml.c in a build without libyaml. Layer backends. */
#include "backends/yaml.h"

#include "base/error.h"

aim_status aim__yaml_read(aim__tree *tree, aim_error *err)
{
	(void)tree;
	return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_BACKENDS, "this build of libaim cannot read YAML");
}
