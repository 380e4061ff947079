/* Running: the arrays of a run are filled, `advance` is called until the run is over, what is full grows. */
#ifndef MC_INTEGRATE_H
#define MC_INTEGRATE_H

#include "threads.h"

/* Told where a run is; it ends there when the result is not 0. */
typedef int (*mc_progress)(void *context, double t);

/* Rows, steps and bytes that there is room for at first, as in a process of mcompiler. */
enum { MC_FIRST_STEPS = 4096, MC_FIRST_BYTES = 1 << 22 };
/* Numbers that are worked through between two looks at progress. */
enum { MC_WORK = 20000000 };

typedef struct {
    const mc_model *model;
    const mc_system *system;
    const mc_method *method;
    mc_memory memory;
    mc_arrays a;
    mc_block z, out, out_t, save, ev_t, ev_n, tape, kinds, marks, stops, loss_t, loss_n, loss_w, loss_v, d, rows;
    double memory_limit;
    int64_t max_steps;
    int threads;
    mc_progress progress;
    void *context;
} mc_run;

typedef struct {
    double t0, t1, rtol, atol, step, max_step;
    int until_steady;
    double steady_tol, not_before; /* in tolerances of a step; a time that is reached in any case */
    int64_t columns, n_save;       /* n_save is -1 for a row per step */
    int64_t n_losses, n_stops;
    int record;
} mc_start;

static int64_t mc_unknowns(const mc_run *run) {
    return run->system->z[MC_N_UNKNOWNS];
}

/* As many of so many numbers each as the limit allows, two at least; it may be infinite. */
static int64_t mc_allowed(const mc_run *run, int64_t numbers) {
    double most = run->memory_limit / (8.0 * (double)numbers);
    return most < 4e18 ? mc_most(2, (int64_t)most) : INT64_MAX / 4;
}

static int64_t mc_most_rows(const mc_run *run, int64_t columns) {
    return mc_allowed(run, columns + 1);
}

static int64_t mc_most_marks(const mc_run *run) {
    return mc_allowed(run, mc_most(mc_unknowns(run), 1));
}

static void mc_zero(void *values, int64_t count) {
    if (count > 0) {
        memset(values, 0, 8 * (size_t)count);
    }
}

/* The arrays that belong to a method and its state, as a run finds them at its start. */
static void mc_clear(mc_run *run) {
    mc_arrays *a = &run->a;
    int64_t n = mc_unknowns(run), guards = run->system->z[MC_N_GUARDS];
    a->tab = (double *)run->method->tab;
    a->mi = (int64_t *)run->method->mi;
    a->z = (int64_t *)run->system->z;
    mc_zero(a->ws, MC_WS_SIZE);
    mc_zero(a->iws, MC_IWS_SIZE);
    mc_zero(a->v, n);
    mc_zero(a->u, n);
    mc_zero(a->r, n);
    mc_zero(a->s, n);
    mc_zero(a->K, mc_rows_of_stages(a->mi) * n);
    mc_zero(a->w, run->system->z[MC_N_SCRATCH]);
    mc_zero(a->g0, 2 * guards);
    mc_zero(a->gl, guards);
    mc_zero(a->gr, guards);
    mc_zero(a->gm, 2 * guards);
    mc_zero(a->gs, 2 * guards);
}

static void mc_point(mc_run *run) {
    mc_arrays *a = &run->a;
    a->out = run->out.values;
    a->out_t = run->out_t.values;
    a->save = run->save.values;
    a->tape = run->tape.values;
    a->kinds = run->kinds.values;
    a->marks = run->marks.values;
    a->loss_t = run->loss_t.values;
    a->loss_n = run->loss_n.values;
    a->loss_w = run->loss_w.values;
    a->loss_v = run->loss_v.values;
    a->d = run->d.values;
}

/* Room at the start for rows and for the tape; 0 where there is none. */
static int mc_first_room(mc_run *run, const mc_start *start) {
    int64_t n = mc_unknowns(run), columns = start->columns, *iws = run->a.iws;
    int64_t few = mc_least(mc_least(MC_FIRST_STEPS, 2 + MC_FIRST_BYTES / (8 * (columns + 1))), mc_most_rows(run, columns));
    int64_t rows = start->n_save < 0 ? few : start->until_steady ? mc_least(few, start->n_save) : start->n_save;
    int64_t steps = start->record ? MC_FIRST_STEPS : 0;
    int64_t marks = mc_least(mc_least(steps, mc_most_marks(run)), 2 + MC_FIRST_BYTES / (8 * (n + 1)));
    int whole = mc_reserve(&run->memory, &run->out_t, rows) && mc_reserve(&run->memory, &run->out, rows * columns);
    whole = whole && (!start->record || (mc_reserve(&run->memory, &run->tape, 2 * steps + 1) &&
                                         mc_reserve(&run->memory, &run->kinds, steps) && mc_reserve(&run->memory, &run->marks, marks * n)));
    iws[MC_OUT_CAP] = rows;
    iws[MC_TAPE_CAP] = steps;
    iws[MC_MARK_CAP] = n ? marks : steps;
    return whole;
}

