/* tests/unit/mcp/discovery_home.h — a home folder with the configuration of every client, as each documents it. Held in
 * memory: name, bytes. Linux paths. CANARY stands for a secret wherever one may stand. */
#ifndef AIM_TESTS_DISCOVERY_HOME_H
#define AIM_TESTS_DISCOVERY_HOME_H

#include <aim/discovery.h>
#include <string.h>

#define CANARY "Zx81qP0vT7rK2mW9"

typedef struct home_file {
	const char *path;
	const char *text;
} home_file;

static const home_file home_files[] = {
	{"/h/.config/Claude/claude_desktop_config.json",
	 "{\n  \"mcpServers\": {\n    \"filesystem\": {\n      \"command\": \"npx\",\n"
	 "      \"args\": [\"-y\", \"@modelcontextprotocol/server-filesystem\", \"/home/ada/docs\"]\n    },\n"
	 "    \"github\": {\"command\": \"docker\", \"args\": [\"run\", \"-i\", \"--rm\", \"-e\", \"GITHUB_TOKEN=" CANARY "\", \"ghcr.io/github/github-mcp-server\"],"
	 " \"env\": {\"GITHUB_TOKEN\": \"" CANARY "\"}}\n  }\n}\n"},
	{"/h/.claude.json",
	 "{\"numStartups\": 7, \"mcpServers\": {\"sentry\": {\"type\": \"http\", \"url\": \"https://mcp.sentry.dev/mcp\", \"headers\": {\"Authorization\": \"Bearer " CANARY "\"}}},\n"
	 " \"projects\": {\"/w/a~b\": {\"mcpServers\": {\"db\": {\"type\": \"stdio\", \"command\": \"uvx\", \"args\": [\"mcp-db\", \"--dsn\", \"postgres://u:" CANARY "@db/x\"]}}},"
	 " \"/w/c\": {\"mcpServers\": {}}}}"},
	{"/h/.claude/settings.json", "{\"permissions\": {}, \"mcpServers\": {\"old\": {\"command\": \"node\", \"args\": [\"old.js\"]}}}"},
	{"/h/.claude/plugins/cache/market/tool/1.0.0/.mcp.json", "{\"plug\": {\"command\": \"${CLAUDE_PLUGIN_ROOT}/run\"}}"},
	{"/etc/claude-code/managed-mcp.json", "{\"mcpServers\": {\"company\": {\"type\": \"http\", \"url\": \"https://mcp.example.com\"}}}"},
	{"/p/.mcp.json", "{\"mcpServers\": {\"filesystem\": {\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-filesystem\", \"/home/ada/docs\"]}}}"},
	{"/h/.cursor/mcp.json", "{\"mcpServers\": {\"files\": {\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-filesystem\", \"/home/ada/docs\"]},\n"
	 "\"linear\": {\"url\": \"https://mcp.linear.app/sse\"}}}"},
	{"/h/.config/Code/User/mcp.json",
	 "// made by hand\n{\n  \"inputs\": [{\"id\": \"key\", \"type\": \"promptString\"}],\n  \"servers\": {\n    \"perplexity\": {\"type\": \"stdio\", \"command\": \"npx\","
	 " \"args\": [\"-y\", \"server-perplexity\", \"--token\", \"" CANARY "\"], \"env\": {\"KEY\": \"${input:key}\"},},\n  },\n}\n"},
	{"/h/.config/Code/User/profiles/5a1b/mcp.json", "{\"servers\": {\"inProfile\": {\"type\": \"http\", \"url\": \"https://profile.example/mcp\"}}}"},
	{"/h/.config/Code/User/settings.json", "{\n  // old\n  \"editor.fontSize\": 12,\n  \"mcp\": {\"servers\": {\"legacy\": {\"command\": \"python3\", \"args\": [\"legacy.py\"]}}},\n}\n"},
	{"/p/.vscode/mcp.json", "{\"servers\": {\"ws\": {\"type\": \"ws\", \"url\": \"wss://ws.example/mcp?api_key=" CANARY "\"}}}"},
	{"/h/.codeium/windsurf/mcp_config.json", "{\"mcpServers\": {\"figma\": {\"serverUrl\": \"https://figma.example/mcp\", \"headers\": {\"X-Figma-Token\": \"" CANARY "\"}}}}"},
	{"/h/.config/zed/settings.json", "{\n  \"theme\": \"One\", // dark\n  \"context_servers\": {\n    \"zed-pg\": {\"command\": {\"path\": \"zed-pg\", \"args\": [\"--db\"], \"env\": {\"PGPASSWORD\": \"" CANARY "\"}}},\n"
	 "    \"zed-new\": {\"source\": \"custom\", \"command\": \"zed-new\", \"args\": []},\n    \"by-extension\": {\"settings\": {}}\n  }\n}\n"},
	{"/h/.continue/config.yaml", "name: mine\nversion: 1.0.0\nmcpServers:\n  - name: sqlite\n    command: uvx\n    args:\n      - mcp-server-sqlite\n    env:\n      DB_SECRET: " CANARY "\n"
	 "  - name: remote\n    type: streamable-http\n    url: https://user:" CANARY "@continue.example/mcp\n    requestOptions:\n      headers:\n        X-Key: " CANARY "\n"},
	{"/h/.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
	 "{\"mcpServers\": {\"cline\": {\"command\": \"node\", \"args\": [\"c.js\"], \"disabled\": true, \"alwaysAllow\": [], \"networkTimeout\": 60000}}}"},
	{"/h/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json", "{\"mcpServers\": {\"roo\": {\"command\": \"node\", \"args\": [\"c.js\"], \"disabled\": false}}}"},
	{"/h/.gemini/settings.json", "{\"mcpServers\": {\"gem\": {\"httpUrl\": \"https://gem.example/mcp\", \"timeout\": 5000}}}"},
	{"/h/.gemini/antigravity/mcp_config.json", "{\"mcpServers\": {\"anti\": {\"serverUrl\": \"https://anti.example/\"}}}"},
	{"/h/.codex/config.toml",
	 "model = \"o5\"\n\n[mcp_servers.docs]\ncommand = \"npx\"\nargs = [\"-y\", \"docs-server\", \"--api-key=" CANARY "\"]\nenv = { API_KEY = \"" CANARY "\" }\nenv_vars = [\"HOME_TOKEN\"]\n\n"
	 "[mcp_servers.web]\nurl = \"https://codex.example/mcp\"\nbearer_token_env_var = \"WEB_TOKEN\"\nenabled = false\n"},
	{"/h/.config/goose/config.yaml",
	 "GOOSE_PROVIDER: anthropic\nextensions:\n  developer:\n    enabled: true\n    type: builtin\n    name: developer\n  tavily:\n    enabled: true\n    type: stdio\n    cmd: npx\n    args: [-y, tavily-mcp]\n"
	 "    envs:\n      TAVILY: " CANARY "\n    env_keys: [TAVILY_API_KEY]\n  far:\n    enabled: true\n    type: streamable_http\n    uri: https://goose.example/mcp\n"},
	{"/h/.lmstudio/mcp.json", "{\"mcpServers\": {\"lm\": {\"url\": \"https://HF.example:443/mcp/\"}}}"},
	{"/h/.aws/amazonq/mcp.json", "{\"mcpServers\": {\"q\": {\"url\": \"https://hf.example/mcp\"}}}"},
	{"/h/.kiro/settings/mcp.json", "{\"mcpServers\": {\"kiro\": {\"command\": \"uvx\", \"args\": [\"kiro-mcp@latest\"], \"autoApprove\": []}}}"},
	{"/h/.config/opencode/opencode.json", "{\"$schema\": \"https://opencode.ai/config.json\", \"mcp\": {\"oc\": {\"type\": \"local\", \"command\": [\"bun\", \"x\", \"oc-mcp\"], \"enabled\": true,"
	 " \"environment\": {\"OC\": \"" CANARY "\"}}, \"ocr\": {\"type\": \"remote\", \"url\": \"https://oc.example\", \"enabled\": false}}}"},
	{"/h/.config/opencode/opencode.jsonc", "{/* new form */ \"mcp\": {\"servers\": {\"oc2\": {\"type\": \"local\", \"command\": [\"oc2\"]}}}}"},
	{"/h/.config/amp/settings.json", "{\"amp.mcpServers\": {\"amp\": {\"command\": \"npx\", \"args\": [\"amp-mcp\"]}}}"},
	{"/h/.config/crush/crush.json", "{\"mcp\": {\"crush\": {\"type\": \"sse\", \"url\": \"https://crush.example/events\"}}}"},
	{"/h/.copilot/mcp-config.json", "{\"mcpServers\": {\"cop\": {\"type\": \"local\", \"command\": \"cop-mcp\", \"tools\": [\"*\"]}}}"},
	{"/h/.factory/mcp.json", "{\"mcpServers\": {\"fac\": {\"type\": \"stdio\", \"command\": \"fac-mcp\", \"disabled\": false}}}"},
	{"/h/.kimi/mcp.json", "{\"mcpServers\": {\"kimi\": {\"url\": \"https://kimi.example/mcp\"}}}"},
	{"/h/.vibe/config.toml", "[[mcp_servers]]\nname = \"vibe\"\ntransport = \"streamable-http\"\nurl = \"http://localhost:8000\"\nheaders = { \"Authorization\" = \"Bearer " CANARY "\" }\napi_key_env = \"VIBE_KEY\"\n\n"
	 "[[mcp_servers]]\nname = \"fetch\"\ntransport = \"stdio\"\ncommand = \"uvx\"\nargs = [\"mcp-server-fetch\"]\n"},
};

