/* Bytes that wait to be sent or to become a frame; and the end of a program that cannot go on. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *data;
    size_t begin, end, room;
} Buffer;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

static void *checked(void *memory)
{
    if (!memory)
        fail("memory");
    return memory;
}

static char *room_for(Buffer *buffer, size_t more)
{
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
    if (buffer->room - buffer->end < more && buffer->begin > 0) {
        memmove(buffer->data, buffer->data + buffer->begin, buffer->end - buffer->begin);
        buffer->end -= buffer->begin;
        buffer->begin = 0;
    }
    if (buffer->room - buffer->end < more) {
        buffer->room = 2 * (buffer->end + more);
        buffer->data = checked(realloc(buffer->data, buffer->room));
    }
    return buffer->data + buffer->end;
}
