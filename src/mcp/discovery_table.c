/* mcp/discovery_table.c — where each client keeps its servers. A new client is a new row. Layer mcp. */
#include "mcp/discovery.h"

#include <string.h>

#define HOME AIM__BASE_HOME
#define CWD AIM__BASE_CWD
#define CONFIG AIM__BASE_CONFIG /* ~/.config, ~/Library/Application Support, %APPDATA% */
#define ROOT AIM__BASE_ROOT
#define LINUX AIM__ON_LINUX
#define MACOS AIM__ON_MACOS
#define WINDOWS AIM__ON_WINDOWS
#define UNIX (AIM__ON_LINUX | AIM__ON_MACOS)
#define ALL AIM__ON_ALL

/* In a plug-in's file the servers may stand without a name around them. */
#define PLUGIN "mcpServers|."
#define SETTINGS "mcp/servers|mcp.servers"
#define GLOBAL "User/globalStorage/"

const aim__client_file aim__client_files[] = {
	/* client, platforms, base, variable, under, path, keys */
	{"Claude Desktop", ALL, CONFIG, NULL, "Claude", "claude_desktop_config.json", "mcpServers"},
	{"Claude Desktop", ALL, HOME, NULL, ".claude", "claude_desktop_config.json", "mcpServers"},

	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", "", ".claude.json", "mcpServers|projects/*/mcpServers"},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "settings.json", "mcpServers"},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "settings.local.json", "mcpServers"},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "plugins/*/.mcp.json", PLUGIN},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "plugins/cache/*/*/.mcp.json", PLUGIN},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "plugins/cache/*/*/*/.mcp.json", PLUGIN},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "plugins/marketplaces/*/plugins/*/.mcp.json", PLUGIN},
	{"Claude Code", ALL, HOME, "CLAUDE_CONFIG_DIR", ".claude", "plugins/marketplaces/*/external_plugins/*/.mcp.json", PLUGIN},
	{"Claude Code", ALL, CWD, NULL, "", ".mcp.json", "mcpServers"},
	{"Claude Code", ALL, CWD, NULL, "", "mcp.config.json", "mcpServers"},
	{"Claude Code", ALL, CWD, NULL, ".claude", "settings.json", "mcpServers"},
	{"Claude Code", ALL, CWD, NULL, ".claude", "settings.local.json", "mcpServers"},
	{"Claude Code", LINUX, ROOT, NULL, "/etc/claude-code", "managed-mcp.json", "mcpServers"},
	{"Claude Code", LINUX, ROOT, NULL, "/etc/claude-code", "managed-settings.json", "mcpServers"},
	{"Claude Code", MACOS, ROOT, NULL, "/Library/Application Support/ClaudeCode", "managed-mcp.json", "mcpServers"},
	{"Claude Code", MACOS, ROOT, NULL, "/Library/Application Support/ClaudeCode", "managed-settings.json", "mcpServers"},
	{"Claude Code", WINDOWS, ROOT, NULL, "C:/ProgramData/ClaudeCode", "managed-mcp.json", "mcpServers"},
	{"Claude Code", WINDOWS, ROOT, NULL, "C:/ProgramData/ClaudeCode", "managed-settings.json", "mcpServers"},
	{"Claude Code", WINDOWS, ROOT, NULL, "C:/Program Files/ClaudeCode", "managed-mcp.json", "mcpServers"},
	{"Claude Code", WINDOWS, ROOT, NULL, "C:/Program Files/ClaudeCode", "managed-settings.json", "mcpServers"},

	{"Cursor", ALL, HOME, NULL, ".cursor", "mcp.json", "mcpServers"},
	{"Cursor", ALL, CWD, NULL, ".cursor", "mcp.json", "mcpServers"},

	{"VS Code", ALL, CONFIG, NULL, "Code", "User/mcp.json", "servers"},
	{"VS Code", ALL, CONFIG, NULL, "Code", "User/profiles/*/mcp.json", "servers"},
	{"VS Code", ALL, CONFIG, NULL, "Code", "User/settings.json", SETTINGS},
	{"VS Code", ALL, CONFIG, NULL, "Code", "User/profiles/*/settings.json", SETTINGS},
	{"VS Code", ALL, CWD, NULL, ".vscode", "mcp.json", "servers"},
	{"VS Code", ALL, CWD, NULL, ".vscode", "settings.json", SETTINGS},
	{"VS Code Insiders", ALL, CONFIG, NULL, "Code - Insiders", "User/mcp.json", "servers"},
	{"VS Code Insiders", ALL, CONFIG, NULL, "Code - Insiders", "User/profiles/*/mcp.json", "servers"},
	{"VS Code Insiders", ALL, CONFIG, NULL, "Code - Insiders", "User/settings.json", SETTINGS},
	{"VS Code Insiders", ALL, CONFIG, NULL, "Code - Insiders", "User/profiles/*/settings.json", SETTINGS},

	{"Windsurf", ALL, HOME, NULL, ".codeium/windsurf", "mcp_config.json", "mcpServers"},

	{"Zed", MACOS, HOME, NULL, ".config/zed", "settings.json", "context_servers"},
	{"Zed", LINUX, CONFIG, NULL, "zed", "settings.json", "context_servers"},
	{"Zed", WINDOWS, CONFIG, NULL, "Zed", "settings.json", "context_servers"},
	{"Zed", ALL, CWD, NULL, ".zed", "settings.json", "context_servers"},

	{"Continue", ALL, HOME, NULL, ".continue", "config.yaml", "mcpServers"},
	{"Continue", ALL, HOME, NULL, ".continue", "config.json", "mcpServers|experimental/modelContextProtocolServers"},
	{"Continue", ALL, HOME, NULL, ".continue", "mcpServers/*", "mcpServers"},
	{"Continue", ALL, CWD, NULL, ".continue", "mcpServers/*", "mcpServers"},

	{"Cline", ALL, CONFIG, NULL, "Code", GLOBAL "saoudrizwan.claude-dev/settings/cline_mcp_settings.json", "mcpServers"},
	{"Cline", ALL, CONFIG, NULL, "Code - Insiders", GLOBAL "saoudrizwan.claude-dev/settings/cline_mcp_settings.json", "mcpServers"},
	{"Cline", ALL, CONFIG, NULL, "Cursor", GLOBAL "saoudrizwan.claude-dev/settings/cline_mcp_settings.json", "mcpServers"},
	{"Roo Code", ALL, CONFIG, NULL, "Code", GLOBAL "rooveterinaryinc.roo-cline/settings/mcp_settings.json", "mcpServers"},
	{"Roo Code", ALL, CONFIG, NULL, "Code", GLOBAL "rooveterinaryinc.roo-cline/settings/cline_mcp_settings.json", "mcpServers"},
	{"Roo Code", ALL, CONFIG, NULL, "Code - Insiders", GLOBAL "rooveterinaryinc.roo-cline/settings/mcp_settings.json", "mcpServers"},
	{"Roo Code", ALL, CONFIG, NULL, "Cursor", GLOBAL "rooveterinaryinc.roo-cline/settings/mcp_settings.json", "mcpServers"},
	{"Roo Code", ALL, CWD, NULL, ".roo", "mcp.json", "mcpServers"},

	{"Gemini CLI", ALL, HOME, NULL, ".gemini", "settings.json", "mcpServers"},
	{"Gemini CLI", ALL, CWD, NULL, ".gemini", "settings.json", "mcpServers"},
	{"Antigravity", ALL, HOME, NULL, ".gemini/antigravity", "mcp_config.json", "mcpServers"},

	{"Codex", ALL, HOME, "CODEX_HOME", ".codex", "config.toml", "mcp_servers"},
	{"Codex", UNIX, ROOT, NULL, "/etc/codex", "config.toml", "mcp_servers"},
	{"Codex", ALL, CWD, NULL, ".codex", "config.toml", "mcp_servers"},

	{"Goose", MACOS, HOME, NULL, ".config/goose", "config.yaml", "extensions"},
	{"Goose", LINUX, CONFIG, NULL, "goose", "config.yaml", "extensions"},
	{"Goose", WINDOWS, CONFIG, NULL, "Block/goose/config", "config.yaml", "extensions"},

	{"LM Studio", ALL, HOME, NULL, ".lmstudio", "mcp.json", "mcpServers"},
	{"Amazon Q", ALL, HOME, NULL, ".aws/amazonq", "mcp.json", "mcpServers"},
	{"Amazon Q", ALL, HOME, NULL, ".aws/amazonq", "default.json", "mcpServers"},
	{"Amazon Q", ALL, HOME, NULL, ".aws/amazonq", "agents/*", "mcpServers"},
	{"Amazon Q", ALL, HOME, NULL, ".aws/amazonq", "cli-agents/*", "mcpServers"},
	{"Amazon Q", ALL, CWD, NULL, ".amazonq", "mcp.json", "mcpServers"},
	{"Amazon Q", ALL, CWD, NULL, ".amazonq", "default.json", "mcpServers"},
	{"Kiro", ALL, HOME, NULL, ".kiro", "settings/mcp.json", "mcpServers"},
	{"Kiro", ALL, CWD, NULL, ".kiro", "settings/mcp.json", "mcpServers"},

	{"OpenCode", MACOS | WINDOWS, HOME, NULL, ".config/opencode", "opencode.json", "mcp/servers|mcp"},
	{"OpenCode", MACOS | WINDOWS, HOME, NULL, ".config/opencode", "opencode.jsonc", "mcp/servers|mcp"},
	{"OpenCode", LINUX, CONFIG, NULL, "opencode", "opencode.json", "mcp/servers|mcp"},
	{"OpenCode", LINUX, CONFIG, NULL, "opencode", "opencode.jsonc", "mcp/servers|mcp"},
	{"OpenCode", ALL, CWD, NULL, "", "opencode.json", "mcp/servers|mcp"},
	{"OpenCode", ALL, CWD, NULL, "", "opencode.jsonc", "mcp/servers|mcp"},
	{"OpenCode", ALL, CWD, NULL, ".opencode", "opencode.json", "mcp/servers|mcp"},
	{"OpenCode", ALL, CWD, NULL, ".opencode", "opencode.jsonc", "mcp/servers|mcp"},

	{"Amp", MACOS | WINDOWS, HOME, NULL, ".config/amp", "settings.json", "amp.mcpServers|amp/mcpServers"},
	{"Amp", LINUX, CONFIG, NULL, "amp", "settings.json", "amp.mcpServers|amp/mcpServers"},
	{"Amp", ALL, CWD, NULL, ".amp", "settings.json", "amp.mcpServers|amp/mcpServers"},
	{"Crush", MACOS, HOME, NULL, ".config/crush", "crush.json", "mcp"},
	{"Crush", LINUX, CONFIG, NULL, "crush", "crush.json", "mcp"},
	{"Crush", WINDOWS, HOME, NULL, "AppData/Local/crush", "crush.json", "mcp"},
	{"Crush", ALL, CWD, NULL, "", "crush.json", "mcp"},
	{"Crush", ALL, CWD, NULL, "", ".crush.json", "mcp"},
	{"Copilot CLI", ALL, HOME, "COPILOT_HOME", ".copilot", "mcp-config.json", "mcpServers"},
	{"Factory", ALL, HOME, NULL, ".factory", "mcp.json", "mcpServers"},
	{"Factory", ALL, CWD, NULL, ".factory", "mcp.json", "mcpServers"},
	{"Kimi", ALL, HOME, NULL, ".kimi", "mcp.json", "mcpServers"},
	{"Mistral Vibe", ALL, HOME, "VIBE_HOME", ".vibe", "config.toml", "mcp_servers"},
	{"Mistral Vibe", ALL, CWD, NULL, ".vibe", "config.toml", "mcp_servers"},
};
const size_t aim__n_client_files = sizeof aim__client_files / sizeof *aim__client_files;

/* Rows of one client stand together. */
const char *aim_discovery_client(size_t index)
{
	const char *last = "";
	for (size_t i = 0; i < aim__n_client_files; i++) {
		if (strcmp(aim__client_files[i].client, last) == 0)
			continue;
		last = aim__client_files[i].client;
		if (index-- == 0)
			return last;
	}
	return NULL;
}

static int ends_with(aim_str text, const char *ending)
{
	size_t n = strlen(ending);
	return text.len >= n && memcmp(text.ptr + text.len - n, ending, n) == 0;
}

/* Files called .json are read with comments: most clients do. */
uint32_t aim__config_format(aim_str path)
{
	if (ends_with(path, ".toml"))
		return AIM_CONFIG_TOML;
	if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
		return AIM_CONFIG_YAML;
	return AIM_CONFIG_JSONC;
}
