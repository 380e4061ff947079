/* B2: Dormand and Prince 5(4) for the chaotic memristor circuit: one trajectory, one member after the other, and members side by side in vector registers.
 *
 * g++ -O3 -march=native -ffast-math; vectors are GCC's extension, of eight doubles whatever the machine has. Lanes have their own time and step size; one
 * that is done takes the next member of the queue. The norm is the root of the mean square, the controller that of DOPRI5 without memory. */
#include <math.h>
#include <string.h>

#define WIDTH 8
#define GROUPS 2
#define LANES (WIDTH * GROUPS)

typedef double vector __attribute__((vector_size(WIDTH * sizeof(double))));
typedef long long mask __attribute__((vector_size(WIDTH * sizeof(double))));

#define FIELD(x, y, z, dx, dy, dz)                                  \
    do {                                                            \
        dx = y;                                                     \
        dy = -(x + (z * z - 1.0) * y * 0.5) * (1.0 / 3.0);          \
        dz = y * z - y - 0.6 * z;                                   \
    } while (0)

/* The stages of one step of size h from (x, y, z), whose rates a1, b1, c1 are there; then the new state and its rates, and the error of each unknown. */
#define STEP(type)                                                                                                           \
    type a2, a3, a4, a5, a6, a7, b2, b3, b4, b5, b6, b7, c2, c3, c4, c5, c6, c7, xn, yn, zn;                                 \
    {                                                                                                                        \
        type u, v, w;                                                                                                        \
        S2(u, x, a) S2(v, y, b) S2(w, z, c) FIELD(u, v, w, a2, b2, c2);                                                      \
        S3(u, x, a) S3(v, y, b) S3(w, z, c) FIELD(u, v, w, a3, b3, c3);                                                      \
        S4(u, x, a) S4(v, y, b) S4(w, z, c) FIELD(u, v, w, a4, b4, c4);                                                      \
        S5(u, x, a) S5(v, y, b) S5(w, z, c) FIELD(u, v, w, a5, b5, c5);                                                      \
        S6(u, x, a) S6(v, y, b) S6(w, z, c) FIELD(u, v, w, a6, b6, c6);                                                      \
        S7(xn, x, a) S7(yn, y, b) S7(zn, z, c) FIELD(xn, yn, zn, a7, b7, c7);                                                \
    }
#define S2(u, x, k) u = x + h * (0.2 * k##1);
#define S3(u, x, k) u = x + h * (3. / 40 * k##1 + 9. / 40 * k##2);
#define S4(u, x, k) u = x + h * (44. / 45 * k##1 - 56. / 15 * k##2 + 32. / 9 * k##3);
#define S5(u, x, k) u = x + h * (19372. / 6561 * k##1 - 25360. / 2187 * k##2 + 64448. / 6561 * k##3 - 212. / 729 * k##4);
#define S6(u, x, k) u = x + h * (9017. / 3168 * k##1 - 355. / 33 * k##2 + 46732. / 5247 * k##3 + 49. / 176 * k##4 - 5103. / 18656 * k##5);
#define S7(u, x, k) u = x + h * (35. / 384 * k##1 + 500. / 1113 * k##3 + 125. / 192 * k##4 - 2187. / 6784 * k##5 + 11. / 84 * k##6);
#define ERROR(k) (h * (71. / 57600 * k##1 - 71. / 16695 * k##3 + 71. / 1920 * k##4 - 17253. / 339200 * k##5 + 22. / 525 * k##6 - 1. / 40 * k##7))

