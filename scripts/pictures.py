"""`make pictures`: the pictures of the README, as SVG in docs/pictures.

The recording is of a real run of the demo: its lines, each at the time at which it came.
"""

from __future__ import annotations

import html
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
DEMO = ["mix", "run", "elixir_client/demo/demo.exs"]

_MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
_SANS = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"


def main() -> None:
    """Write both."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "architecture.svg").write_text(architecture())
    if "--architecture" not in sys.argv[1:]:
        (FOLDER / "demo.svg").write_text(recording("make demo", recorded(DEMO)))


# --- a recording -------------------------------------------------------------------------------


def recorded(command: Sequence[str]) -> list[tuple[float, str]]:
    """The lines of a command, each with the seconds from its begin."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise RuntimeError("no pipe")
    lines = [(time.monotonic() - begun, line.rstrip("\n")) for line in process.stdout]
    if process.wait() != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return lines


def recording(title: str, lines: Sequence[tuple[float, str]]) -> str:
    """A terminal in which these lines appear when they came."""
    size, height = 13, 18
    columns = max(len(line) for _, line in lines)
    wide, high = round(columns * size * 0.602) + 40, (len(lines) + 2) * height + 50
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">',
        f"<title>A recording of {html.escape(title)}</title>",
        "<style>",
        f"text {{ font: {size}px {_MONO}; fill: #d6deeb; white-space: pre }}",
        ".ok { fill: #7fdb8f; font-weight: bold } .prompt { fill: #82aaff }",
        "@media (prefers-reduced-motion: no-preference) {",
        "  .line { animation: appear 0.15s linear backwards }",
        "  @keyframes appear { from { opacity: 0 } }",
        "}",
        "</style>",
        f'<rect width="{wide}" height="{high}" rx="8" fill="#101823"/>',
    ]
    for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        out.append(f'<circle cx="{20 + 18 * number}" cy="18" r="5" fill="{colour}"/>')
    y = 52
    out.append(f'<text x="20" y="{y}" class="prompt">$ {html.escape(title)}</text>')
    for seconds, line in lines:
        y += height
        kind = "line ok" if line.endswith("ok") else "line"
        out.append(
            f'<text x="20" y="{y}" class="{kind}" style="animation-delay: {seconds:.2f}s">'
            f"{html.escape(line)}</text>"
        )
    return "\n".join([*out, "</svg>", ""])


# --- the architecture --------------------------------------------------------------------------


class Drawing:
    """Boxes and arrows."""

    def __init__(self, wide: int, high: int, title: str) -> None:
        self._out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">',
            f"<title>{html.escape(title)}</title>",
            "<style>",
            f"text {{ font: 14px {_SANS}; fill: #1f2933; text-anchor: middle }}",
            ".small { font-size: 12px; fill: #52606d } .name { font-weight: 600 }",
            ".left { text-anchor: start }",
            "</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse">'
            '<path d="M0 0 L8 4 L0 8 z" fill="#52606d"/></marker></defs>',
            f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
        ]

    def box(
        self, x: int, y: int, wide: int, high: int, lines: Sequence[str], fill: str = "#f0f4f8"
    ) -> None:
        """A box with a name and what it is."""
        self._out.append(
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="8" fill="{fill}" '
            'stroke="#9fb3c8"/>'
        )
        top = y + high / 2 - (len(lines) - 1) * 9 + 5
        for number, line in enumerate(lines):
            self.text(x + wide / 2, top + 18 * number, line, "small" if number else "name")

    def text(self, x: float, y: float, text: str, kind: str = "small") -> None:
        """Words."""
        self._out.append(f'<text x="{x:g}" y="{y:g}" class="{kind}">{html.escape(text)}</text>')

    def arrow(self, *points: tuple[int, int], dashed: bool = False, both: bool = False) -> None:
        """A line with a tip at its end."""
        path = "M" + " L".join(f"{x} {y}" for x, y in points)
        extra = ' stroke-dasharray="5 4"' if dashed else ""
        extra += ' marker-start="url(#tip)"' if both else ""
        self._out.append(
            f'<path d="{path}" fill="none" stroke="#52606d" stroke-width="1.5" '
            f'marker-end="url(#tip)"{extra}/>'
        )

    def frame(self, x: int, y: int, wide: int, high: int, label: str) -> None:
        """A dashed frame around others."""
        self._out.append(
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="10" fill="none" '
            'stroke="#829ab1" stroke-dasharray="6 4"/>'
        )
        self.text(x + 12, y + 18, label, "small left")

    def svg(self) -> str:
        """All of it."""
        return "\n".join([*self._out, "</svg>", ""])


def architecture() -> str:
    """Who talks to whom."""
    d = Drawing(920, 470, "Clients, a pool, and ranks that form groups")
    d.box(20, 30, 250, 60, ["Elixir application", "Vllm.World, Vllm.Distributed"])
    d.box(20, 120, 250, 60, ["Python program", "vllm_bridge.client, vllm_bridge.aio"])
    d.box(20, 210, 250, 60, ["Snakepit pool", "the unmodified one, our worker"])
    d.box(20, 380, 250, 60, ["torchrun, vLLM's engine", "import vllm_distributed: no server"])
    d.box(
        350,
        60,
        200,
        120,
        ["Pool", "sessions, queues, worlds", "the referee of collectives"],
        "#e3f8ff",
    )
    d.frame(625, 20, 275, 420, "a world, on one host or several")
    for number in range(4):
        y = 60 + 92 * number
        d.box(650, y, 210, 62, [f"Rank {number}", "vllm_distributed on PyTorch"], "#e3f9e5")
        if number:
            d.arrow((755, y - 30), (755, y), both=True)
    d.text(755, 424, "shared memory on a host, gloo between")
    d.arrow((270, 60), (350, 100))
    d.arrow((270, 150), (350, 135))
    d.text(312, 148, "gRPC")
    d.arrow((550, 100), (650, 91))
    d.text(580, 118, "starts,")
    d.text(580, 134, "watches")
    d.arrow((270, 75), (330, 40), (600, 40), (650, 78), dashed=True)
    d.text(440, 30, "calls: over a unix socket, or TLS to another host")
    d.arrow((270, 240), (640, 262), dashed=True)
    d.text(420, 238, "each worker is a rank")
    d.arrow((270, 410), (640, 372), dashed=True)
    d.text(460, 424, "the same module, in processes of their own")
    return d.svg()


if __name__ == "__main__":
    main()
