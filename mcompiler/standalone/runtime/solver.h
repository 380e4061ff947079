/* What a user of the library sees: the functions that the public header describes. `MC_PREFIX` is the model's name, and so the name of its type. */
#ifndef MC_SOLVER_H
#define MC_SOLVER_H

#include "cpu.h"
#include "reverse.h"

#define MC_JOIN_(a, b) a##_##b
#define MC_JOIN(a, b) MC_JOIN_(a, b)
#define MC(name) MC_JOIN(MC_PREFIX, name)
#define MC_SELF MC_PREFIX

enum { MC_SPAN_OF_MODEL = 0, MC_SPAN_GIVEN = 1, MC_SPAN_STEADY = 2 };
enum { MC_TIMES_OF_MODEL = 0, MC_TIMES_GIVEN = 1, MC_TIMES_EVERY_STEP = 2 };

/* The values of one of the model's systems. */
typedef struct {
    const mc_system *system;
    double *p, *given, *y0;
} mc_values;

struct MC_PREFIX {
    const mc_model *model;
    mc_values forward, with_loss;
    mc_run run;         /* the last one */
    int is_changed;     /* values have been set: bounds are checked before a run */
    int is_stepping;
    int has_gradient;
    const mc_method *method; /* null: chosen by the tolerance */
    mc_options options;
    int span, times;
    double t0, t1;
    mc_block given_times, saved, names, columns;
    int64_t n_given_times, n_saved; /* n_saved is -1 for what the experiment saves */
    mc_column *data;
    double loss;
    char *base;
    size_t at;
    char text[512];
};

/* Keeps a message for `detail`; the result is the code. */
static int mc_fail(MC_SELF *self, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->text, sizeof self->text, format, arguments);
    va_end(arguments);
    return code;
}

static int mc_nowhere(MC_SELF *self) {
    return mc_fail(self, MC_WRONG_VALUE, "there is no place for the values: the pointer is null");
}

static const mc_saved *mc_saved_signals(const MC_SELF *self) {
    return self->n_saved < 0 ? self->model->saved : self->saved.values;
}

static int64_t mc_saved_count(const MC_SELF *self) {
    return self->n_saved < 0 ? self->model->n_saved : self->n_saved;
}

/* The parts of the workspace; without a base only the size is counted. Both systems share the arrays of a run. */
static size_t mc_divide(const mc_model *model, char *base, MC_SELF *self) {
    size_t used = (sizeof(MC_SELF) + 63) / 64 * 64;
    const mc_system *systems[2] = {model->forward, model->with_loss};
    mc_values values[2];
    for (int k = 0; k < 2 && systems[k] != NULL; k++) {
        values[k].system = systems[k];
        values[k].p = mc_take(base, &used, systems[k]->z[MC_N_PARAMETERS]);
        values[k].given = mc_take(base, &used, systems[k]->z[MC_N_UNKNOWNS]);
        values[k].y0 = mc_take(base, &used, systems[k]->z[MC_N_UNKNOWNS]);
    }
    mc_column *data = mc_take(base, &used, model->n_columns * (int64_t)(sizeof(mc_column) / 8));
    size_t at = used, most = used;
    for (int k = 0; k < 2 && systems[k] != NULL; k++) {
        mc_arrays arrays;
        size_t own = at;
        mc_lay_out(model, systems[k], k == 1, NULL, &own, &arrays);
        most = own > most ? own : most;
    }
    if (self != NULL) {
        self->forward = values[0];
        if (model->with_loss != NULL) {
            self->with_loss = values[1];
        }
        self->data = data;
        self->base = base;
        self->at = at;
    }
    return most;
}

/* The rows of the last run are read by what was saved then: they end where that changes. */
static void mc_forget_rows(MC_SELF *self) {
    if (self->run.system != NULL) {
        self->run.a.iws[MC_OUT_N] = 0;
    }
}

const char *MC(message)(int code) {
    for (size_t k = 0; k < sizeof mc_codes / sizeof *mc_codes; k++) {
        if (mc_codes[k].code == code) {
            return mc_codes[k].message;
        }
    }
    return "there is no such code";
}

const char *MC(detail)(const MC_SELF *self) {
    return self == NULL ? "" : self->text; /* null after a `create` that failed */
}

size_t MC(bytes)(void) {
    return mc_divide(&mc_the_model, NULL, NULL) + 64;
}

int MC(reset)(MC_SELF *self) {
    const mc_model *model = self->model;
    mc_values *values[2] = {&self->forward, &self->with_loss};
    for (int k = 0; k < (model->with_loss ? 2 : 1); k++) {
        const mc_system *system = values[k]->system;
        mc_copy(values[k]->p, system->p, system->z[MC_N_PARAMETERS]);
        mc_copy(values[k]->given, system->given, system->z[MC_N_UNKNOWNS]);
    }
    if (model->n_columns) {
        memcpy(self->data, model->columns, (size_t)model->n_columns * sizeof *self->data);
    }
    self->method = NULL;
    for (int64_t k = 0; k < model->n_methods; k++) {
        if (strcmp(model->methods[k].name, model->method) == 0) {
            self->method = &model->methods[k];
        }
    }
    self->options = model->options;
    self->span = MC_SPAN_OF_MODEL;
    self->times = MC_TIMES_OF_MODEL;
    self->n_saved = -1;
    mc_forget_rows(self);
    self->is_changed = self->is_stepping = self->has_gradient = 0;
    self->text[0] = 0;
    return MC_OK;
}

