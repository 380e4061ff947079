/* Whether this machine has the instructions that the model was compiled for. */
#ifndef MC_CPU_H
#define MC_CPU_H

#include "model.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* Whether the system saves the wide registers of AVX (2, 4) and AVX-512 (32, 64, 128) between threads. */
static int mc_saves_registers(uint32_t wanted) {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & (1u << 27))) {
        return 0;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return (low & wanted) == wanted;
}

static int mc_has(const mc_feature *feature) {
    unsigned words[4] = {0, 0, 0, 0};
    if (!__get_cpuid_count(feature->leaf, feature->subleaf, &words[0], &words[1], &words[2], &words[3])) {
        return 0;
    }
    if (!(words[feature->word] & (1u << feature->bit))) {
        return 0;
    }
    if (strncmp(feature->feature, "avx512", 6) == 0) {
        return mc_saves_registers(0xe6);
    }
    return strncmp(feature->feature, "avx", 3) == 0 || strcmp(feature->feature, "fma") == 0 ? mc_saves_registers(6) : 1;
}

/* The first feature that is missing, or null. */
static const char *mc_missing_feature(const mc_model *model) {
    for (int64_t k = 0; k < model->n_features; k++) {
        if (!mc_has(&model->features[k])) {
            return model->features[k].feature;
        }
    }
    return NULL;
}

#else

static const char *mc_missing_feature(const mc_model *model) {
    (void)model;
    return NULL;
}

#endif
#endif
