"""How generated Elixir is laid out: line lengths as `mix format` has them, and short names."""

from __future__ import annotations

import re
import textwrap

WIDTH = 98

# A last part that may be used as it is: `String.t()` needs no alias.
_NAME = re.compile(r"\bVllm(?:\.[A-Z]\w*)+")


def wrapped(start: str, parts: list[str], end: str) -> str:
    """Parts between brackets, on one line where they fit and else on one each."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH:
        return f"{line}\n"
    pad = " " * (len(start) - len(start.lstrip()))
    inner = ",\n".join(f"{pad}  {part}" for part in parts)
    return f"{start}\n{inner}\n{pad}{end}\n"


def spec(name: str, arguments: list[str], returns: str) -> str:
    """One `@spec`."""
    head = f"  @spec {name}({', '.join(arguments)}) ::"
    if len(head) + len(returns) + 1 <= WIDTH:
        return f"{head} {returns}\n"
    if len(head) > WIDTH:
        head = wrapped(f"  @spec {name}(", arguments, ") ::").rstrip("\n")
    return f"{head}\n          {returns}\n"


def with_aliases(module: str, code: str) -> tuple[str, str]:
    """The code with the last part of the names of modules, and the aliases that takes.

    Only specs and types are shortened: tables and docs name modules in full.
    """
    used: set[str] = set()

    def shorten(match: re.Match[str]) -> str:
        name = match.group()
        if name == module:
            return "__MODULE__"
        used.add(name)
        return name.rpartition(".")[2]

    lines, in_type, in_doc = [], False, False
    for line in code.splitlines():
        if '~S"""' in line or line.strip() == '"""':
            in_doc = '~S"""' in line
        elif not line.startswith(("   ", "  )", "  ]")):
            in_type = line.startswith(("  @spec", "  @type "))
        if in_type and not in_doc:
            line = _NAME.sub(shorten, line).replace("__MODULE__.", "")
        lines.append(line)
    aliases = "".join(f"  alias {name}\n" for name in sorted(used))
    return "\n".join(lines) + "\n", aliases + ("\n" if aliases else "")


def reflowed(text: str) -> str:
    """Markdown whose paragraphs and list items are wrapped; blocks of code stay as they are."""
    blocks = text.split("\n\n")
    return "\n\n".join(_reflowed(block) for block in blocks)


def _reflowed(block: str) -> str:
    if block.startswith("    "):
        return block
    width = WIDTH - 2
    if block.startswith("  * "):
        items = re.split(r"\n(?=  \* )", block)
        return "\n".join(
            textwrap.fill(
                " ".join(item.split()),
                width,
                initial_indent="  ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for item in items
        )
    return textwrap.fill(
        " ".join(block.split()), width, break_long_words=False, break_on_hyphens=False
    )
