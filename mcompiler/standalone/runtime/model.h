/* The tables of a compiled model, and what of the standard library the runtime uses. Everything here is constant data that is written at build time;
   "kernels.h" beside it, also written then, has the C interface of the compiled functions and the slots of their arrays.

   The runtime is one translation unit: these headers define static functions only, and `solver.h` those that a user sees, with the model's prefix. It is plain C11
   for any x86-64 or 64-bit ARM; only the compiled functions are made for a certain CPU. No function here has a state of its own. */
#ifndef MC_MODEL_H
#define MC_MODEL_H

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* Integers: a list, or first, first + by, ... */
typedef struct {
    const int64_t *list;
    int64_t first, by, count;
} mc_places;

enum { MC_PARAMETER = 0, MC_INITIAL = 1, MC_EVENT = 2 };

/* Something that has a name and stands at places of an array: of the parameters, of the unknowns, or of the events. */
typedef struct {
    const char *name, *unit;
    int kind;
    int shared;              /* one value, at every place */
    int by_copy;             /* values may differ from copy to copy of a batch */
    int dims;
    const int64_t *shape;    /* of the array that a user sees */
    const int64_t *origin;   /* the index at which each axis begins */
    int64_t copies, members; /* places go copy by copy */
    mc_places places;
    mc_places inert;         /* members that are there for the shape only */
    const char *suffix;      /* of the name of one member, behind its index */
} mc_quantity;

/* Where the values of some members of a signal are: `offsets` in the columns of an observable, `positions` in the user's array. */
typedef struct {
    int64_t observable, width;
    mc_places offsets, positions;
} mc_part;

typedef struct {
    const char *name, *unit;
    int is_unknown;
    int dims;
    const int64_t *shape, *origin;
    int64_t copies, members;
    int n_parts;
    const mc_part *parts;
    mc_places inert;
} mc_signal;

/* A signal, or one member of it (-1: all), and what it is called. */
typedef struct {
    int64_t signal, member;
    const char *name;
} mc_saved;

/* One step of a formula: a number, the quantity of this place, or a function of the steps before it. */
typedef struct {
    int function; /* of MC_FORMULA_* */
    double number;
    int64_t places[8];
} mc_step;

/* A formula, and its value for the model's own values of what it reads. */
typedef struct {
    int count;
    const mc_step *steps;
    double usual;
    const char *error; /* why it cannot be worked out for other values, or null */
} mc_formula;

typedef struct {
    const char *name;
    const double *values;
    int64_t count;
} mc_column;

enum { MC_AT_END = 0, MC_AT = 1, MC_OVER = 2 };

/* A term of the loss; formulas and columns by their place, -1 for none. */
typedef struct {
    int kind;
    const char *where;
    int at, start, stop;
    int column;
    int n_data;
    const int *data;
} mc_term;

typedef struct {
    const char *name;
    const double *tab;
    const int64_t *mi;
} mc_method;

/* The compiled functions of a system, with its layout and the model's values. `quantities` are in the same order in all systems of a model. */
typedef struct {
    mc_functions functions;
    const int64_t *z;
    const double *p, *given;
    int64_t z_count;
    int64_t n_quantities;
    const mc_quantity *quantities;
    int64_t unwatched, unwatched_end; /* unknowns that are running losses */
} mc_system;

typedef struct {
    const char *name, *message;
} mc_refused;

/* What stands in the options at first; `span` is the place of the formula of the end. */
typedef struct {
    double rtol, atol, step, max_step, max_steps, steady_tol, memory_limit, threads;
} mc_options;

typedef struct {
    const char *feature;
    uint32_t leaf, subleaf;
    int word, bit; /* of eax, ebx, ecx, edx */
} mc_feature;

typedef struct {
    const char *name, *doc, *version, *cpu;
    const mc_system *forward, *with_loss; /* the second null where the model has no loss */
    int64_t n_signals;
    const mc_signal *signals;
    int64_t n_saved;
    const mc_saved *saved; /* what the experiment saves; -1 where the model is too large to save everything */
    int64_t n_events;
    const mc_quantity *events;
    int64_t n_methods;
    const mc_method *methods;
    const char *method;
    mc_options options;
    int is_smooth;
    int end, is_steady;
    int64_t n_every;
    const int *every;
    int64_t n_formulas;
    const mc_formula *formulas;
    int64_t n_terms;
    const mc_term *terms;
    int64_t n_columns;
    const mc_column *columns;
    int64_t n_refused;
    const mc_refused *refused;
    int64_t n_features;
    const mc_feature *features;
} mc_model;

static int64_t mc_place(const mc_places *of, int64_t k) {
    return of->list ? of->list[k] : of->first + of->by * k;
}

static int mc_holds(const mc_places *of, int64_t value) {
    for (int64_t k = 0; k < of->count; k++) {
        if (mc_place(of, k) == value) {
            return 1;
        }
    }
    return 0;
}

/* Copies values of eight bytes; there may be none. */
static void mc_copy(void *to, const void *from, int64_t count) {
    if (count > 0) {
        memcpy(to, from, 8 * (size_t)count);
    }
}

static int64_t mc_most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t mc_least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

#endif