int MC(create)(void *memory, size_t bytes, mc_resize resize, void *context, MC_SELF **made) {
    const mc_model *model = &mc_the_model;
    if (made != NULL) {
        *made = NULL;
    }
    if (memory == NULL || made == NULL || bytes < MC(bytes)()) {
        return MC_NO_MEMORY;
    }
    if (mc_missing_feature(model) != NULL) {
        return MC_WRONG_CPU;
    }
    char *base = (char *)(((uintptr_t)memory + 63) / 64 * 64);
    MC_SELF *self = (MC_SELF *)base;
    memset(self, 0, sizeof *self);
    self->model = model;
    mc_divide(model, base, self);
    self->run.model = model;
    self->run.memory.resize = resize ? resize : mc_heap;
    self->run.memory.context = context;
    *made = self;
    return MC(reset)(self);
}

void MC(destroy)(MC_SELF *self) {
    if (self == NULL) {
        return;
    }
    mc_release_all(&self->run);
    mc_release(&self->run.memory, &self->given_times);
    mc_release(&self->run.memory, &self->saved);
    mc_release(&self->run.memory, &self->names);
    mc_release(&self->run.memory, &self->columns);
}

const char *MC(missing_feature)(void) {
    return mc_missing_feature(&mc_the_model);
}

/* --- names */

int64_t MC(quantities)(void) {
    return mc_the_model.forward->n_quantities;
}

int64_t MC(signals)(void) {
    return mc_the_model.n_signals;
}

int64_t MC(find)(const char *name) {
    return name == NULL ? -1 : mc_find_quantity(mc_the_model.forward, name);
}

static int mc_describe_quantity(const mc_quantity *of, MC(info) *info) {
    info->name = of->name;
    info->unit = of->unit;
    info->kind = of->kind;
    info->dims = of->shared ? 0 : of->dims;
    info->shape = of->shape;
    info->copies = of->by_copy && !of->shared ? of->copies : 1;
    info->length = mc_length(of);
    return MC_OK;
}

int MC(quantity)(int64_t index, MC(info) *info) {
    if (index < 0 || index >= MC(quantities)() || info == NULL) {
        return MC_UNKNOWN_NAME;
    }
    return mc_describe_quantity(&mc_the_model.forward->quantities[index], info);
}

static int mc_describe_signal(const mc_model *model, const mc_saved *of, MC(info) *info) {
    const mc_signal *signal = &model->signals[of->signal];
    info->name = of->member < 0 ? signal->name : of->name;
    info->unit = signal->unit;
    info->kind = signal->is_unknown ? MC_SIGNAL_UNKNOWN : MC_SIGNAL_OTHER;
    info->dims = of->member < 0 ? signal->dims : 0;
    info->shape = signal->shape;
    info->copies = signal->copies;
    info->length = mc_signal_length(model, of);
    return MC_OK;
}

int MC(signal)(int64_t index, MC(info) *info) {
    mc_saved whole = {index, -1, NULL};
    if (index < 0 || index >= mc_the_model.n_signals || info == NULL) {
        return MC_UNKNOWN_NAME;
    }
    return mc_describe_signal(&mc_the_model, &whole, info);
}

/* --- values */

static int mc_check_values(MC_SELF *self, const mc_quantity *of, const double *values, int64_t count) {
    for (int64_t k = 0; k < count; k++) {
        if (of->kind == MC_PARAMETER && values[k] != values[k]) {
            return mc_fail(self, MC_WRONG_VALUE, "the value of %s is not a number", of->name);
        }
        if (of->kind == MC_INITIAL && !isfinite(values[k]) && (count == 1 || !mc_holds(&of->inert, k))) {
            return mc_fail(self, MC_WRONG_VALUE, "the initial value of %s is not finite", of->name);
        }
    }
    return MC_OK;
}

int MC(set_at)(MC_SELF *self, int64_t index, const double *values, int64_t count) {
    if (index < 0 || index >= MC(quantities)()) {
        return mc_fail(self, MC_UNKNOWN_NAME, "there is no quantity number %lld", (long long)index);
    }
    const mc_quantity *own = &self->forward.system->quantities[index];
    if (values == NULL || count < 1) {
        return mc_fail(self, MC_WRONG_VALUE, "%s needs values", own->name);
    }
    int wrong = mc_check_values(self, own, values, count);
    if (wrong) {
        return wrong;
    }
    double *array = own->kind == MC_PARAMETER ? self->forward.p : self->forward.given;
    if (!mc_put(own, array, values, count)) {
        return mc_fail(self, MC_WRONG_VALUE, "%s needs one number or %lld, not %lld", own->name, (long long)mc_length(own), (long long)count);
    }
    if (self->model->with_loss != NULL) {
        const mc_quantity *other = &self->with_loss.system->quantities[index];
        mc_put(other, other->kind == MC_PARAMETER ? self->with_loss.p : self->with_loss.given, values, count);
    }
    self->is_changed = 1;
    self->has_gradient = 0;
    if (self->is_stepping && own->kind == MC_PARAMETER) {
        mc_arrays *a = &self->run.a; /* the first stage of the next step, and the corners of sources, are others now */
        a->iws[MC_FIRST] = 0;
        a->ws[MC_NEXT_BREAK] = self->forward.system->functions.breakpoint(a->ws[MC_T], a->p, a->z, a->w);
    }
    return MC_OK;
}

static int mc_unknown(MC_SELF *self, const char *name) {
    const mc_model *model = self->model;
    for (int64_t k = 0; k < model->n_refused && name != NULL; k++) {
        if (strcmp(model->refused[k].name, name) == 0) {
            return mc_fail(self, MC_UNKNOWN_NAME, "%s", model->refused[k].message);
        }
    }
    return mc_fail(self, MC_UNKNOWN_NAME, "the model has no parameter or state '%s'", name ? name : "");
}

