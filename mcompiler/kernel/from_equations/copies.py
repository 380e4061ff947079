"""Edges that copies of the vertices share: what depends on the vertices is done for every copy, what it comes to is the mean over them.

Copies of a vertex lie side by side, so that the loop over copies, the innermost one, is vectorised whatever the wiring; the edge's own numbers are loaded once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy

from mcompiler.equations.reverse import needed
from mcompiler.kernel.abi import N_COPIES
from mcompiler.kernel.build import ZERO, Block, Member, Sum, full_name, over_range
from mcompiler.kernel.from_equations.evaluate import Environment, Source, evaluate, sources_of
from mcompiler.kernel.from_equations.graph import Class
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.from_equations.program import rate_symbol
from mcompiler.kernel.ir import Float, Local, Op, Value


def number_of_copies(block: Block) -> Value:
    """How many copies of the vertices share the edges."""
    return block.kernel.slot(N_COPIES, "copies", "of all vertices")


@dataclass(frozen=True, slots=True)
class Shared:
    """A member that copies of the vertices share.

    Attributes:
        environment: where inputs are found.
        owner: its class.
        member: itself.
        known: the values of what does not depend on a copy, bound outside the loop over copies.
    """

    environment: Environment
    owner: Class
    member: Member
    known: Mapping[sympy.Symbol, Source]

    @classmethod
    def of(
        cls, environment: Environment, owner: Class, member: Member, block: Block, outputs: Sequence[sympy.Expr]
    ) -> "Shared":
        """Binds what the outputs need of the member itself."""
        wanted = needed(owner.program.steps, outputs)
        reads = {each.symbol for each in owner.template.reads}
        sources = sources_of(environment, owner, member)
        raws = [each for each in owner.program.raw if each in wanted]
        values = dict(environment.stored(block, owner, raws, member))
        for symbol in sorted((wanted & set(sources)) - reads, key=lambda symbol: symbol.name):
            source = sources[symbol]
            values[symbol] = block.let(full_name(owner.name, symbol.name), source.load(block), source.comment)
        return cls(environment, owner, member, {symbol: _value(value) for symbol, value in values.items()})

    def over_copies(self, block: Block, each_copy: Body, outputs: Sequence[sympy.Expr]) -> dict[sympy.Expr, Value]:
        """Runs a body for every copy, and gives the means of what the outputs need."""
        wanted = list(dict.fromkeys(mean for output in outputs for mean in self.means(output)))
        kernel = block.kernel
        copies = number_of_copies(block)
        copy, inner = kernel.names.fresh("copy"), Block(kernel)
        member = self.member.in_copy(Local(copy), copies)
        reads = {each.symbol for each in self.owner.template.reads}
        there = {
            symbol: each for symbol, each in sources_of(self.environment, self.owner, member).items() if symbol in reads
        }
        values = self.evaluate(inner, (*each_copy.outputs, *wanted), there)
        count = len(each_copy.outputs)
        each_copy.consume(inner, member, values[:count])
        sums = [Sum(value, f"{self.owner.name} over copies") for value in values[count:]]
        totals = over_range(block, inner, copy, copies, sums, "the copies")
        share = block.let("share", Op("div", (Float(1.0), Op("real", (copies,))))) if totals else ZERO
        return {mean: Op("mul", (share, total)) for mean, total in zip(wanted, totals, strict=True)}

    def means(self, output: sympy.Expr) -> list[sympy.Expr]:
        """What of an output is a mean over the copies: rates before they are masked, else the output itself; nothing where no vertex enters."""
        masked = [each for each in map(rate_symbol, self.owner.template.unknowns) if output.has(each)]
        return [each for each in masked or [output] if self.depends_on_vertices(each)]

    def depends_on_vertices(self, value: sympy.Expr) -> bool:
        """Whether a value reads a vertex."""
        wanted = needed(self.owner.program.steps, [value])
        return any(each.symbol in wanted for each in self.owner.template.reads)

    def outputs(self, block: Block, outputs: Sequence[sympy.Expr], means: Mapping[sympy.Expr, Value]) -> list[Value]:
        """The outputs, given the means."""
        places = {sympy.Symbol(f"mean {number}", real=True): mean for number, mean in enumerate(means)}
        stand = {mean: place for place, mean in places.items()}
        given = {place: _value(means[mean]) for place, mean in places.items()}
        given |= {mean: _value(value) for mean, value in means.items() if isinstance(mean, sympy.Symbol)}
        return self.evaluate(block, [stand.get(each, each) for each in outputs], given)

    def evaluate(self, block: Block, outputs: Sequence[sympy.Expr], more: Mapping[sympy.Symbol, Source]) -> list[Value]:
        """The values of outputs, given what is known of the member and more."""
        sources = {**self.known, **more}
        return evaluate(block, self.owner, self.owner.program.steps, outputs, sources, lambda _block, _raws: {})


def _value(value: Value) -> Source:
    return Source(lambda _block: value)
