/* B5 by hand: the classic Runge-Kutta method with one sweep over the synapse matrix per stage. It has no bounds, no events, no dense output and no checks.

   tau dx/dt = -x + Rf sum_j G_ij r_j + bias          r = tanh(x)         G = Goff + (Gon - Goff) s
   tau dy/dt = -y + Rf (1 - r^2) sum_i G_ij y_i + force
       ds/dt = 4 A sinh(beta y_i r_j) s (1 - s)       row i: the cell behind the synapse, column j: the cell before it

   With Y1 = s, Y2 ... Y4 the values at which the stages are evaluated and k4 the last rate, s + h/6 (k1 + 2 k2 + 2 k3 + k4) is
   (-Y1 + Y2 + 2 Y3 + Y4)/3 + h/6 k4. So the stages need no rates of earlier stages, and two matrices beside the states. */
#include <math.h>
#include <stdlib.h>

#define INLINE static inline __attribute__((always_inline))
enum { DEGREES = 14, RANGES = 5 };

/* sinh(z)/z as a polynomial in z^2 for |z| up to LIMIT: Taylor's, economised by Chebyshev polynomials to a relative error of 2e-16. */
static const double LIMIT[RANGES] = {1, 2, 3, 4, 6};
static const double SINH[RANGES][DEGREES] = {
    {1.0, 0.1666666666666574, 0.008333333333481638, 0.00019841269752333027, 2.7557344614538454e-06, 2.5048389313364278e-08,
     1.6328813678829017e-10},
    {1.0, 0.16666666666666596, 0.008333333333337972, 0.00019841269840080325, 2.7557319376741813e-06, 2.505209737141518e-08,
     1.6059509933760398e-10, 7.635687203784856e-13, 2.9632078085442573e-15},
    {0.9999999999999999, 0.16666666666666985, 0.008333333333321714, 0.00019841269842920005, 2.755731910502317e-06, 2.5052113308291248e-08,
     1.605891994169362e-10, 7.649090282886712e-13, 2.793415041922382e-15, 9.148175585188286e-18},
    {1.0, 0.1666666666666667, 0.0083333333333332, 0.0001984126984128539, 2.7557319223050514e-06, 2.5052108418629464e-08, 1.6059043090862615e-10,
     7.647174758404648e-13, 2.811348686157777e-15, 8.227677753021503e-18, 1.928470417291305e-20, 4.537291625816428e-23},
    {1.0, 0.16666666666666674, 0.0083333333333332, 0.00019841269841279363, 2.755731922363337e-06, 2.505210839325473e-08, 1.6059043724725623e-10,
     7.647164822352889e-13, 2.811449871107851e-15, 8.220986689680468e-18, 1.9561237127376862e-20, 3.8948041403223235e-23, 6.054448830476443e-26,
     1.2507057230410663e-28},
};
enum { TO_1 = 6, TO_2 = 8, TO_3 = 9, TO_4 = 11, TO_6 = 13, BY_LIBM = -1 };

/* What a row of the matrix takes; `next` and `sum` are the two matrices beside the states. */
typedef struct {
    long n;
    double slope, rate, h, y;             /* beta y_i, 4 A, step, y_i */
    const double *restrict r;             /* r_j */
    double *restrict s, *restrict next, *restrict sum;
    double *restrict back;                /* sum_i s_ij y_i so far */
} Row;