/* Prepares a run from the state in `y`; times to save, losses and stops are in their blocks. 0 where there is no room. */
static int mc_prepare(mc_run *run, const mc_start *start) {
    mc_arrays *a = &run->a;
    int64_t *iws = a->iws;
    mc_clear(run);
    a->ws[MC_T] = start->t0;
    a->ws[MC_SPAN] = start->t1 - start->t0;
    a->ws[MC_RTOL] = start->rtol;
    a->ws[MC_ATOL] = start->atol;
    a->ws[MC_STEP] = start->step < start->max_step ? start->step : start->max_step;
    a->ws[MC_MAX_STEP] = start->max_step;
    iws[MC_STOP_N] = start->n_stops;
    iws[MC_LOSS_N] = start->n_losses;
    iws[MC_SAVE_N] = start->n_save;
    iws[MC_COLUMNS] = start->columns;
    iws[MC_EVENT_CAP] = mc_first_events(run->system);
    iws[MC_RECORD] = start->record;
    iws[MC_STRIDE] = 1;
    iws[MC_MESH_N] = -1;
    iws[MC_RELOCATE] = 1;
    if (start->until_steady) {
        mc_copy(a->r, a->y, mc_unknowns(run));
        a->ws[MC_REFERENCE_T] = a->ws[MC_DISTURBED_T] = start->t0;
        a->ws[MC_STEADY_TOL] = start->steady_tol;
        a->ws[MC_NOT_BEFORE] = start->not_before;
        iws[MC_STEADY] = 1;
        iws[MC_UNWATCHED] = run->system->unwatched;
        iws[MC_UNWATCHED_END] = run->system->unwatched_end;
    }
    int whole = mc_first_room(run, start);
    mc_point(run);
    return whole;
}

/* Twice the room, as far as `most` allows; -1 where memory ends. */
static int mc_grow(mc_run *run, mc_block *block, int64_t capacity, int64_t larger, int64_t width, int64_t more) {
    (void)capacity;
    return mc_reserve(&run->memory, block, larger * width + more) ? 1 : -1;
}

static int64_t mc_larger(int64_t capacity, int64_t most) {
    return mc_least(2 * capacity + 2, most);
}

static int mc_more_rows(mc_run *run) {
    int64_t *iws = run->a.iws, columns = iws[MC_COLUMNS], most = mc_most_rows(run, columns);
    if (iws[MC_OUT_CAP] >= most) {
        return 0;
    }
    int64_t larger = mc_larger(iws[MC_OUT_CAP], most);
    if (mc_grow(run, &run->out, iws[MC_OUT_CAP], larger, columns, 0) < 0 || mc_grow(run, &run->out_t, iws[MC_OUT_CAP], larger, 1, 0) < 0) {
        return -1;
    }
    iws[MC_OUT_CAP] = larger;
    return 1;
}

/* Events move from the workspace to blocks when there are more than it has room for. */
static int mc_more_events(mc_run *run) {
    mc_arrays *a = &run->a;
    int64_t capacity = a->iws[MC_EVENT_CAP], larger = mc_larger(capacity, INT64_MAX);
    int moved = run->ev_t.values != NULL && a->ev_t == run->ev_t.values;
    if (mc_grow(run, &run->ev_t, capacity, larger, 1, 0) < 0 || mc_grow(run, &run->ev_n, capacity, larger, 2, 0) < 0) {
        return -1;
    }
    if (!moved) {
        mc_copy(run->ev_t.values, a->ev_t, capacity);
        memcpy(run->ev_n.values, a->ev_n, 16 * (size_t)capacity);
    }
    a->ev_t = run->ev_t.values;
    a->ev_n = run->ev_n.values;
    a->iws[MC_EVENT_CAP] = larger;
    return 1;
}

static int mc_more_steps(mc_run *run) {
    int64_t capacity = run->a.iws[MC_TAPE_CAP], larger = mc_larger(capacity, INT64_MAX);
    if (mc_grow(run, &run->tape, capacity, larger, 2, 1) < 0 || mc_grow(run, &run->kinds, capacity, larger, 1, 0) < 0) {
        return -1;
    }
    run->a.iws[MC_TAPE_CAP] = larger;
    return 1;
}

/* More states on the tape, or else every second one goes. */
static int mc_more_marks(mc_run *run) {
    int64_t n = mc_unknowns(run), *iws = run->a.iws, capacity = iws[MC_MARK_CAP], most = mc_most_marks(run);
    if (capacity < most) {
        int64_t larger = mc_larger(capacity, most);
        if (mc_grow(run, &run->marks, capacity, larger, n, 0) < 0) {
            return -1;
        }
        iws[MC_MARK_CAP] = larger;
        return 1;
    }
    int64_t kept = (iws[MC_MARK_N] + 1) / 2;
    double *marks = run->marks.values;
    for (int64_t k = 1; k < kept; k++) {
        mc_copy(marks + k * n, marks + 2 * k * n, n);
    }
    iws[MC_MARK_N] = kept;
    iws[MC_STRIDE] *= 2;
    return 1;
}

