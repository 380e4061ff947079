/* B4 by hand: the gradient of 1/2 |x(T) - target|^2 through steps of the classic Runge-Kutta method for dx/dt = -x + tanh(W x + bias).

   Forward, every stage leaves its value x and t = tanh(W x + bias) on a tape. Backward, with m the adjoint of the step's end and g that of a stage's value,
   the rate k of a stage has the adjoint a = weight m + to g(next stage), and with u = a (1 - t^2)

       g = W^T u - a        m += all four g        dbias += u        dW += u x^T

   W^T is kept as a matrix of its own, so that both products go along rows; u replaces t on the tape, and dW is one product of matrices in the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef double lane __attribute__((vector_size(64), aligned(8)));
enum { WIDTH = 8, ROWS = 8, STRIP = 64 };

/* y = A x: eight rows at a time share the loads of x. */
static void multiply(long n, const double *restrict a, const double *restrict x, double *restrict y) {
    for (long i = 0; i < n; i += ROWS) {
        lane sum[ROWS] = {{0}};
        for (long j = 0; j < n; j += WIDTH) {
            const lane value = *(const lane *)(x + j);
#pragma GCC unroll 8
            for (int r = 0; r < ROWS; r++) sum[r] += *(const lane *)(a + (i + r) * n + j) * value;
        }
        for (int r = 0; r < ROWS; r++) {
            double total = 0;
            for (int w = 0; w < WIDTH; w++) total += sum[r][w];
            y[i + r] = total;
        }
    }
}

/* c += u^T x for tapes of so many rows: tiles of 4 x 32 stay in registers while a strip of rows goes by. */
static void add_products(long n, long rows, const double *restrict u, const double *restrict x, double *restrict c) {
    for (long first = 0; first < rows; first += STRIP) {
        const long last = first + STRIP < rows ? first + STRIP : rows;
        for (long j = 0; j < n; j += 4 * WIDTH)
            for (long i = 0; i < n; i += 4) {
                lane tile[4][4];
                for (int a = 0; a < 4; a++)
                    for (int b = 0; b < 4; b++) tile[a][b] = *(lane *)(c + (i + a) * n + j + b * WIDTH);
                for (long row = first; row < last; row++) {
                    const double *left = u + row * n + i, *right = x + row * n + j;
#pragma GCC unroll 4
                    for (int a = 0; a < 4; a++)
#pragma GCC unroll 4
                        for (int b = 0; b < 4; b++) tile[a][b] += left[a] * *(const lane *)(right + b * WIDTH);
                }
                for (int a = 0; a < 4; a++)
                    for (int b = 0; b < 4; b++) *(lane *)(c + (i + a) * n + j + b * WIDTH) = tile[a][b];
            }
    }
}

static void transpose(long n, const double *restrict a, double *restrict t) {
    for (long i0 = 0; i0 < n; i0 += WIDTH)
        for (long j = 0; j < n; j++)
            for (long i = i0; i < i0 + WIDTH; i++) t[j * n + i] = a[i * n + j];
}

/* n is a multiple of 32. `tape` has room for 8 steps n numbers, `work` for n n + 6 n. Gives the loss. */
double gradient(long n, long steps, double h, const double *w, const double *bias, const double *target, const double *start, double *dw, double *dbias,
                double *dstart, double *tape, double *work) {
    const double to[4] = {h / 2, h / 2, h, 0}, weight[4] = {h / 6, h / 3, h / 3, h / 6};
    double *values = tape, *tanhs = tape + 4 * steps * n;
    double *wt = work, *x = wt + n * n, *z = x + n, *g = z + n, *a = g + n, *all = a + n;
    memcpy(x, start, n * sizeof *x);
    for (long step = 0; step < steps; step++) {
        double *stage = values + 4 * step * n, *t = tanhs + 4 * step * n;
        const double *first = stage;
        memcpy(stage, x, n * sizeof *x);
        for (int q = 0; q < 4; q++, stage += n, t += n) {
            multiply(n, w, stage, z);
            for (long i = 0; i < n; i++) t[i] = tanh(z[i] + bias[i]);
            for (long i = 0; i < n; i++) x[i] += weight[q] * (t[i] - stage[i]);
            if (q < 3)
                for (long i = 0; i < n; i++) stage[n + i] = first[i] + to[q] * (t[i] - stage[i]);
        }
    }
    double loss = 0;
    double *m = dstart;
    for (long i = 0; i < n; i++) m[i] = x[i] - target[i], loss += 0.5 * m[i] * m[i];
    transpose(n, w, wt);
    memset(dw, 0, n * n * sizeof *dw);
    memset(dbias, 0, n * sizeof *dbias);
    for (long step = steps - 1; step >= 0; step--) {
        memset(all, 0, n * sizeof *all);
        memset(g, 0, n * sizeof *g);
        for (int q = 3; q >= 0; q--) {
            double *t = tanhs + (4 * step + q) * n;
            for (long i = 0; i < n; i++) {
                a[i] = weight[q] * m[i] + to[q] * g[i];
                t[i] = a[i] * (1 - t[i] * t[i]);
                dbias[i] += t[i];
            }
            multiply(n, wt, t, z);
            for (long i = 0; i < n; i++) g[i] = z[i] - a[i], all[i] += g[i];
        }
        for (long i = 0; i < n; i++) m[i] += all[i];
    }
    add_products(n, 4 * steps, tanhs, values, dw);
    return loss;
}
