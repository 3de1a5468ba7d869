/* identity/launch.c — words of a launch configuration that do not name what is started. Layer identity. */
#include "identity/launch.h"

int aim__launch_is_prefix(aim_str word, size_t index)
{
	static const char *const prefixes[2][4] = {{"cmd", "cmd.exe", "CMD", NULL}, {"/c", "/C", NULL, NULL}};
	for (size_t i = 0; index < 2 && prefixes[index][i]; i++)
		if (aim_str_equal(word, aim_str_from(prefixes[index][i])))
			return 1;
	return 0;
}

int aim__launch_is_guard(aim_str command)
{
	aim_str name = command;
	for (size_t i = 0; i < command.len; i++)
		if (command.ptr[i] == '/' || command.ptr[i] == '\\')
			name = (aim_str){command.ptr + i + 1, command.len - i - 1};
	return aim_str_equal(name, aim_str_from("aim-guard")) || aim_str_equal(name, aim_str_from("aim-guard.exe"));
}