/* More room where a run had none: 1, 0 where the limit does not allow it, -1 where memory ends. */
static int mc_make_room(mc_run *run, int64_t reason) {
    int made = reason == MC_OUTPUT_FULL   ? mc_more_rows(run)
               : reason == MC_EVENTS_FULL ? mc_more_events(run)
               : reason == MC_TAPE_FULL   ? mc_more_steps(run)
                                          : mc_more_marks(run);
    mc_point(run);
    return made;
}

static int mc_ended(const int64_t *iws) {
    static const int ended[3] = {MC_DONE, MC_NOT_STEADY, MC_STEADY_REACHED};
    return iws[MC_STATUS] ? (int)iws[MC_STATUS] : ended[iws[MC_STEADY]];
}

/* Calls `advance` until the run is over, or has taken `steps` more steps (-1: no such limit); the result is a status. */
static int mc_drive(mc_run *run, int64_t steps) {
    int64_t *iws = run->a.iws, pace = mc_most(1, MC_WORK / (100 * (mc_unknowns(run) + 1)));
    int64_t attempts = iws[MC_STEPS] + iws[MC_REJECTIONS];
    for (;;) {
        int64_t taken = iws[MC_STEPS] + iws[MC_REJECTIONS], left = run->max_steps - taken;
        int64_t wanted = steps < 0 ? left : mc_least(left, steps - (taken - attempts));
        iws[MC_BUDGET] = mc_least(pace, wanted);
        int64_t reason = MC_CALL_ADVANCE(run->system->functions, run->a);
        if (reason == MC_FINISHED || reason == MC_STOPPED) {
            return mc_ended(iws);
        }
        if (reason == MC_BUDGET_USED) {
            taken = iws[MC_STEPS] + iws[MC_REJECTIONS];
            if (taken >= run->max_steps) {
                return MC_TOO_MANY_STEPS;
            }
            if (steps >= 0 && taken - attempts >= steps) {
                return MC_RUNNING;
            }
            if (run->progress != NULL && run->progress(run->context, run->a.ws[MC_T]) != 0) {
                return MC_INTERRUPTED;
            }
            continue;
        }
        if (steps >= 0 && reason == MC_EVENTS_FULL) {
            iws[MC_EVENT_N] = 0; /* who steps keeps no record of events */
            continue;
        }
        int made = mc_make_room(run, reason);
        if (made <= 0) {
            return made < 0 ? MC_NO_MEMORY : MC_TOO_MUCH_SAVED;
        }
    }
}

/* A row for the time at which a run until steady ended, where rows have given times and none is there. */
static int mc_last_row(mc_run *run) {
    mc_arrays *a = &run->a;
    int64_t rows = a->iws[MC_OUT_N], columns = a->iws[MC_COLUMNS];
    double t = a->ws[MC_T];
    if (a->iws[MC_SAVE_N] < 0 || (rows && a->out_t[rows - 1] == t)) {
        return 1;
    }
    if (!mc_reserve(&run->memory, &run->out, (rows + 1) * columns) || !mc_reserve(&run->memory, &run->out_t, rows + 1)) {
        return 0;
    }
    mc_point(run);
    a->out_t[rows] = t;
    run->system->functions.observe(t, a->y, a->p, a->z, a->w, a->want, a->out, rows * columns);
    a->iws[MC_OUT_N] = rows + 1;
    return 1;
}

/* `mc_drive` to the end, with the threads that are asked for where kernels have tasks. */
static int mc_drive_together(mc_run *run) {
    const mc_system *system = run->system;
    mc_pool pool;
    if (run->threads < 2 || system->functions.work == NULL) {
        return mc_drive(run, -1);
    }
    if (!mc_reserve(&run->memory, &run->z, system->z_count)) {
        return MC_NO_MEMORY;
    }
    mc_copy(run->z.values, system->z, system->z_count);
    run->a.z = run->z.values;
    mc_open_pool(&pool, &system->functions, run->threads, run->a.z);
    int status = mc_drive(run, -1);
    mc_close_pool(&pool, run->a.z);
    run->a.z = (int64_t *)system->z;
    return status;
}

static void mc_release_all(mc_run *run) {
    mc_block *blocks[] = {&run->z,     &run->out,   &run->out_t, &run->save,   &run->ev_t,   &run->ev_n,   &run->tape,   &run->kinds, &run->marks,
                          &run->stops, &run->d,     &run->loss_t, &run->loss_n, &run->loss_w, &run->loss_v, &run->rows};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
        mc_release(&run->memory, blocks[k]);
    }
}

#endif
