// Produces or consumes numbered messages with the Go client of Apache RocketMQ and prints one line
// of JSON with what happened.
//
// Usage: goclient produce|push|pull key=value...; exit code 0 if all of it was done in time.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

type options struct {
	namesrv  []string
	topic    string
	group    string
	count    int
	pause    time.Duration
	deadline time.Time
}

type produced struct {
	Sent      int    `json:"sent"`
	Failed    int    `json:"failed"`
	LastError string `json:"lastError"`
}

// received counts messages in all, and different ones by their bodies.
type received struct {
	lock   sync.Mutex
	bodies map[string]bool
	count  int
}

func main() {
	work := map[string]func(options) (bool, error){"produce": produce, "push": push, "pull": pull}
	asked, err := read(os.Args[2:])
	all := false
	if err == nil {
		all, err = work[os.Args[1]](asked)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if !all {
		os.Exit(1)
	}
}

func produce(asked options) (bool, error) {
	client, err := rocketmq.NewProducer(
		producer.WithNsResolver(primitive.NewPassthroughResolver(asked.namesrv)),
		producer.WithGroupName(asked.group),
	)
	if err != nil {
		return false, err
	}
	if err := client.Start(); err != nil {
		return false, err
	}
	var told produced
	for told.Sent < asked.count && time.Now().Before(asked.deadline) {
		message := primitive.NewMessage(asked.topic, []byte(strconv.Itoa(told.Sent)))
		result, err := client.SendSync(context.Background(), message)
		if err == nil && result.Status == primitive.SendOK {
			told.Sent++
			time.Sleep(asked.pause)
			continue
		}
		told.Failed++
		told.LastError = fmt.Sprint(result, err)
		time.Sleep(200 * time.Millisecond)
	}
	return told.Sent == asked.count, finish(client.Shutdown(), told)
}

func push(asked options) (bool, error) {
	client, err := rocketmq.NewPushConsumer(settings(asked)...)
	if err != nil {
		return false, err
	}
	got, done := &received{bodies: map[string]bool{}}, make(chan struct{}, 1)
	listen := func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		if got.add(messages) >= asked.count {
			select {
			case done <- struct{}{}:
			default:
			}
		}
		return consumer.ConsumeSuccess, nil
	}
	if err := client.Subscribe(asked.topic, consumer.MessageSelector{}, listen); err != nil {
		return false, err
	}
	if err := client.Start(); err != nil {
		return false, err
	}
	select {
	case <-done:
	case <-time.After(time.Until(asked.deadline)):
	}
	return got.distinct() >= asked.count, finish(client.Shutdown(), got.told())
}

func pull(asked options) (bool, error) {
	client, err := rocketmq.NewPullConsumer(settings(asked)...)
	if err != nil {
		return false, err
	}
	if err := client.Subscribe(asked.topic, consumer.MessageSelector{}); err != nil {
		return false, err
	}
	if err := client.Start(); err != nil {
		return false, err
	}
	got := &received{bodies: map[string]bool{}}
	for got.distinct() < asked.count && time.Now().Before(asked.deadline) {
		request, err := client.Poll(context.Background(), time.Second)
		if consumer.IsNoNewMsgError(err) {
			continue
		}
		if err != nil {
			return false, err
		}
		got.add(request.GetMsgList())
		client.ACK(context.Background(), request, consumer.ConsumeSuccess)
	}
	return got.distinct() >= asked.count, finish(client.Shutdown(), got.told())
}

func settings(asked options) []consumer.Option {
	return []consumer.Option{
		consumer.WithNsResolver(primitive.NewPassthroughResolver(asked.namesrv)),
		consumer.WithGroupName(asked.group),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}
}

func (got *received) add(messages []*primitive.MessageExt) int {
	got.lock.Lock()
	defer got.lock.Unlock()
	for _, message := range messages {
		got.bodies[string(message.Body)] = true
		got.count++
	}
	return len(got.bodies)
}

func (got *received) distinct() int { return got.add(nil) }

func (got *received) told() map[string]int {
	distinct := got.distinct()
	return map[string]int{"received": got.count, "distinct": distinct}
}

func finish(shutdown error, told any) error {
	if shutdown != nil {
		return shutdown
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func read(words []string) (options, error) {
	given := map[string]string{}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		given[key] = value
	}
	numbers := map[string]int{}
	for _, key := range []string{"count", "deadline", "pause"} {
		number, err := strconv.Atoi(given[key])
		if err != nil {
			return options{}, fmt.Errorf("%s is no number: %q", key, given[key])
		}
		numbers[key] = number
	}
	return options{
		namesrv:  strings.Split(given["namesrv"], ";"),
		topic:    given["topic"],
		group:    given["group"],
		count:    numbers["count"],
		pause:    time.Duration(numbers["pause"]) * time.Millisecond,
		deadline: time.Now().Add(time.Duration(numbers["deadline"]) * time.Second),
	}, nil
}
