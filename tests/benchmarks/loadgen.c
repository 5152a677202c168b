/*
 * A load generator for a server that answers length-framed requests in any order.
 *
 *   loadgen HOST PORT REQUESTS [--connections N] [--depth N] [--rate N] [--seconds S] [--warmup S]
 *           [--writes PERCENT] [--in-order] [--seed N]
 *
 * Closed loop: every connection keeps DEPTH requests in flight. Open loop (--rate): request k is
 * due at start + k / rate whatever happened to those before it, and its latency counts from when it
 * was due; after the end the answers to all that was due are awaited, DRAIN seconds at most.
 *
 * The file of requests is made by loads.py. It knows the protocol; this program knows the length
 * word, where the opaque is in a request and in both forms of an answer's header, and the code.
 * Answers are matched by their opaque; code and body length of each are checked.
 *
 * Latencies go into a histogram of 128 steps per power of two of nanoseconds: what is printed is
 * the upper end of a step, at most 0.8 % too high. One line of JSON is printed.
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "histogram.h"
#include "requests.h"

enum { EVENTS = 256, DIGITS = 10, MAX_SLOTS = 4096, OPEN_SLOTS = 256 };
#define OPAQUE_BASE 0x40000000u /* to 0x7fffffff: ten digits, never negative */
#define SECOND 1000000000ull
#define DRAIN 10

typedef struct {
    uint32_t opaque, request;
    uint64_t since;
} Slot;

typedef struct {
    int fd;
    uint32_t number, free_count, generation;
    bool wants_out;
    Slot *slots;
    uint16_t *free_slots;
    Buffer in, out;
} Connection;

static struct {
    uint64_t connect, closed, lost, unanswered, code, length, opaque;
} errors;

static struct {
    uint32_t connections, depth, writes, seed;
    double rate, seconds, warmup;
    bool in_order;
} options = {64, 1, 0, 1, 0, 1, 0, false};

static Connection *connections;
static Histogram histograms[KINDS];
static uint32_t alive, slots_each;
static uint64_t answered, answered_in_all, in_flight, late, begin_at, end_at, random_state;
static int poller;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static uint32_t below(uint32_t limit) /* xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    uint64_t high = (random_state * 2685821657736338717ull) >> 32;
    return (uint32_t)((high * limit) >> 32);
}

/* Connections */

static void watch(Connection *connection, int operation)
{
    uint32_t events = EPOLLIN | (connection->wants_out ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.u32 = connection->number};
    if (epoll_ctl(poller, operation, connection->fd, &event))
        fail("epoll_ctl");
}

static void lose(Connection *connection)
{
    uint32_t waiting = slots_each - connection->free_count;
    errors.closed++;
    errors.lost += waiting;
    in_flight -= waiting;
    close(connection->fd);
    connection->fd = -1;
    alive--;
}

static void open_connection(Connection *connection, const struct sockaddr_in *address)
{
    int one = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0)
        fail("socket");
    if (connect(connection->fd, (const struct sockaddr *)address, sizeof *address)) {
        errors.connect++;
        close(connection->fd);
        connection->fd = -1;
        return;
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    connection->slots = checked(calloc(slots_each, sizeof(Slot)));
    connection->free_slots = checked(calloc(slots_each, sizeof(uint16_t)));
    while (connection->free_count < slots_each) {
        connection->free_slots[connection->free_count] = (uint16_t)connection->free_count;
        connection->free_count++;
    }
    watch(connection, EPOLL_CTL_ADD);
    alive++;
}

static void open_connections(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail(host);
    poller = epoll_create1(0);
    connections = checked(calloc(options.connections, sizeof *connections));
    for (uint32_t i = 0; i < options.connections; i++) {
        connections[i].number = i;
        open_connection(&connections[i], &address);
    }
}

/* Sending */

static void put_opaque(char *at, uint32_t form, uint32_t opaque)
{
    if (form == BINARY) {
        uint32_t big = htonl(opaque);
        memcpy(at, &big, 4);
        return;
    }
    for (int i = DIGITS - 1; i >= 0; i--) {
        at[i] = (char)('0' + opaque % 10);
        opaque /= 10;
    }
}

static void enqueue(Connection *connection, uint32_t number, uint64_t since)
{
    const Request *request = &requests[number];
    uint16_t index = connection->free_slots[--connection->free_count];
    Slot *slot = &connection->slots[index];
    uint32_t generation = connection->generation++ & 0x3ffff;
    *slot = (Slot){OPAQUE_BASE | generation << 12 | index, number, since};
    char *at = room_for(&connection->out, request->head_size + request->body_size);
    memcpy(at, request->head, request->head_size);
    put_opaque(at + request->opaque_at, request->form, slot->opaque);
    if (request->body_size)
        memcpy(at + request->head_size, request->body, request->body_size);
    connection->out.end += request->head_size + request->body_size;
    in_flight++;
}

