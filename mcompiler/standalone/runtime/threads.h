/* Threads that wait for tasks of kernels while a run lasts. They come and go with the run; which of them takes a task changes no bit. */
#ifndef MC_THREADS_H
#define MC_THREADS_H

#include "memory.h"

enum { MC_MOST_THREADS = 64 };

typedef struct {
    _Alignas(64) int64_t block[MC_POOL_SIZE]; /* the control block that kernels and threads share */
    const mc_functions *functions;
    pthread_t threads[MC_MOST_THREADS];
    int count;
} mc_pool;

static void *mc_help(void *given) {
    mc_pool *pool = given;
    pool->functions->work(pool->block);
    return NULL;
}

/* Starts the threads beside the caller's; kernels find them through this layout array. As many as the system gives. */
static void mc_open_pool(mc_pool *pool, const mc_functions *functions, int threads, int64_t *z) {
    memset(pool, 0, sizeof *pool);
    pool->functions = functions;
    z[MC_N_POOL] = (int64_t)(intptr_t)pool->block;
    while (pool->count < threads - 1 && pthread_create(&pool->threads[pool->count], NULL, mc_help, pool) == 0) {
        pool->count++;
    }
}

static void mc_close_pool(mc_pool *pool, int64_t *z) {
    __atomic_store_n(&pool->block[MC_POOL_STOP], 1, __ATOMIC_SEQ_CST);
    for (int k = 0; k < pool->count; k++) {
        pthread_join(pool->threads[k], NULL);
    }
    z[MC_N_POOL] = 0;
}

#endif
