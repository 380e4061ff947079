"""What is said about a token that cannot stand where it does. Explanations go from special to general; the first that fits is given."""

from mcompiler.diagnostics import Diagnostic, Label
from mcompiler.dsl.complaints import expressions, statements
from mcompiler.dsl.complaints.place import place_of
from mcompiler.dsl.driver import Driver
from mcompiler.dsl.lexer import is_open
from mcompiler.dsl.recovery import is_after_block
from mcompiler.dsl.structure import MAXIMUM_DEPTH
from mcompiler.dsl.tokens import ERROR
from mcompiler.source import Span

_EXPLANATIONS = (
    statements.nested_block,
    statements.unknown_block,
    expressions.reserved_word,
    statements.unknown_statement,
    statements.signals,
    statements.reset,
    expressions.unit_on_non_literal,
    expressions.unknown_operator,
    statements.declaration_order,
    expressions.missing_expression,
    statements.block_header,
    statements.missing_brace,
    expressions.equals_inside,
    statements.misspelt_word,
    expressions.missing_operator,
    expressions.no_equation,
    statements.incomplete,
)


def explain(driver: Driver, position: int) -> Diagnostic | None:
    """What is wrong with the token at ``position``; None where that has been said."""
    place = place_of(driver, position)
    if is_after_block(driver) and place.token.kind != ERROR:
        return statements.same_line(place)
    if place.token.kind == ERROR or any(map(is_open, place.tokens[place.begin : position])):
        return None
    for explanation in _EXPLANATIONS:
        if diagnostic := explanation(place):
            return diagnostic
    return statements.unexpected(place)


def explain_depth(driver: Driver) -> Diagnostic:
    """What is said about an expression that is too deep: the value on top of the stack."""
    span = Span(driver.source, driver.tokens[driver.firsts[-1]].start, driver.ends[-1])
    return Diagnostic(
        "too-deep",
        f"this expression is more than {MAXIMUM_DEPTH} levels deep",
        (Label(span),),
        notes=("every operator is a level, every call two",),
        hints=("give parts of it names of their own",),
    )
