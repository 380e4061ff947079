/* From the names that a user writes to places in arrays, and back. */
#ifndef MC_NAMES_H
#define MC_NAMES_H

#include "model.h"

static int64_t mc_find_quantity(const mc_system *system, const char *name) {
    for (int64_t k = 0; k < system->n_quantities; k++) {
        if (strcmp(system->quantities[k].name, name) == 0) {
            return k;
        }
    }
    return -1;
}

/* Values that a user gives or gets: one, or one per member. */
static int64_t mc_length(const mc_quantity *of) {
    return of->shared ? 1 : of->by_copy ? of->members * of->copies : of->members;
}

/* Writes one value, one per member, or one per member of every copy; 0 where the number of values does not fit. */
static int mc_put(const mc_quantity *of, double *array, const double *values, int64_t count) {
    int64_t all = of->places.count;
    if (count != 1 && (of->shared || (count != of->members && count != mc_length(of)))) {
        return 0;
    }
    for (int64_t k = 0; k < all; k++) {
        array[mc_place(&of->places, k)] = values[k % count];
    }
    return 1;
}

static void mc_get(const mc_quantity *of, const double *array, double *values) {
    int64_t count = mc_length(of);
    for (int64_t k = 0; k < count; k++) {
        values[k] = array[mc_place(&of->places, k)];
    }
}

/* The sum of what stands at places k, k + 1, ... in the order in which numpy adds an array: pairwise from 8 parts on, blocks of 128. */
static double mc_sum(const mc_quantity *of, const double *array, int64_t first, int64_t count) {
    if (count < 8) {
        double sum = 0.0;
        for (int64_t k = 0; k < count; k++) {
            sum += array[mc_place(&of->places, first + k)];
        }
        return sum;
    }
    if (count <= 128) {
        double parts[8];
        int64_t k;
        for (k = 0; k < 8; k++) {
            parts[k] = array[mc_place(&of->places, first + k)];
        }
        for (; k < count - count % 8; k++) {
            parts[k % 8] += array[mc_place(&of->places, first + k)];
        }
        double sum = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
        for (; k < count; k++) {
            sum += array[mc_place(&of->places, first + k)];
        }
        return sum;
    }
    int64_t half = count / 2;
    half -= half % 8;
    return mc_sum(of, array, first, half) + mc_sum(of, array, first + half, count - half);
}

/* A quantity's share of a gradient: where one value stands at several places, their sum. */
static void mc_get_derivative(const mc_quantity *of, const double *array, double *values) {
    if (of->shared) {
        values[0] = mc_sum(of, array, 0, of->places.count);
    } else {
        mc_get(of, array, values);
    }
}

/* A place of the user's array from indices as the model counts them; -1 outside. */
static int64_t mc_position(int dims, const int64_t *shape, const int64_t *origin, const int64_t *indices, int given) {
    int64_t place = 0;
    if (given != dims) {
        return -1;
    }
    for (int k = 0; k < dims; k++) {
        int64_t inside = indices[k] - origin[k];
        if (inside < 0 || inside >= shape[k]) {
            return -1;
        }
        place = place * shape[k] + inside;
    }
    return place;
}

/* The name of one member: "W[3, 4].w of copy 2". */
static void mc_member_name(const mc_quantity *of, int64_t k, char *text, size_t room) {
    int64_t member = of->shared ? 0 : k % of->members, copy = of->shared ? 0 : k / of->members, block = of->members;
    const char *dot = strchr(of->name, '.');
    int owner = dot ? (int)(dot - of->name) : (int)strlen(of->name);
    size_t used = (size_t)snprintf(text, room, "%.*s", owner, of->name);
    for (int axis = 0; axis < of->dims && used < room; axis++) {
        block /= of->shape[axis];
        used += (size_t)snprintf(text + used, room - used, "%s%lld", axis ? ", " : "[", (long long)(member / block + of->origin[axis]));
        member %= block;
    }
    if (used < room) {
        used += (size_t)snprintf(text + used, room - used, "%s%s", of->dims ? "]" : "", dot ? dot : "");
    }
    if (of->copies > 1 && used < room) {
        used += (size_t)snprintf(text + used, room - used, " of copy %lld", (long long)copy);
    }
    if (used < room) {
        snprintf(text + used, room - used, "%s", of->suffix);
    }
}