int MC(set)(MC_SELF *self, const char *name, const double *values, int64_t count) {
    int64_t index = MC(find)(name);
    return index < 0 ? mc_unknown(self, name) : MC(set_at)(self, index, values, count);
}

/* The state at the start: the numbers that are given, and the model's own expressions elsewhere. */
static void mc_initial_state(MC_SELF *self, mc_values *of) {
    const mc_system *system = of->system;
    int64_t n = system->z[MC_N_UNKNOWNS];
    size_t used = self->at;
    mc_arrays arrays;
    mc_lay_out(self->model, system, of == &self->with_loss, self->base, &used, &arrays);
    mc_zero(arrays.w, system->z[MC_N_SCRATCH]);
    mc_zero(of->y0, n);
    system->functions.initial(of->p, (int64_t *)system->z, arrays.w, of->y0);
    for (int64_t k = 0; k < n; k++) {
        of->y0[k] = of->given[k] == of->given[k] ? of->given[k] : of->y0[k];
    }
}

int MC(get)(MC_SELF *self, int64_t index, double *values) {
    if (index < 0 || index >= MC(quantities)()) {
        return mc_fail(self, MC_UNKNOWN_NAME, "there is no quantity number %lld", (long long)index);
    }
    if (values == NULL) {
        return mc_nowhere(self);
    }
    const mc_quantity *own = &self->forward.system->quantities[index];
    if (own->kind == MC_INITIAL) {
        mc_initial_state(self, &self->forward);
    }
    mc_get(own, own->kind == MC_PARAMETER ? self->forward.p : self->forward.y0, values);
    return MC_OK;
}

/* --- how it is run */

int MC(set_method)(MC_SELF *self, const char *name) {
    const mc_model *model = self->model;
    if (name != NULL && strcmp(name, "auto") == 0) {
        self->method = NULL;
        return MC_OK;
    }
    for (int64_t k = 0; k < model->n_methods && name != NULL; k++) {
        if (strcmp(model->methods[k].name, name) == 0) {
            self->method = &model->methods[k];
            return MC_OK;
        }
    }
    return mc_fail(self, MC_WRONG_VALUE, "no method '%s'; there are auto, euler, heun, rk4, bs3, tsit5 and dop853", name ? name : "");
}

int MC(set_option)(MC_SELF *self, int option, double value) {
    double *places[] = {&self->options.rtol,      &self->options.atol,       &self->options.step,        &self->options.max_step,
                        &self->options.max_steps, &self->options.steady_tol, &self->options.memory_limit, &self->options.threads};
    if (option < 0 || option >= (int)(sizeof places / sizeof *places)) {
        return mc_fail(self, MC_WRONG_VALUE, "there is no option %d", option);
    }
    *places[option] = value;
    return MC_OK;
}

int MC(set_span)(MC_SELF *self, double t0, double t1) {
    if (!(isfinite(t0) && isfinite(t1) && t0 < t1)) {
        return mc_fail(self, MC_WRONG_VALUE, "a run needs a finite start before a finite end, not %g to %g s", t0, t1);
    }
    self->span = MC_SPAN_GIVEN;
    self->t0 = t0;
    self->t1 = t1;
    return MC_OK;
}

int MC(set_steady_within)(MC_SELF *self, double seconds) {
    if (!(isfinite(seconds) && seconds > 0.0)) {
        return mc_fail(self, MC_WRONG_VALUE, "a run until steady needs a positive time, not %g s", seconds);
    }
    self->span = MC_SPAN_STEADY;
    self->t0 = 0.0;
    self->t1 = seconds;
    return MC_OK;
}

int MC(set_times)(MC_SELF *self, const double *times, int64_t count) {
    if (times == NULL) {
        self->times = count < 0 ? MC_TIMES_EVERY_STEP : MC_TIMES_OF_MODEL;
        return MC_OK;
    }
    for (int64_t k = 0; k < count; k++) {
        if (!isfinite(times[k]) || (k && times[k] < times[k - 1])) {
            return mc_fail(self, MC_WRONG_VALUE, "the times to save must be ascending times in seconds");
        }
    }
    if (!mc_reserve(&self->run.memory, &self->given_times, mc_most(count, 1))) {
        return MC_NO_MEMORY;
    }
    if (count > 0) {
        mc_copy(self->given_times.values, times, count);
    }
    self->n_given_times = mc_most(count, 0);
    self->times = MC_TIMES_GIVEN;
    return MC_OK;
}

int MC(set_signals)(MC_SELF *self, const char *const *names, int64_t count) {
    mc_forget_rows(self);
    if (names == NULL) {
        self->n_saved = -1;
        return MC_OK;
    }
    int64_t letters = 0, words = (int64_t)(sizeof(mc_saved) / 8);
    for (int64_t k = 0; k < count; k++) {
        letters += names[k] == NULL ? 1 : (int64_t)strlen(names[k]) + 1;
    }
    if (!mc_reserve(&self->run.memory, &self->saved, words * mc_most(count, 1)) || !mc_reserve(&self->run.memory, &self->names, letters / 8 + 1)) {
        return MC_NO_MEMORY;
    }
    self->n_saved = -1;
    char *text = self->names.values;
    for (int64_t k = 0; k < count; k++) {
        mc_saved *each = (mc_saved *)self->saved.values + k;
        int found = names[k] == NULL ? 0 : mc_find_signal(self->model, names[k], each);
        if (found <= 0) {
            const char *why = found < 0 ? "%s lies outside the array" : "the model has no signal '%s'";
            return mc_fail(self, MC_UNKNOWN_NAME, why, names[k] ? names[k] : "");
        }
        each->name = strcpy(text, names[k]);
        text += strlen(names[k]) + 1;
    }
    self->n_saved = mc_most(count, 0);
    return MC_OK;
}

