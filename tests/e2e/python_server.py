"""A server made with the official Python SDK: tools with and without a result schema, a prompt and a resource."""
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("harbour", instructions="Ask for tides before you plan a trip.")


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def tide(port: str, day: int = 0) -> dict[str, str | int]:
    """Says how high the water stands in a port."""
    return {"port": port, "day": day, "centimetres": 412 - 7 * day}


@server.tool(annotations=ToolAnnotations(readOnlyHint=False, destructiveHint=True))
def scuttle(boat: str) -> str:
    """Sinks a boat."""
    return f"{boat} is gone"


@server.prompt()
def trip(port: str) -> str:
    """Plans a trip."""
    return f"Plan a trip to {port}."


@server.resource("harbour://ports")
def ports() -> str:
    """The ports that are known."""
    return "Brest\nSaint-Malo\n"


if __name__ == "__main__":
    server.run("stdio")