static void flush(Connection *connection)
{
    Buffer *out = &connection->out;
    while (out->begin < out->end) {
        ssize_t sent = send(connection->fd, out->data + out->begin, out->end - out->begin,
                            MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            lose(connection);
            return;
        }
        out->begin += (size_t)sent;
    }
    if (connection->wants_out != (out->begin < out->end)) {
        connection->wants_out = !connection->wants_out;
        watch(connection, EPOLL_CTL_MOD);
    }
}

static uint32_t choose(const Connection *connection)
{
    bool write = kind_count[LOOKUP] == 0 || (options.writes && below(100) < options.writes);
    if (write && kind_count[REGISTRATION])
        return of_kind[REGISTRATION][connection->number % kind_count[REGISTRATION]];
    return of_kind[LOOKUP][below(kind_count[LOOKUP])];
}

static void refill(Connection *connection, uint64_t time)
{
    while (connection->free_count > 0)
        enqueue(connection, choose(connection), time);
    flush(connection);
}

/* Receiving */

static bool number_after(const char *header, size_t size, const char *name, uint32_t *value)
{
    size_t length = strlen(name);
    const char *found = memmem(header, size, name, length), *end = header + size;
    if (!found)
        return false;
    *value = 0;
    for (found += length; found < end && *found >= '0' && *found <= '9'; found++)
        *value = *value * 10 + (uint32_t)(*found - '0');
    return true;
}

static bool read_header(const char *header, size_t size, int form, uint32_t *code, uint32_t *opaque)
{
    if (form == TEXT)
        return number_after(header, size, "\"code\":", code) &&
               number_after(header, size, "\"opaque\":", opaque);
    if (size < 9)
        return false;
    *code = (uint32_t)(unsigned char)header[0] << 8 | (unsigned char)header[1];
    memcpy(opaque, header + 5, 4);
    *opaque = ntohl(*opaque);
    return true;
}

static void take(Connection *connection, const char *frame, uint32_t size, uint64_t time)
{
    uint32_t header_word, code, opaque = 0;
    memcpy(&header_word, frame, 4);
    uint32_t header_size = ntohl(header_word) & 0xffffff, index;
    bool readable = header_size + 4 <= size &&
                    read_header(frame + 4, header_size, frame[0], &code, &opaque);
    index = opaque & 0xfff;
    if (!readable || index >= slots_each || connection->slots[index].opaque != opaque) {
        errors.opaque++;
        return;
    }
    Slot *slot = &connection->slots[index];
    const Request *request = &requests[slot->request];
    slot->opaque = 0;
    connection->free_slots[connection->free_count++] = (uint16_t)index;
    in_flight--;
    answered_in_all++;
    uint64_t moment = options.rate > 0 ? slot->since : time;
    if (moment < begin_at || moment >= end_at)
        return;
    answered++;
    errors.code += code != 0;
    errors.length += request->expected != ANY_LENGTH && request->expected != size - 4 - header_size;
    note(&histograms[request->kind], time - slot->since);
}

static void take_frames(Connection *connection, uint64_t time)
{
    Buffer *in = &connection->in;
    while (in->end - in->begin >= 8) {
        uint32_t size;
        memcpy(&size, in->data + in->begin, 4);
        size = ntohl(size);
        if (in->end - in->begin < 4 + (size_t)size) {
            room_for(in, 4 + (size_t)size);
            return;
        }
        take(connection, in->data + in->begin + 4, size, time);
        in->begin += 4 + size;
    }
}

static void receive(Connection *connection)
{
    enum { PIECE = 64 * 1024 };
    char *at = room_for(&connection->in, PIECE);
    size_t room = connection->in.room - connection->in.end;
    ssize_t got = recv(connection->fd, at, room, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        lose(connection);
        return;
    }
    connection->in.end += (size_t)got;
    uint64_t time = now();
    take_frames(connection, time);
    if (options.rate <= 0 && time < end_at)
        refill(connection, time);
}

/* The loops */

static void serve(uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t time = now(), wait = until > time ? until - time : 0;
    struct timespec timeout = {(time_t)(wait / SECOND), (long)(wait % SECOND)};
    int ready = epoll_pwait2(poller, events, EVENTS, &timeout, NULL);
    for (int i = 0; i < ready; i++) {
        Connection *connection = &connections[events[i].data.u32];
        if (connection->fd >= 0 && events[i].events & EPOLLOUT)
            flush(connection);
        if (connection->fd >= 0 && events[i].events & ~(uint32_t)EPOLLOUT)
            receive(connection);
    }
}

static void closed_loop(void)
{
    for (uint32_t i = 0; i < options.connections; i++)
        if (connections[i].fd >= 0)
            refill(&connections[i], now());
    while (alive && now() < end_at)
        serve(end_at);
}