int MC(set_data)(MC_SELF *self, const char *column, const double *values, int64_t count) {
    for (int64_t k = 0; k < self->model->n_columns && column != NULL; k++) {
        if (strcmp(self->data[k].name, column) == 0) {
            if (values == NULL || count < 1) {
                return mc_fail(self, MC_WRONG_VALUE, "%s needs values", column);
            }
            for (int64_t j = 0; j < count; j++) {
                if (!isfinite(values[j])) {
                    return mc_fail(self, MC_WRONG_VALUE, "%s holds a value that is not a number, at place %lld", column, (long long)j);
                }
            }
            self->data[k].values = values;
            self->data[k].count = count;
            return MC_OK;
        }
    }
    return mc_fail(self, MC_UNKNOWN_NAME, "the loss reads no data '%s'", column ? column : "");
}

void MC(set_progress)(MC_SELF *self, mc_progress progress, void *context) {
    self->run.progress = progress;
    self->run.context = context;
}

/* --- one run */

static int mc_check_options(MC_SELF *self) {
    const mc_options *own = &self->options;
    double absolute = own->atol != 0.0 ? own->atol : own->rtol;
    if (!(own->rtol > 0.0) || !(absolute > 0.0) || !(own->max_step > 0.0)) {
        return mc_fail(self, MC_WRONG_VALUE, "rtol, atol and max_step must be positive, not %g, %g and %g", own->rtol, own->atol, own->max_step);
    }
    if (own->rtol < 1e-15 || !isfinite(own->rtol) || !isfinite(absolute)) {
        return mc_fail(self, MC_WRONG_VALUE, "rtol = %g is below the precision of double numbers, or no number; use 1e-14 or more", own->rtol);
    }
    if (!(own->step >= 0.0) || !isfinite(own->step)) {
        return mc_fail(self, MC_WRONG_VALUE, "step must be a positive number of seconds, not %g", own->step);
    }
    if (!(own->steady_tol >= 0.0) || !isfinite(own->steady_tol) || !(own->max_steps >= 0.0) || !(own->memory_limit >= 0.0)) {
        return mc_fail(self, MC_WRONG_VALUE, "steady_tol, max_steps and memory_limit must not be negative");
    }
    if (!(own->threads >= 1.0 && own->threads <= MC_MOST_THREADS) || own->threads != floor(own->threads)) {
        return mc_fail(self, MC_WRONG_VALUE, "threads must be a whole number from 1 to %d, not %g", MC_MOST_THREADS, own->threads);
    }
    if (self->run.method->mi[MC_MI_ERROR_KIND] == 0 && own->step == 0.0) {
        return mc_fail(self, MC_WRONG_VALUE, "%s takes steps of one size: set the option step, in seconds", self->run.method->name);
    }
    return MC_OK;
}

/* The method, the state at the start within its bounds, and the options: what every run begins with. */
static int mc_ready(MC_SELF *self, mc_values *of, mc_start *start) {
    const mc_system *system = of->system;
    const mc_options *own = &self->options;
    mc_run *run = &self->run;
    const char *chosen = self->model->is_smooth && own->rtol <= 1e-8 ? "dop853" : "tsit5";
    int64_t n = system->z[MC_N_UNKNOWNS];
    size_t used = self->at;
    run->method = self->method;
    for (int64_t k = 0; k < self->model->n_methods && run->method == NULL; k++) {
        run->method = strcmp(self->model->methods[k].name, chosen) == 0 ? &self->model->methods[k] : NULL;
    }
    int wrong = mc_check_options(self);
    if (wrong) {
        return wrong;
    }
    self->is_stepping = self->has_gradient = 0;
    self->text[0] = 0;
    run->system = system;
    run->memory_limit = own->memory_limit;
    run->threads = (int)own->threads;
    run->max_steps = own->max_steps < 4e18 ? (int64_t)own->max_steps : INT64_MAX / 2;
    mc_initial_state(self, of);
    mc_lay_out(self->model, system, of == &self->with_loss, self->base, &used, &run->a);
    mc_zero(run->a.ws, MC_WS_SIZE); /* from here on there are no results until the run begins */
    mc_zero(run->a.iws, MC_IWS_SIZE);
    run->a.p = of->p;
    run->a.z = (int64_t *)system->z;
    mc_copy(run->a.y, of->y0, n);
    if (self->is_changed && n) {
        mc_zero(run->a.w, system->z[MC_N_SCRATCH]);
        mc_copy(run->a.v, of->y0, n);
        if (system->functions.project(run->a.v, run->a.p, run->a.z, run->a.w)) {
            char name[256];
            int64_t k = 0;
            while (k + 1 < n && run->a.v[k] == run->a.y[k]) {
                k++;
            }
            mc_name_of(system->n_quantities, system->quantities, MC_INITIAL, k, name, sizeof name);
            return mc_fail(self, MC_OUTSIDE_BOUNDS, "%s would begin at %g, outside its bounds: the nearest value inside is %g", name, run->a.y[k],
                           run->a.v[k]);
        }
    }
    memset(start, 0, sizeof *start);
    start->rtol = own->rtol;
    start->atol = own->atol != 0.0 ? own->atol : own->rtol;
    start->step = own->step;
    start->max_step = own->max_step;
    start->steady_tol = own->steady_tol != 0.0 ? own->steady_tol / own->rtol : 100.0;
    start->not_before = -INFINITY;
    start->n_stops = 1;
    return MC_OK;
}

static int mc_value_of(MC_SELF *self, const mc_values *of, int formula, double *value) {
    const char *wrong;
    *value = mc_formula_value(self->model, of->system, of->p, formula, &wrong);
    return wrong == NULL ? MC_OK : mc_fail(self, MC_WRONG_VALUE, "%s", wrong);
}

