// Command lua runs scripts as Argo CD does. A JSON array of {script, object} on stdin, a JSON array of
// what the scripts return on stdout.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"rocketmq-operator/harness/lua/script"
)

type task struct {
	Script string `json:"script"`
	Object any    `json:"object"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lua:", err)
		os.Exit(1)
	}
}

func run() error {
	var tasks []task
	if err := json.NewDecoder(os.Stdin).Decode(&tasks); err != nil {
		return err
	}
	results := make([]any, 0, len(tasks))
	for _, each := range tasks {
		result, err := script.Run(each.Script, each.Object)
		if err != nil {
			return err
		}
		results = append(results, result)
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}