static Connection *with_room(uint64_t turn)
{
    for (uint32_t i = 0; i < options.connections; i++) {
        Connection *connection = &connections[(turn + i) % options.connections];
        if (connection->fd >= 0 && connection->free_count > 0)
            return connection;
        if (options.in_order)
            return NULL;
    }
    return NULL;
}

static bool send_due(uint64_t turn, uint64_t due, uint64_t time)
{
    Connection *connection = with_room(turn);
    if (!connection)
        return false;
    enqueue(connection, options.in_order ? (uint32_t)(turn % request_count) : choose(connection),
            due);
    late += time - due > SECOND / 1000 && due >= begin_at;
    flush(connection);
    return true;
}

static void open_loop(uint64_t start)
{
    double interval = (double)SECOND / options.rate;
    uint64_t turn = 0, due = start, give_up = end_at + DRAIN * SECOND;
    while (alive && now() < give_up && (due < end_at || in_flight)) {
        uint64_t time = now();
        bool room = true;
        while (due < end_at && due <= time && (room = send_due(turn, due, time)))
            due = start + (uint64_t)((double)++turn * interval);
        serve(room && due < end_at ? due : give_up);
    }
    for (; due < end_at; due = start + (uint64_t)((double)++turn * interval))
        errors.unanswered++;
    errors.unanswered += in_flight;
}

static void run(void)
{
    uint64_t start = now();
    begin_at = start + (uint64_t)(options.warmup * 1e9);
    end_at = begin_at + (uint64_t)(options.seconds * 1e9);
    if (options.rate > 0)
        open_loop(start);
    else
        closed_loop();
}

/* Command line and report */

static void print_latencies(const char *name, const Histogram *histogram)
{
    printf(", \"%s\": {\"count\": %llu, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
           "\"p99_9\": %.1f, \"max\": %.1f}",
           name, (unsigned long long)histogram->total, percentile_us(histogram, 0.5),
           percentile_us(histogram, 0.9), percentile_us(histogram, 0.99),
           percentile_us(histogram, 0.999), (double)histogram->max / 1e3);
}

static void print_error(const char *name, uint64_t count, const char *before)
{
    printf("%s\"%s\": %llu", before, name, (unsigned long long)count);
}

static void report(double wall, double cpu)
{
    printf("{\"requests\": %llu, \"seconds\": %.6f, \"rate\": %.1f, \"answered_in_all\": %llu, "
           "\"wall_seconds\": %.6f, \"cpu_seconds\": %.6f, \"late\": %llu",
           (unsigned long long)answered, options.seconds, (double)answered / options.seconds,
           (unsigned long long)answered_in_all, wall, cpu, (unsigned long long)late);
    print_error("connect", errors.connect, ", \"errors\": {");
    print_error("closed", errors.closed, ", ");
    print_error("lost", errors.lost, ", ");
    print_error("unanswered", errors.unanswered, ", ");
    print_error("code", errors.code, ", ");
    print_error("length", errors.length, ", ");
    print_error("opaque", errors.opaque, ", ");
    printf("}");
    print_latencies("lookups_us", &histograms[LOOKUP]);
    print_latencies("registrations_us", &histograms[REGISTRATION]);
    printf("}\n");
}

static void read_options(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        const char *name = words[i], *value = i + 1 < count ? words[i + 1] : "0";
        if (!strcmp(name, "--in-order")) {
            options.in_order = true;
            continue;
        }
        if (!strcmp(name, "--connections"))
            options.connections = (uint32_t)atoi(value);
        else if (!strcmp(name, "--depth"))
            options.depth = (uint32_t)atoi(value);
        else if (!strcmp(name, "--writes"))
            options.writes = (uint32_t)atoi(value);
        else if (!strcmp(name, "--seed"))
            options.seed = (uint32_t)atoi(value);
        else if (!strcmp(name, "--rate"))
            options.rate = atof(value);
        else if (!strcmp(name, "--seconds"))
            options.seconds = atof(value);
        else if (!strcmp(name, "--warmup"))
            options.warmup = atof(value);
        else
            fail(name);
        i++;
    }
}

int main(int count, char **words)
{
    if (count < 4) {
        fprintf(stderr, "usage: loadgen HOST PORT REQUESTS [options]; see loadgen.c\n");
        return 2;
    }
    read_options(count - 4, words + 4);
    slots_each = options.rate > 0 ? OPEN_SLOTS : options.depth;
    if (slots_each == 0 || slots_each > MAX_SLOTS || options.connections == 0)
        fail("--depth or --connections");
    random_state = options.seed * 0x9e3779b97f4a7c15ull + 1;
    prctl(PR_SET_TIMERSLACK, 1);
    read_requests(words[3]);
    open_connections(words[1], words[2]);
    uint64_t start = now();
    double used = cpu_seconds();
    run();
    report((double)(now() - start) / 1e9, cpu_seconds() - used);
    return 0;
}
