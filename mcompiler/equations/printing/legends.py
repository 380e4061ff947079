"""What the notation of a sheet means, in plain text and in LaTeX."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Legend:
    """A line of explanation in both notations; where nothing is said for LaTeX, the text is the same."""

    text: str
    latex: str = ""


SUMS = Legend(
    "sum(R at p: x): the x of every R whose terminal p is at this node",
    r"$\sum_{\text{R at p}} x$: the $x$ of every R whose terminal p is at this node; $x^{(p)}$: the $x$ of the node at terminal p",
)
SUMS_OVER_SYNAPSES = Legend(
    "sum(W at post: x): the x of every W whose post is this cell",
    r"$\sum_{\text{W at post}} x$: the $x$ of every W whose post is this cell; $x^{(post)}$: the $x$ of the cell at post",
)
PICKS = Legend(
    "only(cell[0], x): x for that element, 0 for the others",
    r"$[x]_{\text{only cell[0]}}$: $x$ for that element, 0 for the others",
)
TANGENT = Legend(
    "dot_q: the change of q along a direction in parameters and initial values",
    r"$\delta q$: the change of $q$ along a direction in parameters and initial values",
)
ERROR_NETWORK = (
    Legend(
        "error_x: beside every unknown x of a vertex; where all of them rest, error_scale times the adjoint of the fixed point",
        r"$e_x$: beside every unknown $x$ of a vertex; where all of them rest, the error scale times the adjoint of the fixed point",
    ),
    Legend(
        "back_q: the derivative of E = sum of error*rate + error_scale*loss by q, through everything that q enters at this instant",
        r"$\hat q$: the derivative of $E = \sum e f$ + error scale times loss by $q$, through everything that $q$ enters at this instant",
    ),
    Legend("states of elements have no error: they are constants of the fixed point, as parameters are"),
    Legend(
        "at rest error_scale times the derivative of the loss by such a constant p is the derivative of E",
        r"at rest the error scale times the derivative of the loss by such a constant $p$ is the derivative of $E$",
    ),
)
NUDGED = (
    Legend(
        "nudge_beta: the strength of a force down the slope of the loss; 0 is the free system",
        r"$\beta^{\mathrm{nudge}}$: the strength of a force down the slope of the loss; 0 is the free system",
    ),
    Legend(
        "slope_q: the derivative of the loss by q, through everything that q enters at this instant",
        r"$\nabla_q$: the derivative of the loss by $q$, through everything that $q$ enters at this instant",
    ),
)
ADJOINTS = (
    Legend(
        "lam_x: the adjoint of x; a small change dx at an instant changes the loss by mass*lam_x*dx",
        r"$\lambda_x$: the adjoint of $x$ with $m\dot x = f$; a small change $\mathrm{d}x$ at an instant changes the loss by $m\lambda_x\,\mathrm{d}x$",
    ),
    Legend(
        "bar_q: the derivative of H = sum of lam*rate + running loss by q, through everything that q enters",
        r"$\bar q$: the derivative of $H = \sum \lambda f$ + running loss by $q$, through everything that $q$ enters",
    ),
    Legend("everything else is taken from the forward run"),
)
INSTANTS = Legend(
    "bar_q at an instant: the derivative of that term of the loss by q, through everything that q enters",
    r"$\bar q$ at an instant: the derivative of that term of the loss by $q$, through everything that $q$ enters",
)
NO_LOSS = Legend(
    "no loss is given: it is taken as a number, and mass*lam at the end is its derivative by the final state",
    r"no loss is given: it is taken as a number, and $m\lambda$ at the end is its derivative by the final state",
)
AFTER = Legend("after the end of the run lam is 0", r"after the end of the run $\lambda = 0$")
AFTER_JUMPS = Legend(
    "after the end of the run lam is 0; it jumps at losses at instants",
    r"after the end of the run $\lambda = 0$; it jumps at losses at instants",
)
GRADIENT = (
    Legend(
        "lam, and bar where it is not given here, are those of the adjoint equations; an integral is over the run",
        r"$\lambda$, and $\bar q$ where it is not given here, are those of the adjoint equations",
    ),
    Legend("shares of the same parameter add up: those of all elements that have it in common, and those at instants"),
)
EVENTS = Legend(
    "kappa of an event: lam^T mass*(rate after - dx+/dt)/(dh/dt) where it is located, 0 where it acts at the end of a step",
    r"$\kappa$ of an event: $\lambda^T m\,(f^+ - \mathrm{d}x^+/\mathrm{d}t)/(\mathrm{d}h/\mathrm{d}t)$ where it is located, "
    "0 where it acts at the end of a step",
)
JACOBIAN = (
    Legend(
        "dq_dx: the derivative of q by x, through the definitions; what is not listed is 0",
        r"$\partial q/\partial x$ is through the definitions; what is not listed is 0",
    ),
    Legend("(i at p): what an element adds to i at the node of its terminal p"),
    Legend("rates as they are while no bound holds an unknown; its row is 0 while one does"),
)
