/* Elementary functions in loops: compiled twice, once with libm's functions called one at a time, once with -ffast-math and so with libmvec's. */
#include <math.h>

typedef void (*observe)(double, const double *, const double *, const long *, const double *, const long *, double *, long);

static double logistic(double x) { return 1 / (1 + exp(-x)); }

#define LOOP(f)                                                                                                                         \
    void loop_##f(long turns, long n, const double *x, const double *p, double *out) {                                                  \
        for (long turn = 0; turn < turns; turn++) {                                                                                     \
            for (long i = 0; i < n; i++) out[i] = f(x[i]);                                                                              \
            __asm__ volatile("" ::: "memory");                                                                                          \
        }                                                                                                                               \
    }                                                                                                                                   \
    void chain_##f(long turns, long n, const double *x, const double *p, double *out) {                                                 \
        for (long turn = 0; turn < turns; turn++)                                                                                       \
            for (long i = 0; i < n; i++) out[0] = f(x[i] + p[0] * out[0]);                                                              \
    }

LOOP(exp) LOOP(expm1) LOOP(logistic) LOOP(sinh) LOOP(cosh) LOOP(tanh) LOOP(log) LOOP(log1p) LOOP(asinh) LOOP(atan) LOOP(sin) LOOP(cos) LOOP(tan)

void loop_pow(long turns, long n, const double *x, const double *p, double *out) {
    for (long turn = 0; turn < turns; turn++) {
        for (long i = 0; i < n; i++) out[i] = pow(x[i], p[i]);
        __asm__ volatile("" ::: "memory");
    }
}

void chain_pow(long turns, long n, const double *x, const double *p, double *out) {
    for (long turn = 0; turn < turns; turn++)
        for (long i = 0; i < n; i++) out[0] = pow(x[i] + p[0] * out[0], p[i]);
}

/* A compiled kernel, again and again. */
void kernel(long turns, observe call, const double *x, const double *p, const long *z, double *out) {
    for (long turn = 0; turn < turns; turn++) call(0, x, p, z, p, z, out, 0);
}