extern "C" {

/* One trajectory to `end`, in place; the number of steps. */
long run(double *u, double end, double tol) {
    double x = u[0], y = u[1], z = u[2], t = 0, h = 0.01, a1, b1, c1;
    long steps = 0;
    FIELD(x, y, z, a1, b1, c1);
    while (t < end) {
        if (t + h > end) h = end - t;
        STEP(double)
        double ex = ERROR(a) / (tol + tol * fmax(fabs(x), fabs(xn)));
        double ey = ERROR(b) / (tol + tol * fmax(fabs(y), fabs(yn)));
        double ez = ERROR(c) / (tol + tol * fmax(fabs(z), fabs(zn)));
        double e = (ex * ex + ey * ey + ez * ez) / 3 + 1e-60;
        steps++;
        if (e <= 1) {
            t += h;
            x = xn, y = yn, z = zn, a1 = a7, b1 = b7, c1 = c7;
        }
        h *= fmin(5.0, fmax(0.2, 0.9 * pow(e, -0.1)));
    }
    u[0] = x, u[1] = y, u[2] = z;
    return steps;
}

/* Members one after the other. */
void each(long count, double *u, double end, double tol) {
    for (long k = 0; k < count; k++) run(u + 3 * k, end, tol);
}

static inline vector larger(vector a, vector b) { return a > b ? a : b; }
static inline vector smaller(vector a, vector b) { return a < b ? a : b; }
static inline vector magnitude(vector a) { return (vector)((mask)a & 0x7fffffffffffffffLL); }

/* 0.9 e^(-1/10) to about 1e-8, which is more than a step size needs: the logarithm of the mantissa by its series in (m - 1)/(m + 1), and 2^x by Taylor's. */
static inline vector factor(vector e) {
    mask bits = (mask)e;
    mask k = (bits - 0x3fe6a09e667f3bcdLL) >> 52;
    vector m = (vector)(bits - (k << 52));
    vector q = (m - 1.0) / (m + 1.0), s = q * q;
    vector l = q * (2.885390081777927 + s * (0.961796693925976 + s * (0.577078016355585 + s * (0.412198583111132 + s * 0.320598897975325))));
    vector x = -0.1 * (__builtin_convertvector(k, vector) + l) - 0.15200309344504995;
    mask whole = __builtin_convertvector(x + 64.5, mask) - 64; /* truncation: -ffast-math would undo a rounding by addition */
    vector r = (x - __builtin_convertvector(whole, vector)) * 0.6931471805599453;
    vector p = 1.0 + r * (1.0 + r * (0.5 + r * (1. / 6 + r * (1. / 24 + r * (1. / 120 + r * (1. / 720 + r * (1. / 5040)))))));
    return p * (vector)((whole + 1023) << 52);
}

/* Members first ... last - 1 side by side. */
void lanes(long first, long last, double *members, double end, double tol) {
    vector X[GROUPS], Y[GROUPS], Z[GROUPS], A[GROUPS], B[GROUPS], C[GROUPS], T[GROUPS], H[GROUPS];
    long id[LANES], next = first, live = 0;
    memset(T, 0, sizeof T), memset(H, 0, sizeof H);
    memset(X, 0, sizeof X), memset(Y, 0, sizeof Y), memset(Z, 0, sizeof Z), memset(A, 0, sizeof A), memset(B, 0, sizeof B), memset(C, 0, sizeof C);
#define TAKE(l)                                                                                                             \
    if (next < last) {                                                                                                      \
        double *u = members + 3 * next, a, b, c;                                                                            \
        FIELD(u[0], u[1], u[2], a, b, c);                                                                                   \
        ((double *)X)[l] = u[0], ((double *)Y)[l] = u[1], ((double *)Z)[l] = u[2];                                          \
        ((double *)A)[l] = a, ((double *)B)[l] = b, ((double *)C)[l] = c;                                                   \
        ((double *)T)[l] = 0, ((double *)H)[l] = 0.01, id[l] = next++, live++;                                              \
    } else {                                                                                                                \
        ((double *)H)[l] = 0, ((double *)T)[l] = 0, id[l] = -1;                                                             \
    }
    for (int l = 0; l < LANES; l++) { TAKE(l) }
    while (live > 0) {
        mask done[GROUPS];
        for (int g = 0; g < GROUPS; g++) {
            vector x = X[g], y = Y[g], z = Z[g], a1 = A[g], b1 = B[g], c1 = C[g], t = T[g];
            vector h = smaller(H[g], end - t);
            STEP(vector)
            vector ex = ERROR(a) / (tol + tol * larger(magnitude(x), magnitude(xn)));
            vector ey = ERROR(b) / (tol + tol * larger(magnitude(y), magnitude(yn)));
            vector ez = ERROR(c) / (tol + tol * larger(magnitude(z), magnitude(zn)));
            vector e = (ex * ex + ey * ey + ez * ez) * (1.0 / 3.0) + 1e-60;
            mask ok = e <= 1.0;
            X[g] = ok ? xn : x, Y[g] = ok ? yn : y, Z[g] = ok ? zn : z;
            A[g] = ok ? a7 : a1, B[g] = ok ? b7 : b1, C[g] = ok ? c7 : c1;
            vector reached = end - t <= h ? vector{} + end : t + h;
            T[g] = ok ? reached : t;
            done[g] = T[g] >= end;
            vector most = vector{} + 5.0, least = vector{} + 0.2;
            H[g] = h * smaller(most, larger(least, factor(e)));
        }
        mask some = done[0];
        for (int g = 1; g < GROUPS; g++) some |= done[g];
        long long any = 0;
        for (int i = 0; i < WIDTH; i++) any |= some[i];
        if (any) {
            for (int l = 0; l < LANES; l++) {
                if (id[l] >= 0 && ((long long *)done)[l]) {
                    double *u = members + 3 * id[l];
                    u[0] = ((double *)X)[l], u[1] = ((double *)Y)[l], u[2] = ((double *)Z)[l];
                    live--;
                    TAKE(l)
                }
            }
        }
    }
}
}
