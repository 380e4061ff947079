"""What derivations call what they make. Every such name has a space in it, so that it never meets a name of the user's; printers write ``lam_w``."""

import sympy


def made(kind: str, name: str) -> sympy.Symbol:
    """The symbol of something derived from the quantity ``name``; what belongs to a terminal keeps it in front: ``p.bar i``."""
    return sympy.Symbol(f"{kind} {name}", real=True)


def lam(name: str) -> sympy.Symbol:
    """The adjoint unknown of the unknown ``name``."""
    return made("lam", name)


def free_lam(name: str) -> sympy.Symbol:
    """That adjoint unknown while its unknown moves, 0 while a bound holds it."""
    return made("free lam", name)


def push(name: str) -> sympy.Symbol:
    """The rate that a bounded unknown would have without its bounds."""
    return made("push", name)


def bar(name: str) -> sympy.Symbol:
    """The derivative of lam^T rates (and of the running loss) by the quantity ``name``."""
    return made("bar", name)


def received(name: str) -> sympy.Symbol:
    """The share of a ``bar`` that comes from the edges, where the vertex itself adds to it."""
    return made("received bar", name)


def taken(loss: str) -> sympy.Symbol:
    """1 while a loss over an interval is taken, else 0."""
    return made("taken", loss.removeprefix("loss "))


def error(name: str) -> sympy.Symbol:
    """In an error network, the error unknown beside the unknown ``name``."""
    return made("error", name)


def free_error(name: str) -> sympy.Symbol:
    """That error while its unknown moves, 0 while a bound holds it."""
    return made("free error", name)


def back(name: str) -> sympy.Symbol:
    """In an error network, the error signal at the quantity ``name``: the derivative of e^T rates + scale*loss by it."""
    return made("back", name)


def received_back(name: str) -> sympy.Symbol:
    """The share of a ``back`` that comes from the edges, where the vertex itself adds to it."""
    return made("received back", name)


def slope(name: str) -> sympy.Symbol:
    """In a nudged system, the derivative of the loss by the quantity ``name``."""
    return made("slope", name)


def received_slope(name: str) -> sympy.Symbol:
    """The share of a ``slope`` that comes from the edges, where the vertex itself adds to it."""
    return made("received slope", name)


def nudge(name: str) -> sympy.Symbol:
    """A parameter of the nudge itself."""
    return made("nudge", name)


def dot(name: str) -> sympy.Symbol:
    """The change of the quantity ``name`` along a direction."""
    return made("dot", name)


def at_end(terminal: str, name: str) -> sympy.Symbol:
    """In an edge, the quantity ``name`` of the vertex at a terminal."""
    return sympy.Symbol(f"{terminal}.{name}", real=True)


def by(name: str, variable: str) -> sympy.Symbol:
    """The derivative of the quantity ``name`` by an input of its template."""
    return sympy.Symbol(f"d {name} by {variable}", real=True)