static int mc_span(MC_SELF *self, const mc_values *of, mc_start *start) {
    start->t0 = self->t0;
    start->t1 = self->t1;
    start->until_steady = self->span == MC_SPAN_STEADY;
    if (self->span != MC_SPAN_OF_MODEL) {
        return MC_OK;
    }
    if (self->model->end < 0) {
        return mc_fail(self, MC_WRONG_VALUE, "the model does not say how long to run: set the span");
    }
    start->t0 = 0.0;
    start->until_steady = self->model->is_steady;
    int wrong = mc_value_of(self, of, self->model->end, &start->t1);
    if (!wrong && !(isfinite(start->t1) && start->t1 > 0.0)) {
        return mc_fail(self, MC_WRONG_VALUE, "a run needs a finite start before a finite end, not 0 to %g s", start->t1);
    }
    return wrong;
}

/* The times of all `save every` statements together. */
static int mc_grid(MC_SELF *self, const mc_values *of, mc_start *start) {
    mc_run *run = &self->run;
    int64_t count = 0;
    double room = run->memory_limit / 8.0 + 2.0;
    for (int64_t k = 0; k < self->model->n_every; k++) {
        double every, span = start->t1 - start->t0;
        int wrong = mc_value_of(self, of, self->model->every[k], &every);
        if (wrong) {
            return wrong;
        }
        if (!(every > 0.0)) {
            return mc_fail(self, MC_WRONG_VALUE, "values cannot be saved every %g s", every);
        }
        double last = floor(span / every * (1 + 1e-12));
        if (!(last < room && last < 4e18)) {
            return mc_fail(self, MC_WRONG_VALUE, "there are more times to save than memory_limit allows");
        }
        int64_t more = (int64_t)last + 1;
        if (!mc_reserve(&run->memory, &run->save, count + more)) {
            return MC_NO_MEMORY;
        }
        double *times = (double *)run->save.values + count;
        for (int64_t j = 0; j < more; j++) {
            double t = start->t0 + every * (double)j;
            times[j] = t < start->t1 ? t : start->t1;
        }
        count += more;
    }
    start->n_save = self->model->n_every < 2 ? count : mc_unique(run->save.values, count);
    return MC_OK;
}

static int mc_save_times(MC_SELF *self, const mc_values *of, mc_start *start) {
    mc_run *run = &self->run;
    if (self->times == MC_TIMES_EVERY_STEP || (self->times == MC_TIMES_OF_MODEL && self->model->n_every == 0)) {
        start->n_save = -1;
        return MC_OK;
    }
    if (self->times == MC_TIMES_OF_MODEL) {
        return mc_grid(self, of, start);
    }
    const double *times = self->given_times.values;
    int64_t count = self->n_given_times;
    if (count && !(start->t0 <= times[0] && times[count - 1] <= start->t1)) {
        return mc_fail(self, MC_WRONG_VALUE, "the times to save reach from %g to %g s, outside the run from %g to %g s", times[0], times[count - 1],
                       start->t0, start->t1);
    }
    if (!mc_reserve(&run->memory, &run->save, mc_most(count, 1))) {
        return MC_NO_MEMORY;
    }
    mc_copy(run->save.values, times, count);
    start->n_save = count;
    return MC_OK;
}

/* The unknown whose rate is not finite, else the one that changes fastest against its size. */
static int64_t mc_worst(mc_run *run) {
    mc_arrays *a = &run->a;
    int64_t n = mc_unknowns(run), worst = 0;
    double most = -1.0, nothing = 0.0;
    mc_zero(a->w, run->system->z[MC_N_SCRATCH]);
    for (int64_t k = 0; k < n; k++) {
        a->s[k] = 1.0;
    }
    run->system->functions.sweep(0, a->ws[MC_T], 0.0, &nothing, 0, a->y, a->K, a->p, a->z, a->w);
    run->system->functions.scale(a->p, a->z, a->w, a->s);
    for (int64_t k = 0; k < n; k++) {
        double speed = fabs(a->K[k]) / (fabs(a->y[k]) + a->s[k]);
        speed = isfinite(speed) ? speed : INFINITY;
        if (speed > most) {
            most = speed;
            worst = k;
        }
    }
    return worst;
}

/* Where a run ended, and what moved, in words; the result is the status. */
static int mc_told(MC_SELF *self, int status) {
    mc_run *run = &self->run;
    const double *ws = run->a.ws;
    char name[256];
    int64_t mover = run->a.iws[MC_MOVER];
    if (status == MC_DONE || status == MC_RUNNING || status == MC_NO_MEMORY) {
        self->text[0] = 0;
        return status;
    }
    mc_fail(self, status, "at t = %.6g s", ws[MC_T]);
    if (status == MC_NOT_STEADY && mover == MC_WATCHED_INPUTS) {
        return mc_fail(self, status, "at t = %.6g s; inputs still change", ws[MC_T]);
    }
    if (status == MC_NOT_STEADY && (mc_unknowns(run) == 0 || ws[MC_MOVED_FOR] == 0.0)) {
        return mc_fail(self, status, "at t = %.6g s; it was too short to tell", ws[MC_T]);
    }
    if (status == MC_NOT_STEADY) {
        mc_name_of(run->system->n_quantities, run->system->quantities, MC_INITIAL, mover, name, sizeof name);
        double distance = ws[MC_MOVED_BY] * (ws[MC_RTOL] != 0.0 ? ws[MC_RTOL] : ws[MC_ATOL]);
        return mc_fail(self, status, "at t = %.6g s; %s moved by %.2g of its size within %.3g s before t = %.6g s", ws[MC_T], name, distance,
                       ws[MC_MOVED_FOR], ws[MC_REFERENCE_T]);
    }
    if ((status == MC_STEP_TOO_SMALL || status == MC_NOT_FINITE) && mc_unknowns(run)) {
        mc_name_of(run->system->n_quantities, run->system->quantities, MC_INITIAL, mc_worst(run), name, sizeof name);
        return mc_fail(self, status, "at t = %.6g s; %s changes fastest", ws[MC_T], name);
    }
    return status;
}