/* One row in one stage: its products with r and y at this stage's values, and the values of the next stage (of the next step in the last one). */
INLINE double row(const Row each, const int stage, const int degree, const double *c) {
    const double h = each.h, y = each.y, third = 1.0 / 3;
    const double *restrict r = each.r;
    double *restrict s = each.s, *restrict next = each.next, *restrict sum = each.sum, *restrict back = each.back;
    double forward = 0;
    for (long j = 0; j < each.n; j++) {
        const double z = each.slope * r[j], q = z * z;
        double f;
        if (degree == BY_LIBM) {
            f = sinh(z);
        } else {
            f = c[degree];
#pragma GCC unroll 14
            for (int k = degree - 1; k >= 0; k--) f = f * q + c[k];
            f *= z;
        }
        const double value = stage == 0 ? s[j] : stage == 2 ? sum[j] : next[j];
        const double k = each.rate * f * value * (1 - value);
        forward += value * r[j];
        back[j] += value * y;
        if (stage == 0) {
            next[j] = value + h / 2 * k;                                  /* Y2 */
        } else if (stage == 1) {
            sum[j] = s[j] + h / 2 * k;                                    /* Y3 */
        } else if (stage == 2) {
            sum[j] = s[j] + (next[j] - s[j] + 2 * (value - s[j]) + h * k) * third;
            next[j] = s[j] + h * k;                                       /* Y4 */
        } else {
            s[j] = sum[j] + h / 6 * k;
        }
    }
    return forward;
}

/* The row with the shortest polynomial that holds for its largest argument. */
INLINE double any_row(const Row each, const int stage, const double largest) {
    if (largest <= LIMIT[0]) return row(each, stage, TO_1, SINH[0]);
    if (largest <= LIMIT[1]) return row(each, stage, TO_2, SINH[1]);
    if (largest <= LIMIT[2]) return row(each, stage, TO_3, SINH[2]);
    if (largest <= LIMIT[3]) return row(each, stage, TO_4, SINH[3]);
    if (largest <= LIMIT[4]) return row(each, stage, TO_6, SINH[4]);
    return row(each, stage, BY_LIBM, SINH[0]);
}

static double row_0(const Row each, double largest) { return any_row(each, 0, largest); }
static double row_1(const Row each, double largest) { return any_row(each, 1, largest); }
static double row_2(const Row each, double largest) { return any_row(each, 2, largest); }
static double row_3(const Row each, double largest) { return any_row(each, 3, largest); }
static double (*const ROW[4])(Row, double) = {row_0, row_1, row_2, row_3};

/* `p` holds tau, A, beta, Gon, Goff, Rf; `work` has room for 2 n n + 9 n numbers. */
void run(long n, long steps, double h, const double *p, const double *bias, const double *force, double *x, double *y, double *s, double *work) {
    const double tau = p[0], A = p[1], beta = p[2], span = p[3] - p[4], Goff = p[4], Rf = p[5];
    double *next = work, *sum = next + n * n, *r = sum + n * n, *forward = r + n, *back = forward + n;
    double *xs = back + n, *ys = xs + n, *dx = ys + n, *dy = dx + n;
    const double to[4] = {h / 2, h / 2, h, 0}, weight[4] = {h / 6, h / 3, h / 3, h / 6};
    for (long step = 0; step < steps; step++) {
        for (long i = 0; i < n; i++) xs[i] = x[i], ys[i] = y[i], dx[i] = dy[i] = 0;
        for (int stage = 0; stage < 4; stage++) {
            double all_r = 0, all_y = 0, most = 0;
            for (long j = 0; j < n; j++) r[j] = tanh(xs[j]), back[j] = 0;
            for (long j = 0; j < n; j++) all_r += r[j], all_y += ys[j], most = fmax(most, fabs(r[j]));
            for (long i = 0; i < n; i++) {
                const Row each = {n, beta * ys[i], 4 * A, h, ys[i], r, s + i * n, next + i * n, sum + i * n, back};
                forward[i] = ROW[stage](each, fabs(each.slope) * most);
            }
            for (long i = 0; i < n; i++) {
                const double kx = (-xs[i] + Rf * (Goff * all_r + span * forward[i]) + bias[i]) / tau;
                const double ky = (-ys[i] + Rf * (Goff * all_y + span * back[i]) * (1 - r[i] * r[i]) + force[i]) / tau;
                dx[i] += weight[stage] * kx, dy[i] += weight[stage] * ky;
                xs[i] = x[i] + to[stage] * kx, ys[i] = y[i] + to[stage] * ky;
            }
        }
        for (long i = 0; i < n; i++) x[i] += dx[i], y[i] += dy[i];
    }
}
