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
    owners: dict[int, str] = field(default_factory=dict[int, str])

    def function(self, name: str) -> int:
        """The number of a function, to mark it and its statements with. A task of a kernel is called ``KERNEL.NUMBER``."""
        owner = self._node(
            f'distinct !DISubprogram(name: "{name}", file: !2, unit: !0, type: !3, spFlags: DISPFlagDefinition)'
        )
        self.owners[owner] = name.partition(".")[0]
        return owner

    def mark(self, statement: Statement, owner: int) -> str:
        """What marks the instructions of a statement in a function."""
        self.texts.append(print_head(statement))
        self.places[self.owners[owner], id(statement)] = len(self.texts)
        return f", !dbg !{self._node(f'!DILocation(line: {len(self.texts)}, scope: !{owner})')}"

    def numbers(self, name: str, loop: For | Reduce) -> list[int]:
        """The lines of a loop of a kernel, its own among them."""
        return [self.places[name, id(each)] for each in (loop, *walk(loop.body))]

    def metadata(self) -> list[str]:
        """The lines that the text ends with."""
        return [*_HEADS, *(f"!{_FIRST + number} = {node}" for number, node in enumerate(self.nodes))]

    def _node(self, text: str) -> int:
        self.nodes.append(text)
        return _FIRST + len(self.nodes) - 1
