/* Memory: blocks that grow, from functions that the caller gives, and the arrays of a run in the caller's workspace. */
#ifndef MC_MEMORY_H
#define MC_MEMORY_H

#include "model.h"

/* As in the public header: resizes a block (null: a new one) to so many bytes, 0 to free it; null where there is no room. */
typedef void *(*mc_resize)(void *context, void *block, size_t bytes);

typedef struct {
    mc_resize resize;
    void *context;
} mc_memory;

static void *mc_heap(void *context, void *block, size_t bytes) {
    (void)context;
    if (bytes == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, bytes);
}

/* A block of values of eight bytes. */
typedef struct {
    void *values;
    int64_t room;
} mc_block;

/* Whether the block has room for so many values now; what was in it stays. */
static int mc_reserve(const mc_memory *memory, mc_block *block, int64_t count) {
    if (count <= block->room) {
        return 1;
    }
    if (count > INT64_MAX / 16 || (uint64_t)count > SIZE_MAX / 16) {
        return 0;
    }
    void *larger = memory->resize(memory->context, block->values, 8 * (size_t)count);
    if (larger == NULL) {
        return 0;
    }
    block->values = larger;
    block->room = count;
    return 1;
}

static void mc_release(const mc_memory *memory, mc_block *block) {
    if (block->values != NULL) {
        memory->resize(memory->context, block->values, 0);
    }
    block->values = NULL;
    block->room = 0;
}

/* The next part of the workspace, 64 bytes aligned; without a base only the size is counted. */
static void *mc_take(char *base, size_t *used, int64_t count) {
    void *place = base == NULL ? NULL : base + *used;
    *used += ((size_t)count * 8 + 63) / 64 * 64;
    return place;
}

static int64_t mc_rows_of_stages(const int64_t *mi) {
    return mc_most(2, mi[MC_MI_TOTAL] + mi[MC_MI_DEGREE]);
}

/* Events that there is room for at first. */
static int64_t mc_first_events(const mc_system *system) {
    int64_t guards = system->z[MC_N_GUARDS];
    return guards ? 64 + 4 * guards : 0;
}

/* The arrays of a system in the workspace. `with_reverse` adds those of gradients. */
static void mc_lay_out(const mc_model *model, const mc_system *system, int with_reverse, char *base, size_t *used, mc_arrays *a) {
    int64_t n = system->z[MC_N_UNKNOWNS], guards = system->z[MC_N_GUARDS], rows = 2;
    for (int64_t k = 0; k < model->n_methods; k++) {
        rows = mc_most(rows, mc_rows_of_stages(model->methods[k].mi));
    }
    a->ws = mc_take(base, used, MC_WS_SIZE);
    a->iws = mc_take(base, used, MC_IWS_SIZE);
    a->y = mc_take(base, used, n);
    a->v = mc_take(base, used, n);
    a->u = mc_take(base, used, n);
    a->r = mc_take(base, used, n);
    a->s = mc_take(base, used, n);
    a->K = mc_take(base, used, rows * n);
    a->w = mc_take(base, used, system->z[MC_N_SCRATCH]);
    a->g0 = mc_take(base, used, 2 * guards);
    a->gl = mc_take(base, used, guards);
    a->gr = mc_take(base, used, guards);
    a->gm = mc_take(base, used, 2 * guards);
    a->gs = mc_take(base, used, 2 * guards);
    a->want = mc_take(base, used, mc_most(1, system->z[MC_N_OBSERVABLES]));
    a->ev_t = mc_take(base, used, mc_first_events(system));
    a->ev_n = mc_take(base, used, 2 * mc_first_events(system));
    a->stops = mc_take(base, used, 1);
    if (with_reverse) {
        a->lam = mc_take(base, used, n);
        a->mu = mc_take(base, used, n);
        a->x = mc_take(base, used, n);
        a->KB = mc_take(base, used, (rows + 1) * n);
        a->pb = mc_take(base, used, system->z[MC_N_PARAMETERS]);
        a->scratch = mc_take(base, used, system->z[MC_N_PARAMETERS]);
    }
}

#endif
