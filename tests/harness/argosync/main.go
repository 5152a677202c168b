// Command argosync does what Argo CD's application controller does to one cluster, by the engine
// that Argo CD is made of: it compares applications with what is live, and syncs them. A JSON request
// a line on stdin, a JSON answer a line on stdout.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/client-go/tools/clientcmd"
)

// Manifests of a repository and what was live come in one line.
const longest = 64 << 20

type request struct {
	// compare or sync.
	Command     string      `json:"command"`
	Application application `json:"application"`
}

type failure struct {
	Error string `json:"error"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "argosync:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 2 {
		return fmt.Errorf("usage: argosync KUBECONFIG RESOURCE_CUSTOMIZATIONS")
	}
	config, err := clientcmd.BuildConfigFromFlags("", arguments[0])
	if err != nil {
		return err
	}
	scripts, err := readScripts(arguments[1])
	if err != nil {
		return err
	}
	target, err := connect(config, scripts)
	if err != nil {
		return err
	}
	defer target.close()
	return serve(target, os.Stdin, os.Stdout)
}

func serve(target *cluster, requests io.Reader, answers io.Writer) error {
	lines := bufio.NewScanner(requests)
	lines.Buffer(nil, longest)
	encoder := json.NewEncoder(answers)
	for lines.Scan() {
		if err := encoder.Encode(answer(target, lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(target *cluster, line []byte) any {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return failure{err.Error()}
	}
	act, known := map[string]func(*application) (any, error){
		"compare": func(app *application) (any, error) { return target.report(app) },
		"sync":    func(app *application) (any, error) { return target.sync(app) },
	}[asked.Command]
	if !known {
		return failure{fmt.Sprintf("no command %q", asked.Command)}
	}
	result, err := act(&asked.Application)
	if err != nil {
		return failure{err.Error()}
	}
	return result
}
