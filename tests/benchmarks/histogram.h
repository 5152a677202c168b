/* Counts of nanoseconds in 128 steps per power of two: percentiles are at most 0.8 % too high. */
#pragma once

#include <stdint.h>

enum { STEPS = 128, STEP_BITS = 7 };

typedef struct {
    uint64_t counts[64 * STEPS], total, max;
} Histogram;

static uint32_t step_of(uint64_t value)
{
    if (value < STEPS)
        return (uint32_t)value;
    uint32_t shift = (uint32_t)(63 - __builtin_clzll(value)) - STEP_BITS;
    return (shift + 1) * STEPS + (uint32_t)((value >> shift) - STEPS);
}

static uint64_t upper_end(uint32_t step)
{
    if (step < STEPS)
        return step;
    uint32_t shift = step / STEPS - 1;
    return (((uint64_t)(step % STEPS) + STEPS + 1) << shift) - 1;
}

static void note(Histogram *histogram, uint64_t value)
{
    histogram->counts[step_of(value)]++;
    histogram->total++;
    if (value > histogram->max)
        histogram->max = value;
}

static double percentile_us(const Histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)(share * (double)histogram->total + 0.999999), seen = 0;
    for (uint32_t step = 0; step < 64 * STEPS; step++) {
        seen += histogram->counts[step];
        if (seen >= rank && seen > 0) {
            uint64_t value = upper_end(step);
            return (double)(value < histogram->max ? value : histogram->max) / 1e3;
        }
    }
    return 0;
}
