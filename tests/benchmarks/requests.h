/* The requests that a load generator sends, from a file whose form loads.py tells. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "buffer.h"

enum { LOOKUP, REGISTRATION, KINDS };
enum { TEXT, BINARY };
#define ANY_LENGTH UINT32_MAX

typedef struct {
    uint32_t kind, form, opaque_at, expected, head_size, body_size;
    const char *head, *body;
} Request;

static Request *requests;
static uint32_t request_count, *of_kind[KINDS], kind_count[KINDS];

static uint32_t word(const char **at)
{
    uint32_t value;
    memcpy(&value, *at, 4);
    *at += 4;
    return value;
}

static char *whole_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        fail(path);
    long size = ftell(file);
    rewind(file);
    char *data = checked(malloc((size_t)size + 1));
    if (fread(data, 1, (size_t)size, file) != (size_t)size)
        fail(path);
    fclose(file);
    return data;
}

static Request read_request(const char **at, const char *const *bodies, const uint32_t *sizes)
{
    Request request = {.kind = word(at), .form = word(at)};
    request.opaque_at = word(at);
    request.expected = word(at);
    uint32_t body = word(at);
    request.head_size = word(at);
    request.head = *at;
    *at += request.head_size;
    if (body != UINT32_MAX) {
        request.body = bodies[body];
        request.body_size = sizes[body];
    }
    return request;
}

static void read_requests(const char *path)
{
    const char *at = whole_file(path);
    uint32_t count = word(&at);
    const char **bodies = checked(calloc(count + 1, sizeof *bodies));
    uint32_t *sizes = checked(calloc(count + 1, sizeof *sizes));
    for (uint32_t i = 0; i < count; i++) {
        sizes[i] = word(&at);
        bodies[i] = at;
        at += sizes[i];
    }
    request_count = word(&at);
    requests = checked(calloc(request_count + 1, sizeof *requests));
    for (int kind = 0; kind < KINDS; kind++)
        of_kind[kind] = checked(calloc(request_count + 1, sizeof(uint32_t)));
    for (uint32_t i = 0; i < request_count; i++) {
        requests[i] = read_request(&at, bodies, sizes);
        uint32_t kind = requests[i].kind;
        of_kind[kind][kind_count[kind]++] = i;
    }
}
