/* When a loss is taken: terms as instants with weights and data, for the integrator; and the formulas that times in a model are. */
#ifndef MC_LOSSES_H
#define MC_LOSSES_H

#include "integrate.h"
#include "names.h"

enum { MC_STEPS_OF_FORMULA = 256 };

static double mc_apply(int function, const double *a) {
    switch (function) {
    case MC_FORMULA_ADD:
        return a[0] + a[1];
    case MC_FORMULA_SUB:
        return a[0] - a[1];
    case MC_FORMULA_MUL:
        return a[0] * a[1];
    case MC_FORMULA_DIV:
        return a[0] / a[1];
    case MC_FORMULA_NEG:
        return -a[0];
    case MC_FORMULA_POW:
        return pow(a[0], a[1]);
    case MC_FORMULA_SQRT:
        return sqrt(a[0]);
    case MC_FORMULA_ABS:
        return fabs(a[0]);
    case MC_FORMULA_EXP:
        return exp(a[0]);
    case MC_FORMULA_LOG:
        return log(a[0]);
    case MC_FORMULA_SIN:
        return sin(a[0]);
    case MC_FORMULA_COS:
        return cos(a[0]);
    case MC_FORMULA_MIN:
        return a[0] != a[0] || a[0] < a[1] ? a[0] : a[1];
    case MC_FORMULA_MAX:
        return a[0] != a[0] || a[0] > a[1] ? a[0] : a[1];
    default:
        return NAN;
    }
}

/* The value of a formula for these parameters of the system; null in `wrong`, or why there is none. Where nothing that it reads has changed it is the
   value that the compiler found, to the last bit. */
static double mc_formula_value(const mc_model *model, const mc_system *system, const double *p, int which, const char **wrong) {
    const mc_formula *of = &model->formulas[which];
    double done[MC_STEPS_OF_FORMULA];
    int changed = 0;
    *wrong = NULL;
    for (int k = 0; k < of->count && k < MC_STEPS_OF_FORMULA; k++) {
        const mc_step *step = &of->steps[k];
        if (step->function == MC_FORMULA_NUMBER) {
            done[k] = step->number;
        } else if (step->function == MC_FORMULA_QUANTITY) {
            int64_t place = mc_place(&system->quantities[step->places[0]].places, 0);
            done[k] = p[place];
            changed = changed || p[place] != system->p[place];
        } else {
            double arguments[2] = {done[step->places[0]], done[step->places[1]]};
            done[k] = mc_apply(step->function, arguments);
        }
    }
    if (!changed) {
        return of->usual;
    }
    *wrong = of->error;
    return of->error == NULL ? done[of->count - 1] : NAN;
}

typedef struct {
    double t, weight;
    int64_t term, row, order;
} mc_instant;

static int mc_earlier(const void *a, const void *b) {
    const mc_instant *one = a, *other = b;
    if (one->t != other->t) {
        return one->t < other->t ? -1 : 1;
    }
    return one->order < other->order ? -1 : one->order > other->order;
}

static int mc_ascending(const void *a, const void *b) {
    double one = *(const double *)a, other = *(const double *)b;
    return one < other ? -1 : one > other;
}

/* Ascending values without those that are there twice; the result is how many are left. */
static int64_t mc_unique(double *values, int64_t count) {
    int64_t kept = 0;
    qsort(values, (size_t)count, sizeof *values, mc_ascending);
    for (int64_t k = 0; k < count; k++) {
        if (k == 0 || values[k] != values[kept - 1]) {
            values[kept++] = values[k];
        }
    }
    return kept;
}

/* How many instants a term has, and how many values its data rows hold together. */
static int64_t mc_instants_of(const mc_term *term, const mc_column *columns) {
    return term->kind == MC_OVER ? 2 : term->column >= 0 ? columns[term->column].count : 1;
}

#endif