/* The name of what stands at a place: of an unknown, or of an event. */
static void mc_name_of(int64_t count, const mc_quantity *of, int kind, int64_t place, char *text, size_t room) {
    for (int64_t q = 0; q < count; q++) {
        for (int64_t k = 0; of[q].kind == kind && k < of[q].places.count; k++) {
            if (mc_place(&of[q].places, k) == place) {
                mc_member_name(&of[q], k, text, room);
                return;
            }
        }
    }
    snprintf(text, room, "%s %lld", kind == MC_EVENT ? "event" : "unknown", (long long)place);
}

/* A signal by its name, "M.w", or a member of one, "W[3, 4].w"; 0 where there is none, -1 where the indices lie outside. */
static int mc_find_signal(const mc_model *model, const char *name, mc_saved *found) {
    const char *open = strchr(name, '['), *close = strchr(name, ']');
    int64_t indices[8];
    int given = 0;
    size_t before = open ? (size_t)(open - name) : strlen(name);
    if (open != NULL) {
        const char *at = open + 1;
        if (close == NULL || close < open) {
            return 0;
        }
        while (at < close && given < 8) {
            char *end;
            indices[given++] = strtoll(at, &end, 10);
            if (end == at) {
                return 0;
            }
            while (*end == ' ') {
                end++;
            }
            if (end != close && *end != ',') {
                return 0;
            }
            at = end + 1;
        }
    }
    const char *rest = open ? close + 1 : name + before;
    for (int64_t k = 0; k < model->n_signals; k++) {
        const mc_signal *each = &model->signals[k];
        if (strncmp(each->name, name, before) == 0 && strcmp(each->name + before, rest) == 0) {
            found->signal = k;
            found->member = open ? mc_position(each->dims, each->shape, each->origin, indices, given) : -1;
            return open && found->member < 0 ? -1 : 1;
        }
    }
    return 0;
}

/* The values of a signal in a row: all copies of all members, or of one. */
static int64_t mc_signal_length(const mc_model *model, const mc_saved *of) {
    const mc_signal *signal = &model->signals[of->signal];
    return of->member < 0 ? signal->copies * signal->members : signal->copies;
}

/* Gives every observable that the signals need its columns; the result is how many there are in all. */
static int64_t mc_columns(const mc_model *model, int64_t count, const mc_saved *saved, int64_t *want, int64_t observables) {
    int64_t width = 0;
    for (int64_t k = 0; k < observables; k++) {
        want[k] = -1;
    }
    for (int64_t k = 0; k < count; k++) {
        const mc_signal *signal = &model->signals[saved[k].signal];
        for (int part = 0; part < signal->n_parts; part++) {
            const mc_part *each = &signal->parts[part];
            if (want[each->observable] < 0) {
                want[each->observable] = width;
                width += each->width;
            }
        }
    }
    return width;
}

/* The column of every value of a signal; -1 for members that are not there. */
static void mc_resolve(const mc_model *model, const mc_saved *of, const int64_t *want, int64_t *columns) {
    const mc_signal *signal = &model->signals[of->signal];
    for (int part = 0; part < signal->n_parts; part++) {
        const mc_part *each = &signal->parts[part];
        for (int64_t k = 0; k < each->positions.count; k++) {
            int64_t position = mc_place(&each->positions, k), column = want[each->observable] + mc_place(&each->offsets, k);
            if (of->member < 0) {
                columns[position] = column;
            } else if (position % signal->members == of->member) {
                columns[position / signal->members] = column;
            }
        }
    }
    for (int64_t k = 0; k < signal->inert.count; k++) {
        int64_t position = mc_place(&signal->inert, k);
        if (of->member < 0 || position == of->member) {
            columns[of->member < 0 ? position : 0] = -1;
        }
    }
}

/* The values of a signal from a row; members that are not there are NaN. */
static void mc_gather(const int64_t *columns, int64_t count, const double *row, double *values) {
    for (int64_t k = 0; k < count; k++) {
        values[k] = columns[k] < 0 ? NAN : row[columns[k]];
    }
}

#endif