/* Prepares rows: which observables, how wide a row is. */
static int mc_want(MC_SELF *self, mc_start *start) {
    mc_run *run = &self->run;
    if (mc_saved_count(self) < 0) {
        return mc_fail(self, MC_WRONG_VALUE, "this model is large: name the signals to save");
    }
    start->columns = mc_columns(self->model, mc_saved_count(self), mc_saved_signals(self), run->a.want, run->system->z[MC_N_OBSERVABLES]);
    if (start->n_save > mc_most_rows(run, start->columns)) {
        return mc_fail(self, MC_WRONG_VALUE, "%lld times of %lld saved values need more bytes than memory_limit allows: save less, or less often, or raise it",
                       (long long)start->n_save, (long long)start->columns);
    }
    return MC_OK;
}

int MC(run)(MC_SELF *self) {
    mc_run *run = &self->run;
    mc_start start;
    int wrong = mc_ready(self, &self->forward, &start);
    wrong = wrong ? wrong : mc_span(self, &self->forward, &start);
    wrong = wrong ? wrong : mc_save_times(self, &self->forward, &start);
    wrong = wrong ? wrong : mc_want(self, &start);
    if (wrong) {
        return wrong;
    }
    run->a.stops[0] = start.t1;
    if (!mc_prepare(run, &start)) {
        return MC_NO_MEMORY;
    }
    int status = mc_drive_together(run);
    if ((status == MC_STEADY_REACHED || status == MC_NOT_STEADY) && !mc_last_row(run)) {
        return MC_NO_MEMORY;
    }
    return mc_told(self, status);
}

/* --- what a run gave */

int64_t MC(rows)(const MC_SELF *self) {
    return self->run.system == NULL ? 0 : self->run.a.iws[MC_OUT_N];
}

const double *MC(times)(const MC_SELF *self) {
    return self->run.out_t.values;
}

int64_t MC(saved)(const MC_SELF *self) {
    return mc_saved_count(self);
}

int MC(saved_signal)(const MC_SELF *self, int64_t index, MC(info) *info) {
    if (index < 0 || index >= mc_saved_count(self) || info == NULL) {
        return MC_UNKNOWN_NAME;
    }
    return mc_describe_signal(self->model, mc_saved_signals(self) + index, info);
}

int MC(values)(MC_SELF *self, int64_t index, double *values) {
    mc_run *run = &self->run;
    if (index < 0 || index >= mc_saved_count(self)) {
        return mc_fail(self, MC_UNKNOWN_NAME, "no signal number %lld is saved", (long long)index);
    }
    if (run->system == NULL) {
        return mc_fail(self, MC_NOT_STARTED_YET, "run first");
    }
    if (values == NULL) {
        return mc_nowhere(self);
    }
    const mc_saved *of = mc_saved_signals(self) + index;
    int64_t length = mc_signal_length(self->model, of), rows = run->a.iws[MC_OUT_N], columns = run->a.iws[MC_COLUMNS];
    if (!mc_reserve(&run->memory, &self->columns, mc_most(1, length))) {
        return MC_NO_MEMORY;
    }
    mc_resolve(self->model, of, run->a.want, self->columns.values);
    for (int64_t k = 0; k < rows; k++) {
        mc_gather(self->columns.values, length, run->a.out + k * columns, values + k * length);
    }
    return MC_OK;
}

void MC(statistics)(const MC_SELF *self, MC(counts) *counts) {
    const mc_arrays *a = &self->run.a;
    if (counts == NULL) {
        return;
    }
    memset(counts, 0, sizeof *counts);
    if (self->run.system != NULL) {
        counts->t = a->ws[MC_T];
        counts->steps = a->iws[MC_STEPS];
        counts->rejected = a->iws[MC_REJECTIONS];
        counts->evaluations = a->iws[MC_EVALUATIONS];
        counts->events = a->iws[MC_EVENT_N];
    }
}

int MC(event)(const MC_SELF *self, int64_t index, double *t, char *name, size_t room) {
    const mc_run *run = &self->run;
    if (run->system == NULL || index < 0 || index >= run->a.iws[MC_EVENT_N] || t == NULL || name == NULL) {
        return MC_UNKNOWN_NAME;
    }
    *t = run->a.ev_t[index];
    mc_name_of(self->model->n_events, self->model->events, MC_EVENT, run->a.ev_n[2 * index], name, room);
    return MC_OK;
}

/* --- step by step */

int MC(start)(MC_SELF *self) {
    mc_run *run = &self->run;
    mc_start start;
    int wrong = mc_ready(self, &self->forward, &start);
    wrong = wrong ? wrong : mc_span(self, &self->forward, &start);
    if (wrong) {
        return wrong;
    }
    run->a.stops[0] = start.t1;
    if (!mc_prepare(run, &start)) {
        return MC_NO_MEMORY;
    }
    self->is_stepping = 1;
    return MC_RUNNING;
}

static int mc_advance_by(MC_SELF *self, int64_t steps) {
    int status = mc_drive(&self->run, steps);
    return mc_told(self, status);
}

int MC(step)(MC_SELF *self, int64_t steps) {
    if (!self->is_stepping || steps < 0) {
        return mc_fail(self, MC_NOT_STARTED_YET, "start first, and take no fewer than 0 steps");
    }
    return mc_advance_by(self, steps);
}

