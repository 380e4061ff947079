"""Which statement an instruction comes from: LLVM's debug lines, numbered by statement, for whoever reads optimised code. Machine code to be run has none."""

from dataclasses import dataclass, field

from mcompiler.kernel.ir import For, Reduce, Statement
from mcompiler.kernel.print import print_head
from mcompiler.kernel.walk import walk

_FIRST = 10
_HEADS = (
    "!llvm.dbg.cu = !{!0}",
    "!llvm.module.flags = !{!1}",
    "!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !2, emissionKind: LineTablesOnly)",
    '!1 = !{i32 2, !"Debug Info Version", i32 3}',
    '!2 = !DIFile(filename: "kernels", directory: "")',
    "!3 = !DISubroutineType(types: !4)",
    "!4 = !{null}",
)


@dataclass(slots=True)
class Lines:
    """The statements of all kernels in the order of their lines; line 1 is the first of ``texts``."""

    texts: list[str] = field(default_factory=list[str])
    places: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    nodes: list[str] = field(default_factory=list[str])
    owner: int = 0
    name: str = ""

    def function(self, name: str) -> str:
        """What marks a function; the statements that follow are its."""
        self.name = name
        self.owner = self._node(
            f'distinct !DISubprogram(name: "{name}", file: !2, unit: !0, type: !3, spFlags: DISPFlagDefinition)'
        )
        return f" !dbg !{self.owner}"

    def mark(self, statement: Statement) -> str:
        """What marks the instructions of a statement."""
        self.texts.append(print_head(statement))
        self.places[self.name, id(statement)] = len(self.texts)
        return f", !dbg !{self._node(f'!DILocation(line: {len(self.texts)}, scope: !{self.owner})')}"

    def numbers(self, name: str, loop: For | Reduce) -> list[int]:
        """The lines of a loop of a function, its own among them."""
        return [self.places[name, id(each)] for each in (loop, *walk(loop.body))]

    def metadata(self) -> list[str]:
        """The lines that the text ends with."""
        return [*_HEADS, *(f"!{_FIRST + number} = {node}" for number, node in enumerate(self.nodes))]

    def _node(self, text: str) -> int:
        self.nodes.append(text)
        return _FIRST + len(self.nodes) - 1
