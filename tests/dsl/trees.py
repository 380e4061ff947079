"""Trees of every kind of statement, made at random, without places."""

from typing import TypeVar

from hypothesis import strategies as st

from mcompiler.dsl import syntax
from mcompiler.dsl.tables import load
from mcompiler.source import Source, Span
from mcompiler.units import DIMENSIONLESS, Unit

NOWHERE = Span(Source("<tree>", ""), 0, 0)
#: Words of the language too: most are names where no keyword can stand.
NAMES = (
    "a",
    "b1",
    "w",
    "Ron",
    "V0",
    "k_on",
    "φ",
    "größe",
    "dx",
    "x_",
    "to",
    "node",
    "steady",
    "scale",
    "from",
    "param",
    "loss",
)
PLAIN_NAMES = NAMES[:9]
UNITS = ("V", "kohm", "m^2/(V*s)", "1/s", "ohm^(1/2)", "V^-1", "2*A", "(V*s)^(-3/2)")
NUMBERS = ("0", "1", "2.5", "1e-9", ".5", "1E+3", "5%", "10.25%")

names = st.sampled_from(NAMES)
plain_names = st.sampled_from(PLAIN_NAMES)
docs = st.one_of(
    st.just(""), st.text(st.characters(exclude_characters='"\n', exclude_categories=["Cs"]), min_size=1, max_size=9)
)
T = TypeVar("T")


def optional(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


def several(strategy: st.SearchStrategy[T], least: int = 0) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


def identifiers(of: st.SearchStrategy[str] = names) -> st.SearchStrategy[syntax.Identifier]:
    return of.map(lambda text: syntax.Identifier(NOWHERE, text))


units = st.sampled_from(UNITS).map(lambda text: syntax.UnitText(NOWHERE, text, Unit(DIMENSIONLESS)))
numbers = st.builds(
    lambda text, unit: syntax.Number(NOWHERE, text, 0.0, unit), st.sampled_from(NUMBERS), optional(units)
)
infinity = st.just(syntax.Number(NOWHERE, "inf", 0.0))
texts = docs.map(lambda text: syntax.Text(NOWHERE, text))
derivatives = plain_names.map(lambda name: syntax.Derivative(NOWHERE, name))


def parts(indices: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Part]:
    return st.builds(lambda name, inner: syntax.Part(NOWHERE, name, inner), names, several(indices))


def dotted(indices: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Name]:
    return several(parts(indices), 1).map(lambda each: syntax.Name(NOWHERE, each))


simple = plain_names.map(lambda name: syntax.Name(NOWHERE, (syntax.Part(NOWHERE, name),)))


def arguments(values: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Argument]:
    positional = values.map(lambda value: syntax.Argument(NOWHERE, None, value))
    return positional | named_values(values)


def named_values(values: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Argument]:
    return st.builds(
        lambda name, value, drawn: syntax.Argument(NOWHERE, name, value, drawn), identifiers(), values, st.booleans()
    )


def ranges(values: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Range]:
    return st.builds(lambda first, last: syntax.Range(NOWHERE, first, last), values, values)


def bindings(values: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Binding]:
    return st.builds(
        lambda name, over: syntax.Binding(NOWHERE, name, over), identifiers(plain_names), values | ranges(values)
    )


def _deeper(inner: st.SearchStrategy[syntax.Expression]) -> st.SearchStrategy[syntax.Expression]:
    operators = st.sampled_from(["+", "-", "*", "/", "^", "and", "or"])
    comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        st.builds(lambda sign, x, y: syntax.Binary(NOWHERE, sign, x, y), operators, inner, inner),
        st.builds(lambda sign, x, y: syntax.Compare(NOWHERE, sign, x, y), comparisons, inner, inner),
        st.builds(lambda sign, x: syntax.Unary(NOWHERE, sign, x), st.sampled_from(["-", "not"]), inner),
        st.builds(lambda name, given: syntax.Call(NOWHERE, name, given), dotted(inner), several(arguments(inner))),
        st.builds(
            lambda name, over, body: syntax.Total(NOWHERE, name, over, body),
            identifiers(),
            several(bindings(inner), 1),
            inner,
        ),
        dotted(inner),
    )  # fmt: skip


expressions: st.SearchStrategy[syntax.Expression] = st.recursive(
    st.one_of(numbers, infinity, texts, derivatives, simple), _deeper, max_leaves=12
)
templates = st.tuples(dotted(expressions), several(arguments(expressions)))
called = templates.map(lambda pair: syntax.Call(NOWHERE, pair[0], pair[1]))
bounds = st.builds(lambda lower, upper: syntax.Bounds(NOWHERE, lower, upper), expressions, expressions)


@st.composite
def declarations(draw: st.DrawFn) -> syntax.Declaration:
    value = draw(optional(expressions))
    return syntax.Declaration(
        NOWHERE,
        draw(st.sampled_from(["param", "state", "input", "output", "target", "size"])),
        draw(identifiers()),
        draw(several(expressions)),
        draw(optional(units)),
        draw(optional(bounds)),
        value,
        value is not None and draw(st.booleans()),
        draw(optional(expressions)),
        draw(docs),
    )