int MC(step_to)(MC_SELF *self, double t) {
    mc_run *run = &self->run;
    if (!self->is_stepping) {
        return mc_fail(self, MC_NOT_STARTED_YET, "start first");
    }
    if (!isfinite(t) || t < run->a.ws[MC_T]) {
        return mc_fail(self, MC_WRONG_VALUE, "%g s lies before the time that is reached, %g s", t, run->a.ws[MC_T]);
    }
    if (t == run->a.ws[MC_T]) {
        return MC_DONE;
    }
    run->a.stops[0] = t;
    run->a.iws[MC_STOP_I] = 0;
    return mc_advance_by(self, INT64_MAX / 4);
}

double MC(time)(const MC_SELF *self) {
    return self->run.system == NULL ? 0.0 : self->run.a.ws[MC_T];
}

int MC(read)(MC_SELF *self, const char *name, double *values, int64_t room) {
    mc_run *run = &self->run;
    mc_saved of;
    if (!self->is_stepping) {
        return mc_fail(self, MC_NOT_STARTED_YET, "start first");
    }
    int found = name == NULL ? 0 : mc_find_signal(self->model, name, &of);
    if (found <= 0) {
        return mc_fail(self, MC_UNKNOWN_NAME, found < 0 ? "%s lies outside the array" : "the model has no signal '%s'", name ? name : "");
    }
    int64_t length = mc_signal_length(self->model, &of), width = 0, *want = run->a.want;
    if (values == NULL) {
        return mc_nowhere(self);
    }
    if (room < length) {
        return mc_fail(self, MC_WRONG_VALUE, "%s has %lld values, and there is room for %lld", name, (long long)length, (long long)room);
    }
    width = mc_columns(self->model, 1, &of, want, run->system->z[MC_N_OBSERVABLES]);
    if (!mc_reserve(&run->memory, &self->columns, length) || !mc_reserve(&run->memory, &run->rows, width)) {
        return MC_NO_MEMORY;
    }
    mc_resolve(self->model, &of, want, self->columns.values);
    run->system->functions.observe(run->a.ws[MC_T], run->a.y, run->a.p, run->a.z, run->a.w, want, run->rows.values, 0);
    mc_gather(self->columns.values, length, run->rows.values, values);
    return MC_OK;
}

/* --- losses and gradients */

/* The instants of one term, from `count` on; checks that they lie within the run. */
static int mc_instants(MC_SELF *self, const mc_start *start, int number, mc_instant *instants, int64_t count, double *data, int64_t *used) {
    const mc_term *term = &self->model->terms[number];
    int64_t many = mc_instants_of(term, self->data);
    for (int64_t k = 0; k < many; k++) {
        mc_instant *each = &instants[count + k];
        int wrong = MC_OK;
        each->weight = term->kind == MC_OVER && k == 0 ? -1.0 : 1.0;
        each->term = number;
        each->order = count + k;
        each->row = *used;
        each->t = start->t1;
        if (term->kind == MC_OVER) {
            wrong = mc_value_of(self, &self->with_loss, k == 0 ? term->start : term->stop, &each->t);
        } else if (term->column >= 0) {
            each->t = self->data[term->column].values[k];
        } else if (term->kind == MC_AT) {
            wrong = mc_value_of(self, &self->with_loss, term->at, &each->t);
        }
        if (wrong) {
            return wrong;
        }
        if (!(start->t0 <= each->t && each->t <= start->t1)) {
            return mc_fail(self, MC_WRONG_VALUE, "the loss at %s is taken at %g s, outside the run from %g s to %g s", term->where, each->t, start->t0,
                           start->t1);
        }
        for (int j = 0; j < term->n_data && term->column >= 0; j++) {
            data[(*used)++] = self->data[term->data[j]].values[k];
        }
    }
    return MC_OK;
}

/* All terms by ascending time, and the stops that they ask for. */
static int mc_schedule(MC_SELF *self, mc_start *start) {
    mc_run *run = &self->run;
    const mc_model *model = self->model;
    int64_t count = 0, values = 0, used = 0, done = 0;
    mc_block block = {NULL, 0};
    for (int64_t k = 0; k < model->n_terms; k++) {
        const mc_term *term = &model->terms[k];
        int64_t many = mc_instants_of(term, self->data);
        if (many == 0) {
            return mc_fail(self, MC_WRONG_VALUE, "the loss needs the data %s", self->data[term->column].name);
        }
        for (int j = 0; j < term->n_data && term->column >= 0; j++) {
            if (self->data[term->data[j]].count != many) {
                return mc_fail(self, MC_WRONG_VALUE, "%s and %s must have one length", self->data[term->data[j]].name, self->data[term->column].name);
            }
        }
        count += many;
        values += term->column >= 0 ? many * term->n_data : 0;
    }
    int64_t words = (int64_t)(sizeof(mc_instant) / 8);
    if (!mc_reserve(&run->memory, &block, mc_most(1, count * words)) || !mc_reserve(&run->memory, &run->d, mc_most(1, values)) ||
        !mc_reserve(&run->memory, &run->loss_t, mc_most(1, count)) || !mc_reserve(&run->memory, &run->loss_w, mc_most(1, count)) ||
        !mc_reserve(&run->memory, &run->loss_v, mc_most(1, count)) || !mc_reserve(&run->memory, &run->loss_n, mc_most(1, 2 * count)) ||
        !mc_reserve(&run->memory, &run->stops, count + 1)) {
        mc_release(&run->memory, &block);
        return MC_NO_MEMORY;
    }
    mc_instant *instants = block.values;
    double *loss_t = run->loss_t.values, *loss_w = run->loss_w.values, *loss_v = run->loss_v.values, *stops = run->stops.values;
    int64_t *loss_n = run->loss_n.values, n_stops = 0;
    for (int k = 0; k < (int)model->n_terms; k++) {
        int wrong = mc_instants(self, start, k, instants, done, run->d.values, &used);
        if (wrong) {
            mc_release(&run->memory, &block);
            return wrong;
        }
        done += mc_instants_of(&model->terms[k], self->data);
    }
    qsort(instants, (size_t)count, sizeof *instants, mc_earlier);
    for (int64_t k = 0; k < count; k++) {
        const mc_instant *each = &instants[k];
        loss_t[k] = each->t;
        loss_w[k] = each->weight;
        loss_v[k] = NAN;
        loss_n[2 * k] = each->term;
        loss_n[2 * k + 1] = each->row;
        if (each->t > start->t0) {
            stops[n_stops++] = each->t;
        }
        if (model->terms[each->term].kind != MC_AT_END && each->t > start->not_before) {
            start->not_before = each->t;
        }
    }
    stops[n_stops++] = start->t1;
    start->n_stops = mc_unique(stops, n_stops);
    start->n_losses = count;
    mc_release(&run->memory, &block);
    return MC_OK;
}

