/*
 * The physical limit: a server that answers every request with the same bytes.
 *
 *   echo HOST PORT ANSWER [--delay-us N] [--every N] [--close-after N]
 *
 * ANSWER is a file: where the opaque stands in it (a native 32-bit word), then a whole frame whose
 * header has the form of the requests'. The request's opaque is copied in, nothing else is read.
 * For tests: every Nth answer comes after a delay that stops the whole server, and the connection
 * of the Nth request in all is closed in place of its answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"

enum { EVENTS = 256, DIGITS = 10, BINARY_AT = 13, MAX_FDS = 65536, PIECE = 64 * 1024 };

typedef struct {
    Buffer in, out;
    bool wants_out;
} Connection;

static Connection *connections[MAX_FDS];
static char *answer;
static size_t answer_size, opaque_at;
static uint64_t delay_ns, every = 1, close_after, answered;
static int poller;

static void watch(int fd, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event))
        fail("epoll_ctl");
}

static void end_connection(int fd)
{
    Connection *connection = connections[fd];
    free(connection->in.data);
    free(connection->out.data);
    free(connection);
    connections[fd] = NULL;
    close(fd);
}

static void pause_sometimes(void)
{
    struct timespec pause = {(time_t)(delay_ns / 1000000000), (long)(delay_ns % 1000000000)};
    if (delay_ns && answered % every == 0)
        nanosleep(&pause, NULL);
}

static void put_answer(Buffer *out, const char *frame, size_t size)
{
    char *at = room_for(out, answer_size);
    memcpy(at, answer, answer_size);
    if (answer[4]) {
        memcpy(at + opaque_at, frame + BINARY_AT, 4);
    } else {
        const char *found = memmem(frame, size, "\"opaque\":", 9);
        if (found)
            memcpy(at + opaque_at, found + 9, DIGITS);
    }
    out->end += answer_size;
}

/* Whether the connection may go on. */
static bool answer_frames(Connection *connection)
{
    Buffer *in = &connection->in;
    while (in->end - in->begin >= 8) {
        uint32_t size;
        memcpy(&size, in->data + in->begin, 4);
        size = ntohl(size);
        if (in->end - in->begin < 4 + (size_t)size) {
            room_for(in, 4 + (size_t)size);
            break;
        }
        if (++answered == close_after)
            return false;
        pause_sometimes();
        put_answer(&connection->out, in->data + in->begin, 4 + size);
        in->begin += 4 + size;
    }
    return true;
}

static void flush(int fd)
{
    Connection *connection = connections[fd];
    Buffer *out = &connection->out;
    while (out->begin < out->end) {
        ssize_t sent = send(fd, out->data + out->begin, out->end - out->begin, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            end_connection(fd);
            return;
        }
        out->begin += (size_t)sent;
    }
    bool wants = out->begin < out->end;
    if (wants != connection->wants_out) {
        connection->wants_out = wants;
        watch(fd, EPOLLIN | (wants ? (uint32_t)EPOLLOUT : 0), EPOLL_CTL_MOD);
    }
}

static void receive(int fd)
{
    Buffer *in = &connections[fd]->in;
    char *at = room_for(in, PIECE);
    ssize_t got = recv(fd, at, in->room - in->end, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got > 0) {
        in->end += (size_t)got;
        if (answer_frames(connections[fd])) {
            flush(fd);
            return;
        }
    }
    end_connection(fd);
}

static void accept_one(int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (fd >= MAX_FDS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = checked(calloc(1, sizeof(Connection)));
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

static int listen_at(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024))
        fail(host);
    return fd;
}

static void read_answer(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint32_t at;
    if (!file || fseek(file, 0, SEEK_END))
        fail(path);
    answer_size = (size_t)ftell(file) - sizeof at;
    answer = malloc(answer_size);
    rewind(file);
    if (!answer || fread(&at, sizeof at, 1, file) != 1 ||
        fread(answer, 1, answer_size, file) != answer_size)
        fail(path);
    opaque_at = at;
    fclose(file);
}

static void serve(int listener)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
        int fd = events[i].data.fd;
        if (fd == listener)
            accept_one(listener);
        if (connections[fd] && events[i].events & EPOLLOUT)
            flush(fd);
        if (connections[fd] && events[i].events & ~(uint32_t)EPOLLOUT)
            receive(fd);
    }
}

int main(int count, char **words)
{
    if (count < 4) {
        fprintf(stderr, "usage: echo HOST PORT ANSWER [options]; see echo.c\n");
        return 2;
    }
    for (int i = 4; i + 1 < count; i += 2) {
        uint64_t value = strtoull(words[i + 1], NULL, 10);
        if (!strcmp(words[i], "--delay-us"))
            delay_ns = value * 1000;
        else if (!strcmp(words[i], "--every"))
            every = value;
        else if (!strcmp(words[i], "--close-after"))
            close_after = value;
    }
    read_answer(words[3]);
    poller = epoll_create1(0);
    int listener = listen_at(words[1], words[2]);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    for (;;)
        serve(listener);
}