#define N_HOME_FILES (sizeof home_files / sizeof *home_files)

typedef struct home {
	const home_file *files;
	size_t n;
	size_t n_reads;
	const char *broken; /* a path that cannot be read */
} home;

static inline aim_status home_read(void *user, aim_str path, uint64_t max_bytes, aim_buf *out, aim_error *err)
{
	home *h = user;
	(void)err;
	h->n_reads++;
	if (h->broken && strcmp(path.ptr, h->broken) == 0)
		return AIM_E_IO;
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(path.ptr, h->files[i].path) == 0)
			return strlen(h->files[i].text) > max_bytes
			           ? AIM_E_JSON_SIZE
			           : aim_buf_append(out, aim_bytes_from_str(aim_str_from(h->files[i].text)));
	return AIM_E_NOT_FOUND;
}

static inline aim_status home_list(void *user, aim_str path, aim_status (*entry)(void *entry_user, aim_str name),
                                   void *entry_user, aim_error *err)
{
	const home *h = user;
	(void)err;
	aim_status rc = AIM_E_NOT_FOUND;
	for (size_t i = 0; i < h->n; i++) {
		const char *p = h->files[i].path;
		if (strncmp(p, path.ptr, path.len) != 0 || p[path.len] != '/')
			continue;
		aim_str name = {p + path.len + 1, strcspn(p + path.len + 1, "/")};
		rc = entry(entry_user, name);
		if (rc != AIM_OK)
			return rc;
	}
	return rc;
}

static inline aim_discovery_reader home_reader(home *h)
{
	aim_discovery_reader reader = {.struct_size = sizeof reader, .user = h, .read = home_read, .list = home_list};
	return reader;
}

#endif