resets = st.builds(lambda name, value: syntax.Reset(NOWHERE, name, value), dotted(expressions), expressions)
template_statements: st.SearchStrategy[syntax.TemplateStatement] = st.one_of(
    declarations(),
    st.builds(lambda nodes, doc: syntax.Nodes(NOWHERE, nodes, doc), several(parts(expressions), 1), docs),
    st.builds(
        lambda x, y, adds, doc: syntax.Equation(NOWHERE, x, y, adds, doc), expressions, expressions, st.booleans(), docs
    ),
    st.builds(
        lambda name, over, of, doc: syntax.Element(NOWHERE, name, over, of[0], of[1], doc),
        identifiers(),
        several(bindings(expressions)),
        templates,
        docs,
    ),
    st.builds(
        lambda name, values, doc: syntax.ParameterSet(NOWHERE, name, values, doc),
        identifiers(),
        several(named_values(expressions)),
        docs,
    ),
    st.builds(lambda condition, each: syntax.When(NOWHERE, condition, each), expressions, several(resets)),
    st.builds(
        lambda name, of, doc: syntax.Member(NOWHERE, "device", name, (), of[0], of[1], doc),
        identifiers(),
        templates,
        docs,
    ),
    st.builds(
        lambda name, shape, of, doc: syntax.Member(NOWHERE, "cells", name, shape, of[0], of[1], doc),
        identifiers(),
        several(expressions),
        templates,
        docs,
    ),
    st.builds(
        lambda name, of, source, target, shared, where, by, doc: syntax.Synapses(
            NOWHERE, name, of[0], of[1], source, target, shared, where, by, doc
        ),
        identifiers(),
        templates,
        dotted(expressions),
        dotted(expressions),
        optional(dotted(expressions)),
        optional(expressions),
        optional(expressions),
        docs,
    ),
)

_values = several(named_values(expressions).filter(lambda each: not each.is_distribution))
signals = several(expressions, 1)
_two_words = st.builds(
    lambda first, second, value: syntax.Argument(NOWHERE, syntax.Identifier(NOWHERE, f"{first} {second}"), value),
    plain_names,
    plain_names,
    expressions,
)
experiment_statements: st.SearchStrategy[syntax.ExperimentStatement] = st.one_of(
    st.builds(
        lambda kind, name, value, drawn: syntax.Assignment(NOWHERE, kind, name, value, drawn),
        st.sampled_from(["set", "initial", "input", "target"]),
        dotted(expressions),
        expressions,
        st.booleans(),
    ),
    st.builds(lambda name, file: syntax.Data(NOWHERE, name, file), identifiers(), texts),
    expressions.map(lambda until: syntax.Run(NOWHERE, until)),
    expressions.map(lambda steady: syntax.Run(NOWHERE, None, steady)),
    st.builds(lambda each, every: syntax.Save(NOWHERE, each, every), signals, optional(expressions)),
    st.builds(lambda each, word: syntax.Save(NOWHERE, each, None, word), signals, identifiers()),
    st.builds(
        lambda each, against, form: syntax.Plot(NOWHERE, each, against, form),
        signals,
        optional(expressions),
        optional(called),
    ),
    expressions.map(lambda value: syntax.Seed(NOWHERE, value)),
    expressions.map(lambda value: syntax.Batch(NOWHERE, value)),
    st.builds(
        lambda name, values: syntax.Sweep(NOWHERE, name, values), dotted(expressions), expressions | ranges(expressions)
    ),
    st.builds(
        lambda name, options: syntax.Method(NOWHERE, name, options), identifiers(), several(arguments(expressions))
    ),
    st.builds(lambda value, at: syntax.Loss(NOWHERE, value, at), expressions, optional(expressions)),
    st.builds(lambda value, over: syntax.Loss(NOWHERE, value, None, over), expressions, ranges(expressions)),
    st.builds(
        lambda name, value, duration: syntax.Present(NOWHERE, name, value, "input", duration),
        dotted(expressions),
        expressions,
        optional(expressions),
    ),
    st.builds(
        lambda name, value, form: syntax.Present(NOWHERE, name, value, form),
        dotted(expressions),
        expressions,
        st.sampled_from(["initial", "clamp"]),
    ),
    st.builds(
        lambda name, unit, of, options: syntax.ErrorState(NOWHERE, name, unit, of, options),
        identifiers(),
        units,
        dotted(expressions),
        _values,
    ),
    st.builds(
        lambda name, value, options: syntax.Drive(NOWHERE, name, value, options),
        dotted(expressions),
        expressions,
        _values,
    ),
    st.builds(lambda options, stop: syntax.Train(NOWHERE, options, stop), _values, expressions),
    st.builds(lambda options: syntax.Train(NOWHERE, options), several(_two_words, 1)),
)

blocks = st.builds(
    lambda kind, name, ports, doc, body: syntax.Block(NOWHERE, kind, name, ports, None, doc, body),
    st.sampled_from(["device", "circuit", "cell", "synapse", "network"]),
    identifiers(),
    several(parts(expressions)),
    docs,
    several(template_statements),
)
experiments = st.builds(
    lambda kind, name, on, doc, body: syntax.Block(NOWHERE, kind, name, (), on, doc, body),
    st.sampled_from(["experiment", "learning"]),
    identifiers(),
    identifiers(),
    docs,
    several(experiment_statements),
)
functions = st.builds(
    lambda name, given, body, doc: syntax.Function(NOWHERE, name, given, body, doc),
    identifiers(),
    several(identifiers()),
    expressions,
    docs,
)
uses = plain_names.map(lambda name: syntax.Use(NOWHERE, name)) | docs.map(
    lambda text: syntax.Use(NOWHERE, text, is_file=True)
)
modules = several(st.one_of(blocks, experiments, functions, uses)).map(
    lambda items: syntax.Module(NOWHERE.source, items)
)
#: Words and signs in any order.
tokens = st.sampled_from([
    *load().literals, *NAMES, *NUMBERS, "16[kohm]", "dw/dt", "dt", "t", '"text"', '"', "\n", "\n", ";", "# note\n", "\N{MULTIPLICATION SIGN}", "@", "“", "\\",
])  # fmt: skip