/* A run with the model's losses, of which nothing is saved. */
static int mc_run_losses(MC_SELF *self, int record) {
    mc_run *run = &self->run;
    mc_start start;
    if (self->model->with_loss == NULL) {
        return mc_fail(self, MC_NO_LOSS, "the model has no loss: write one in the experiment or in a learning block");
    }
    int wrong = mc_ready(self, &self->with_loss, &start);
    wrong = wrong ? wrong : mc_span(self, &self->with_loss, &start);
    wrong = wrong ? wrong : mc_schedule(self, &start);
    if (wrong) {
        return wrong;
    }
    start.record = record;
    mc_columns(self->model, 0, NULL, run->a.want, run->system->z[MC_N_OBSERVABLES]);
    run->a.stops = run->stops.values;
    if (!mc_prepare(run, &start)) {
        return MC_NO_MEMORY;
    }
    int status = mc_drive_together(run);
    self->loss = run->a.ws[MC_LOSS];
    return mc_told(self, status);
}

static int mc_is_success(int status) {
    return status == MC_DONE || status == MC_STEADY_REACHED;
}

int MC(loss)(MC_SELF *self, double *loss) {
    if (loss == NULL) {
        return mc_nowhere(self);
    }
    int status = mc_run_losses(self, 0);
    *loss = mc_is_success(status) ? self->loss : NAN;
    return status;
}

int MC(gradient)(MC_SELF *self, double *loss) {
    mc_run *run = &self->run;
    int status = mc_run_losses(self, 1);
    if (loss != NULL) {
        *loss = mc_is_success(status) ? self->loss : NAN;
    }
    if (!mc_is_success(status)) {
        return status;
    }
    if (!mc_reverse(run, self->with_loss.y0)) {
        return MC_NO_MEMORY;
    }
    int64_t n = mc_unknowns(run);
    if (n) {
        for (int64_t k = 0; k < n; k++) {
            run->a.x[k] = self->with_loss.given[k] != self->with_loss.given[k] ? run->a.lam[k] : 0.0;
        }
        mc_zero(run->a.w, run->system->z[MC_N_SCRATCH]);
        run->system->functions.initial_pullback(run->a.x, run->a.p, run->a.z, run->a.w, run->a.pb);
    }
    self->has_gradient = 1;
    return status;
}

int MC(derivative)(MC_SELF *self, int64_t index, double *values) {
    if (index < 0 || index >= MC(quantities)()) {
        return mc_fail(self, MC_UNKNOWN_NAME, "there is no quantity number %lld", (long long)index);
    }
    if (!self->has_gradient) {
        return mc_fail(self, MC_NOT_STARTED_YET, "there is no gradient: call gradient first");
    }
    if (values == NULL) {
        return mc_nowhere(self);
    }
    const mc_quantity *own = &self->with_loss.system->quantities[index];
    mc_get_derivative(own, own->kind == MC_PARAMETER ? self->run.a.pb : self->run.a.lam, values);
    return MC_OK;
}

const char *MC(derivative_unit)(int64_t index) {
    return index < 0 || index >= mc_the_model.forward->n_quantities || mc_the_model.with_loss == NULL ? "" : mc_gradient_units[index];
}

int MC(train_step)(MC_SELF *self, double rate, const char *const *names, int64_t count, double *loss) {
    mc_run *run = &self->run;
    for (int64_t k = 0; k < count; k++) {
        const char *name = names == NULL ? NULL : names[k];
        if (MC(find)(name) < 0) {
            return mc_unknown(self, name);
        }
    }
    int status = MC(gradient)(self, loss);
    if (!mc_is_success(status)) {
        return status;
    }
    double *y0 = self->with_loss.y0, *by[2] = {run->a.pb, run->a.lam};
    for (int64_t k = 0; k < count; k++) {
        int64_t index = MC(find)(names[k]);
        const mc_quantity *own = &self->with_loss.system->quantities[index];
        int64_t length = mc_length(own);
        if (!mc_reserve(&run->memory, &run->rows, 2 * length)) {
            return MC_NO_MEMORY;
        }
        double *values = run->rows.values, *slope = values + length;
        mc_get(own, own->kind == MC_PARAMETER ? self->with_loss.p : y0, values);
        mc_get_derivative(own, by[own->kind], slope);
        for (int64_t j = 0; j < length; j++) {
            values[j] -= rate * slope[j];
        }
        int wrong = MC(set_at)(self, index, values, length);
        if (wrong) {
            return wrong;
        }
        self->has_gradient = 1;
    }
    return status;
}

#endif
