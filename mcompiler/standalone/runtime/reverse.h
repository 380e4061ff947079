/* The gradient of what a run computed: its tape backwards, with states found again where they were not kept. */
#ifndef MC_REVERSE_H
#define MC_REVERSE_H

#include "losses.h"

typedef struct {
    mc_run *run;
    mc_arrays a;          /* those of the run, and its tape as the mesh */
    const int64_t *mi;    /* the method, and as going back needs it: the stage at the new state is the next step's first */
    int64_t *mi_back;
    int64_t n_events;
} mc_sweep;

static int64_t mc_parts(int64_t count, int64_t size) {
    return count / size + (count % size != 0);
}

/* States at the start of every stride-th step. */
static void mc_replay(mc_sweep *sweep, int64_t first, int64_t last, int64_t stride, const double *state, double *rows) {
    mc_arrays *a = &sweep->a;
    int64_t n = mc_unknowns(sweep->run);
    mc_copy(a->y, state, n);
    a->event = 0;
    while (a->event < sweep->n_events && a->mesh_e[2 * a->event + 1] < first) {
        a->event++;
    }
    a->first = first;
    a->last = last;
    a->stride = stride;
    a->rows = rows;
    a->mi = (int64_t *)sweep->mi;
    MC_CALL_REPLAY(sweep->run->system->functions, *a);
}

/* Steps last - 1 ... first, whose states begin with that of the first. */
static void mc_back(mc_sweep *sweep, int64_t first, int64_t last, double *states) {
    sweep->a.first = first;
    sweep->a.last = last;
    sweep->a.rows = states;
    sweep->a.mi = sweep->mi_back;
    MC_CALL_REVERSE_STEPS(sweep->run->system->functions, sweep->a);
}

/* Steps last - 1 ... first, from the state at the start of the first, with room for so many states; 0 where memory ends. */
static int mc_between(mc_sweep *sweep, int64_t first, int64_t last, const double *state, int64_t capacity) {
    const mc_memory *memory = &sweep->run->memory;
    mc_block rows = {NULL, 0};
    int64_t n = mc_unknowns(sweep->run), length = last - first;
    int64_t kept = mc_most(2, capacity / 2), stride = length <= capacity ? 1 : mc_parts(length, kept), count = mc_parts(length, stride);
    int whole = mc_reserve(memory, &rows, mc_most(1, count * n));
    if (whole) {
        mc_replay(sweep, first, last, stride, state, rows.values);
        if (stride == 1) {
            mc_back(sweep, first, last, rows.values);
        }
        for (int64_t place = count - 1; place >= 0 && stride > 1 && whole; place--) {
            int64_t start = first + place * stride;
            const double *each = (const double *)rows.values + place * n;
            whole = mc_between(sweep, start, mc_least(start + stride, last), each, mc_most(2, capacity - kept));
        }
    }
    mc_release(memory, &rows);
    return whole;
}

/* The gradient of the losses of a recorded run by the parameters, in `pb`, and by the state at its start, in `lam`; 0 where memory ends. */
static int mc_reverse(mc_run *run, const double *y0) {
    mc_arrays *own = &run->a;
    mc_sweep sweep = {run, *own, run->method->mi, NULL, own->iws[MC_EVENT_N]};
    mc_arrays *a = &sweep.a;
    int64_t n = mc_unknowns(run), steps = own->iws[MC_TAPE_N], marks = own->iws[MC_MARK_N], stride = own->iws[MC_STRIDE];
    int64_t losses = own->iws[MC_LOSS_N], mi_back[MC_MI_SIZE], iws[MC_IWS_SIZE], kept_iws[MC_IWS_SIZE];
    double ws[MC_WS_SIZE], kept_ws[MC_WS_SIZE], *times = own->loss_t, t1 = own->ws[MC_T];
    int whole = 1;
    memcpy(kept_ws, own->ws, sizeof kept_ws);
    memcpy(kept_iws, own->iws, sizeof kept_iws);
    memcpy(mi_back, run->method->mi, sizeof mi_back);
    mi_back[MC_MI_STAGES] = mi_back[MC_MI_SUMMED];
    mi_back[MC_MI_FSAL] = 0;
    sweep.mi_back = mi_back;
    mc_clear(run);
    memset(iws, 0, sizeof iws);
    memset(ws, 0, sizeof ws);
    for (int64_t k = 0; k < losses; k++) {
        times[k] = times[k] < t1 ? times[k] : t1;
        iws[MC_LOSS_I] += times[k] <= t1;
    }
    iws[MC_MESH_EVENT_I] = iws[MC_MESH_EVENT_N] = sweep.n_events;
    a->iws = iws;
    a->ws = ws;
    a->mesh = own->tape;
    a->mesh_k = own->kinds;
    a->mesh_e = own->ev_n;
    for (int64_t k = 0; k < n; k++) {
        a->s[k] = 1.0; /* errors are not looked at */
    }
    mc_zero(a->y, n);
    mc_zero(a->lam, n);
    mc_zero(a->mu, n);
    mc_zero(a->x, n);
    mc_zero(a->KB, (run->method->mi[MC_MI_SUMMED] + 1) * n);
    mc_zero(a->pb, run->system->z[MC_N_PARAMETERS]);
    mc_zero(a->scratch, run->system->z[MC_N_PARAMETERS]);
    if (stride == 1) {
        mc_back(&sweep, 0, steps, own->marks);
    }
    for (int64_t mark = marks - 1; mark >= 0 && stride > 1 && whole; mark--) {
        int64_t first = mark * stride;
        whole = mc_between(&sweep, first, mc_least(first + stride, steps), own->marks + mark * n, mc_most_marks(run));
    }
    for (int64_t j = 0; j < iws[MC_LOSS_I] && whole; j++) {
        mc_copy(a->x, y0, n);
        run->system->functions.loss_pullback(a->loss_n[2 * j], a->loss_w[j], a->loss_t[j], a->x, a->p, a->z, a->w, a->d, a->loss_n[2 * j + 1], a->lam, a->pb);
    }
    memcpy(own->ws, kept_ws, sizeof kept_ws);
    memcpy(own->iws, kept_iws, sizeof kept_iws);
    return whole;
}

#endif
